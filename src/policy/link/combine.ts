import { areOfFiles, sameValues } from './audits.ts';
import { keyOf } from '../decision/drift.ts';
import type { Finding, OtherEvidence } from '../finding.ts';
import type { Vantage } from '../reading.ts';

/** What proves more comes first: what the process itself says, then its host, then the API, then what is written down. */
const RANK: Readonly<Record<Vantage, number>> = { live: 0, 'on-node': 1, running: 2, declared: 3 };

/**
 * Makes one finding of all that is known about the same control and subject. Evidence that could tell goes before evidence
 * that could not, then what proves more; where two equally good pieces contradict each other, the one that fails decides.
 * Of what is in the files of a process its host alone can tell, so that this is added to what the process says.
 *
 * @param findings of one run, each by one piece of evidence
 * @param declared what is written down for these subjects as a whole, such as a ConfigMap for all kubelets: it can
 *   contradict, and never decides, because nothing shows that a process was started with it
 * @returns one finding for each control and subject, in the order of their first appearance; `others` holds the rest
 */
export function combine(findings: readonly Finding[], declared: readonly Finding[] = []): Finding[] {
  const groups = new Map<string, [Finding, ...Finding[]]>();
  for (const finding of findings) {
    const key = keyOf(finding);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [finding]);
    else group.push(finding);
  }
  return Array.from(groups.values(), (group) => {
    const first = group.reduce((best, other) => (byWeight(other, best) < 0 ? other : best), group[0]);
    const rest = group.filter((finding) => finding !== first).sort(byWeight);
    const host = rest.find((other) => tellsOfFiles(first, other));
    const decided = host === undefined ? first : { ...first, outcome: host.outcome };
    const common = declared.filter(({ control }) => control.slug === decided.control.slug);
    const next = group.flatMap((finding) => nextOf(finding, decided));
    const others = [
      ...rest.map((other) => otherOf(other, (other === host || agree(first, other)) && sameValues(first, other))),
      ...common.map((other) => otherOf(other, agree(decided, other))),
      ...next,
    ];
    const drift = decided.drift ?? (next.length > 0 ? rest.find((other) => other.drift)?.drift : undefined);
    return others.length === 0 ? decided : { ...decided, others, ...(drift && { drift }) };
  });
}

/** What is known, and what of it is shown: what is derived from all findings does not depend on which of them are shown. */
export interface Known {
  readonly findings: readonly Finding[];
  readonly shown: readonly Finding[];
}

/** Makes one finding of all that is known, as `combine` does, and of those alone that are to be shown. */
export function combineShown(
  findings: readonly Finding[],
  declared: readonly Finding[],
  isShown: (finding: Finding) => boolean,
): Known {
  const combined = combine(findings, declared);
  const isAll = findings.every(isShown) && declared.every(isShown);
  return { findings: combined, shown: isAll ? combined : combine(findings.filter(isShown), declared.filter(isShown)) };
}

/**
 * Tells whether a host shows what is in the files of a process that passes by itself. A process names its files, or the CAs in
 * them, and nothing else of them: it does not refute that one has expired.
 */
function tellsOfFiles(first: Finding, other: Finding): boolean {
  if (first.vantage !== 'live' || first.outcome.result !== 'pass' || other.vantage !== 'on-node') return false;
  const { outcome } = other;
  if (outcome.result === 'unknown' || !sameValues(first, other)) return false;
  return outcome.result === 'pass' || areOfFiles(other.control, outcome.violations);
}

/** Tells whether pieces of evidence contradict each other: drift of its own kind, such as a file changed and no restart. */
export function isDisputed({ others = [] }: Pick<Finding, 'others'>): boolean {
  return others.some(({ agrees }) => !agrees);
}

/**
 * What comes with the next start of the process, as its host told: that goes on being true whatever decides. Where the host
 * could not tell what runs, it is no news that the same comes.
 */
function nextOf({ outcome, others = [] }: Finding, { outcome: { result: decided } }: Finding): OtherEvidence[] {
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
