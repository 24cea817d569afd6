// Which findings of a node audit still hold when they are read. A process reads its settings when it starts, so the findings
// about a process that has restarted since the audit are outdated. Findings about the content of its files are not.

import { millisecondsOf } from '../timestamp.ts';
import type { ControlMetadata } from '../control.ts';
import type { Finding } from '../finding.ts';
import type { Violation } from '../outcome.ts';

/** The findings of a node agent about its host. */
export interface NodeAudit {
  readonly findings: readonly Finding[];
  /** The time of the audit, RFC 3339 in UTC. */
  readonly at: string;
}

/**
 * Makes the outdated findings of an audit `unknown` and keeps all others.
 *
 * @param startedAt since when the finding's process runs, RFC 3339; undefined if that is not known
 * @param live findings about the same processes from other evidence, with the same subjects
 * @param mayHaveRestarted why a restart of the finding's process since the audit would not be seen; undefined if it would be. The
 *   finding then proves no pass, unless the process itself shows the same settings
 */
export function markOutdated(
  { findings, at }: NodeAudit,
  startedAt: (finding: Finding) => string | undefined,
  live: readonly Finding[],
  mayHaveRestarted: (finding: Finding) => string | undefined = () => undefined,
): Finding[] {
  return findings.map((finding) => {
    const decided = live.filter((other) => isAboutSame(other, finding) && other.outcome.result !== 'unknown');
    const start = startedAt(finding);
    if (start !== undefined && (millisecondsOf(start) ?? 0) > (millisecondsOf(at) ?? 0)) {
      const isUnchanged = isFileFault(finding) && decided.every((other) => haveSameValues(other, finding));
      return isUnchanged
        ? withoutNextStart(finding)
        : outdated(finding, at, `the process started at ${start}; ${WAIT}`);
    }
    const answers = decided.filter(({ vantage }) => vantage === 'live');
    const isRefuted = answers.length > 0 && answers.every((answer) => refutes(answer, finding));
    if (isRefuted) return outdated(finding, at, `the process shows other settings now; ${WAIT}`);
    const unseen = answers.length === 0 && finding.outcome.result === 'pass' ? mayHaveRestarted(finding) : undefined;
    return unseen === undefined ? finding : outdated(finding, at, unseen);
  });
}

/**
 * Tells whether the answer of a process shows that it is not the process that was audited. An answer does not show what is
 * in the files that it names.
 */
function refutes(answer: Finding, audited: Finding): boolean {
  if (audited.outcome.result === 'unknown') return false;
  if (!haveSameValues(answer, audited)) return true;
  return (
    answer.outcome.result !== audited.outcome.result && !(answer.outcome.result === 'pass' && isFileFault(audited))
  );
}

function isFileFault({ control, outcome }: Finding): boolean {
  return outcome.result === 'fail' && areFileFaults(control, outcome.violations);
}

/** Tells whether all violations are faults inside certificate files. */
export function areFileFaults({ fileCodes }: ControlMetadata, violations: readonly Violation[]): boolean {
  return violations.every(({ code }) => fileCodes?.has(code) === true);
}

/** Tells whether two findings show the same value for each setting that both show. */
export function haveSameValues(a: Finding, b: Finding): boolean {
  const known = new Map(a.evidence.map(({ setting, value }) => [setting, value]));
  return b.evidence.every(({ setting, value }) => (known.get(setting) ?? value) === value);
}

/** Compares control and subject, but not the container: other evidence does not show it. */
function isAboutSame(a: Finding, b: Finding): boolean {
  const [one, other] = [a.subject, b.subject];
  return (
    a.control.slug === b.control.slug &&
    one.component === other.component &&
    one.name === other.name &&
    (one.kind ?? '') === (other.kind ?? '') &&
    (one.namespace ?? '') === (other.namespace ?? '')
  );
}

/** The process has restarted since: what was pending for its next start holds now. */
function withoutNextStart({ others: _others, drift: _drift, ...finding }: Finding): Finding {
  return finding;
}

const WAIT = 'wait for the next audit';

function outdated(finding: Finding, at: string, reason: string): Finding {
  const message = `the node audit of ${at} is outdated (its result was ${finding.outcome.result}): ${reason}`;
  // the process may read other files now
  const { certificates: _certificates, moreCertificates: _more, ...rest } = withoutNextStart(finding);
  return {
    ...rest,
    outcome: { result: 'unknown', problems: [{ code: 'outdated', message }], warnings: [] },
    evidence: [],
  };
}
