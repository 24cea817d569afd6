// Makes one finding of all evidence about the same control and subject.

import { areFileFaults, haveSameValues } from './node-audit.ts';
import { findingKey } from '../finding-key.ts';
import type { Finding, OtherEvidence } from '../finding.ts';
import type { Vantage } from '../reading.ts';

/** The strongest evidence first: the process itself, its host, the API, a document that only declares settings. */
const RANK: Readonly<Record<Vantage, number>> = { live: 0, 'on-node': 1, running: 2, declared: 3 };

/**
 * Makes one finding of all evidence about the same control and subject. Evidence with a result goes before evidence that is
 * `unknown`, then stronger evidence goes before weaker. Of two equally strong pieces, the one that fails decides. Only the
 * host shows the content of a process's files, so its result is added to the process's own.
 *
 * @param findings the findings of one run, each from one piece of evidence
 * @param declared findings that hold for all these subjects, such as those of a ConfigMap for all kubelets. They can
 *   contradict but never decide, because nothing shows that a process was started with them
 * @returns one finding for each control and subject, in the order in which they first appear; `others` has the rest
 */
export function combine(findings: readonly Finding[], declared: readonly Finding[] = []): Finding[] {
  const groups = new Map<string, [Finding, ...Finding[]]>();
  for (const finding of findings) {
    const key = findingKey(finding);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finding]);
    else group.push(finding);
  }
  return Array.from(groups.values(), (group) => {
    const first = group.reduce((best, other) => (byWeight(other, best) < 0 ? other : best), group[0]);
    const rest = group.filter((finding) => finding !== first).sort(byWeight);
    const host = rest.find((other) => showsFilesOf(first, other));
    const decided = { ...first, ...(host && { outcome: host.outcome }), ...addedBy(first, rest) };
    const common = declared.filter(({ control }) => control.slug === decided.control.slug);
    const next = group.flatMap((finding) => pendingOf(finding, decided));
    const others = [
      ...rest.map((other) => otherOf(other, (other === host || agree(first, other)) && haveSameValues(first, other))),
      ...common.map((other) => otherOf(other, agree(decided, other))),
      ...next,
    ];
    const drift = decided.drift ?? (next.length > 0 ? rest.find((other) => other.drift)?.drift : undefined);
    return others.length === 0 ? decided : { ...decided, others, ...(drift && { drift }) };
  });
}

/** What the other evidence adds: the platform, and the certificates in the files of the same settings. */
function addedBy(first: Finding, rest: readonly Finding[]): Partial<Finding> {
  const all = [first, ...rest];
  const platform = all.find((finding) => finding.platform !== undefined)?.platform;
  const files = all.find((finding) => finding.certificates !== undefined && haveSameValues(first, finding));
  const { certificates, moreCertificates } = files ?? {};
  return {
    ...(platform !== undefined && { platform }),
    ...(certificates && { certificates }),
    ...(moreCertificates !== undefined && { moreCertificates }),
  };
}

/** Combined findings. Whatever is derived from findings is derived from all, also from those that are not reported. */
export interface CombinedFindings {
  readonly all: readonly Finding[];
  readonly reported: readonly Finding[];
}

/** Combines all findings, and separately those that are reported. */
export function combineReported(
  findings: readonly Finding[],
  declared: readonly Finding[],
  isReported: (finding: Finding) => boolean,
): CombinedFindings {
  const all = combine(findings, declared);
  const isAll = findings.every(isReported) && declared.every(isReported);
  return { all, reported: isAll ? all : combine(findings.filter(isReported), declared.filter(isReported)) };
}

/**
 * Tells whether the host shows the files of a process that passes by its own answer. A process names its files or the CAs in
 * them only: its answer does not refute that a certificate has expired.
 */
function showsFilesOf(first: Finding, other: Finding): boolean {
  if (first.vantage !== 'live' || first.outcome.result !== 'pass' || other.vantage !== 'on-node') return false;
  const { outcome } = other;
  if (outcome.result === 'unknown' || !haveSameValues(first, other)) return false;
  return outcome.result === 'pass' || areFileFaults(other.control, outcome.violations);
}

/** Tells whether the evidence is contradictory. For example, a file was changed and the process was not restarted. */
export function isContradicted({ others = [] }: Pick<Finding, 'others'>): boolean {
  return others.some(({ agrees }) => !agrees);
}

/**
 * Gives what the host shows for the next start of the process, which holds whichever evidence decides. Where the running
 * settings are unknown to the host, the same result for the next start is not worth a mention.
 */
function pendingOf({ outcome, others = [] }: Finding, { outcome: { result: decided } }: Finding): OtherEvidence[] {
  return others
    .filter(({ pending, result }) => pending === true && (outcome.result !== 'unknown' || result !== decided))
    .map((other) => ({ ...other, agrees: decided === 'unknown' }));
}

function byWeight(a: Finding, b: Finding): number {
  const [first, second] = [a, b].map(({ outcome: { result }, vantage }) => {
    return (result === 'unknown' ? 100 : 0) + RANK[vantage] * 10 + (result === 'fail' ? 0 : 1);
  }) as [number, number];
  return first - second;
}

function agree(a: Finding, b: Finding): boolean {
  const results = [a.outcome.result, b.outcome.result];
  return results.includes('unknown') || a.outcome.result === b.outcome.result;
}

function otherOf({ source, vantage, outcome, evidence }: Finding, agrees: boolean): OtherEvidence {
  const problems = outcome.result === 'pass' ? [] : outcome.problems;
  return { source, vantage, result: outcome.result, agrees, evidence, problems };
}
