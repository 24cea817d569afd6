// Reads a stored report as a baseline.

import { isRecord, type UnknownRecord } from '../../json.ts';
import type { Baseline, BaselineFinding } from './baseline.ts';
import type { GuardReport } from '../../outputs/guard-report.ts';

const API_VERSION: GuardReport['apiVersion'] = 'kubelet-guard.dev/v1alpha1';
const RESULTS: readonly unknown[] = ['pass', 'fail', 'unknown'];
const HOW_TO_WRITE = 'write it with check --write-baseline';

/**
 * Reads a stored GuardReport as a baseline. The run must be complete: what an incomplete run did not see would count as new,
 * or as fixed.
 *
 * @returns the baseline, or what is wrong with the file, as words that follow its name
 */
export function readBaseline(text: string): Baseline | { readonly fault: string } {
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch {
    return { fault: `is not JSON; ${HOW_TO_WRITE}` };
  }
  const fault = faultOf(report);
  // every part that is compared is checked
  return fault === undefined ? (report as Baseline) : { fault: `${fault}; ${HOW_TO_WRITE}` };
}

function faultOf(report: unknown): string | undefined {
  if (!isRecord(report) || report.kind !== 'GuardReport') return 'is not a GuardReport';
  const { apiVersion, run, findings } = report;
  if (apiVersion !== API_VERSION) return `has another apiVersion than ${API_VERSION}`;
  if (!isRecord(run) || !areTexts(run, ['id', 'finishedAt'])) return 'has no run with an id and a finishedAt';
  if (run.complete !== true) return 'is the report of an incomplete run, which cannot be a baseline';
  if (run.selection !== undefined) return 'shows only a selection of what was checked';
  if (run.baseline !== undefined) return 'shows only what was worse than another baseline';
  if (!Array.isArray(findings)) return 'has no findings';
  const wrong = findings.findIndex((finding) => !isFinding(finding));
  return wrong === -1 ? undefined : `has a finding in the wrong format (/findings/${wrong})`;
}

function isFinding(value: unknown): value is BaselineFinding {
  if (!isRecord(value)) return false;
  const { control, result, subject, source, violations, exempted } = value;
  return (
    typeof control === 'string' &&
    RESULTS.includes(result) &&
    isRecord(subject) &&
    areTexts(subject, ['component', 'name'], ['namespace', 'kind', 'node', 'container']) &&
    isSource(source) &&
    Array.isArray(violations) &&
    violations.every((violation) => isRecord(violation) && areTexts(violation, ['code', 'setting'])) &&
    // a fail without a violation would let none be new, a pass with one would be both
    (result === 'fail') === violations.length > 0 &&
    (exempted === undefined || isRecord(exempted))
  );
}

function isSource(value: unknown): boolean {
  if (!isRecord(value)) return false;
  return areTexts(value, ['path']) || areTexts(value, ['object']) || areTexts(value, ['node', 'via']);
}

function areTexts(value: UnknownRecord, needed: readonly string[], optional: readonly string[] = []): boolean {
  return (
    needed.every((key) => typeof value[key] === 'string') &&
    optional.every((key) => value[key] === undefined || typeof value[key] === 'string')
  );
}
