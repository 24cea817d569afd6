// What an audit of a host is worth later. A process reads its settings when it starts, and what it says itself is from now: so
// an audit tells nothing of a process that has started since. Its files are another matter: they did not start anew.

import { millisecondsOf } from '../decision/timestamp.ts';
import type { ControlMetadata } from '../control.ts';
import type { Finding } from '../finding.ts';
import type { Violation } from '../outcome.ts';

/** What an agent found on a host. */
export interface Audit {
  readonly findings: readonly Finding[];
  /** When, RFC 3339 in UTC. */
  readonly at: string;
}

/**
 * The findings of an audit without those that were of a process before its restart.
 *
 * @param startedAt since when a process is known to run, RFC 3339; undefined where that is not known
 * @param seen what else shows these processes, under the same names
 */
export function stillTold(
  { findings, at }: Audit,
  startedAt: (finding: Finding) => string | undefined,
  seen: readonly Finding[],
): Finding[] {
  return findings.map((finding) => {
    const alike = seen.filter((other) => isAlike(other, finding) && other.outcome.result !== 'unknown');
    const start = startedAt(finding);
    if (start !== undefined && (millisecondsOf(start) ?? 0) > (millisecondsOf(at) ?? 0)) {
      const isSame = isOfFiles(finding) && alike.every((other) => sameValues(other, finding));
      return isSame ? withoutNext(finding) : outdated(finding, at, `it runs since ${start}`);
    }
    const said = alike.filter(({ vantage }) => vantage === 'live');
    const isRefuted = said.length > 0 && said.every((other) => refutes(other, finding));
    return isRefuted ? outdated(finding, at, 'it says something else now') : finding;
  });
}

/**
 * Tells whether a process shows by what it says that it is not the one that was looked at. Of what is in the files that it
 * names it says nothing.
 */
function refutes(said: Finding, audited: Finding): boolean {
  if (audited.outcome.result === 'unknown') return false;
  if (!sameValues(said, audited)) return true;
  return said.outcome.result !== audited.outcome.result && !(said.outcome.result === 'pass' && isOfFiles(audited));
}

function isOfFiles({ control, outcome }: Finding): boolean {
  return outcome.result === 'fail' && areOfFiles(control, outcome.violations);
}

/** Tells whether nothing but what is in certificate files is wrong. */
export function areOfFiles({ fileCodes }: ControlMetadata, violations: readonly Violation[]): boolean {
  return violations.every(({ code }) => fileCodes?.has(code) === true);
}

/** Two views of one process show the same value of the same setting. */
export function sameValues(a: Finding, b: Finding): boolean {
  const known = new Map(a.evidence.map(({ setting, value }) => [setting, value]));
  return b.evidence.every(({ setting, value }) => (known.get(setting) ?? value) === value);
}

function isAlike(a: Finding, b: Finding): boolean {
  const [first, second] = [a, b].map(({ control, subject: { component, kind, namespace, name } }) =>
    [control.slug, component, kind, namespace, name].join('|'),
  );
  return first === second;
}

/** What came with the next start has come. */
function withoutNext({ others: _others, drift: _drift, ...finding }: Finding): Finding {
  return finding;
}

function outdated(finding: Finding, at: string, reason: string): Finding {
  const message = `it was ${finding.outcome.result} when its host was audited at ${at}, before its restart: ${reason}; wait for the next audit`;
  return {
    ...withoutNext(finding),
    outcome: { result: 'unknown', problems: [{ code: 'outdated', message }], warnings: [] },
    evidence: [],
  };
}
