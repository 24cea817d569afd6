// What a result of a report stores of its finding, so that a later run can compare with it.

import { asRecord, parseJson, type UnknownRecord } from '../../json.ts';
import type { StoredFinding } from '../../policy/decision/drift.ts';
import { isFindingKey, type FindingKey } from '../../policy/finding-key.ts';
import type { OutcomeSummary } from '../../policy/decision/worse.ts';
import { timestampOf } from '../../policy/timestamp.ts';

/** The longest text that is written or read back; see the limits of policy/decision/drift.ts. */
const LONGEST = 16_384;

/** Writes it as one line of compact JSON; undefined if that is too long to be read back. */
export function record(
  key: FindingKey,
  { result, violations, since, decided, disagrees, disagreed, exempted }: StoredFinding,
): string | undefined {
  const text = JSON.stringify({
    key,
    result,
    since,
    ...(violations.length > 0 && { violations: violations.map(({ code, setting }) => [code, setting]) }),
    ...(decided && {
      decided: { ...decided, violations: decided.violations.map(({ code, setting }) => [code, setting]) },
    }),
    ...(disagrees && { disagrees }),
    ...(disagreed && { disagreed }),
    ...(exempted && { exempted }),
  });
  return text.length > LONGEST ? undefined : text;
}

/** Reads it back. It never throws; undefined if the text is not in the form that `record` writes. */
export function recall(text: string): { readonly key: FindingKey; readonly remembered: StoredFinding } | undefined {
  if (text.length > LONGEST) return undefined;
  const { key, decided, disagrees, disagreed, exempted, ...rest } = asRecord(parseJson(text));
  const now = read(rest);
  if (typeof key !== 'string' || !isFindingKey(key) || now === undefined) return undefined;
  const last = decided === undefined ? undefined : read(asRecord(decided));
  if (decided !== undefined && (last === undefined || last.result === 'unknown' || now.result !== 'unknown')) {
    return undefined;
  }
  const remembered = {
    ...now,
    ...(last && { decided: last }),
    ...(disagrees === true && { disagrees: true as const }),
    ...(disagreed === true && { disagreed: true as const }),
    ...(exempted === true && { exempted: true as const }),
  };
  return { key, remembered };
}

function read({
  result,
  since,
  violations = [],
}: UnknownRecord): (OutcomeSummary & { readonly since: string }) | undefined {
  if (result !== 'pass' && result !== 'fail' && result !== 'unknown') return undefined;
  if (typeof since !== 'string' || timestampOf(since) === undefined) return undefined;
  if (!Array.isArray(violations) || (violations.length > 0 && result !== 'fail')) return undefined;
  const pairs = violations.map((item: unknown) => {
    const [code, setting] = Array.isArray(item) ? (item as readonly unknown[]) : [];
    return typeof code === 'string' && typeof setting === 'string' ? { code, setting } : undefined;
  });
  return pairs.includes(undefined)
    ? undefined
    : { result, violations: pairs.filter((pair) => pair !== undefined), since };
}

/** Whether nothing is stored, or what is stored passes. */
export function isPass(stored: StoredFinding | undefined): boolean {
  return stored === undefined || stored.result === 'pass';
}
