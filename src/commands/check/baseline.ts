// Compares a report with a baseline: what is worse than before.

import type { GuardReport, ReportedFinding } from '../../outputs/guard-report.ts';
import { summarise } from '../../outputs/report.ts';
import { isWorse, violationKeys, type OutcomeSummary } from '../../policy/decision/worse.ts';

/** The parts of an earlier report that are compared. A `GuardReport` is a baseline. */
export interface Baseline {
  readonly run: Pick<GuardReport['run'], 'id' | 'finishedAt'>;
  readonly findings: readonly BaselineFinding[];
}

/** A finding of the baseline. */
export interface BaselineFinding
  extends OutcomeSummary, Pick<ReportedFinding, 'control' | 'subject' | 'source' | 'exempted'> {}

/**
 * Keeps in a report only what is worse than a baseline, by the rule of `ratchet`: a finding that passed before and does not
 * now, or that has a new violation. A finding that the baseline does not have counts in full. So does one that was exempt in
 * the baseline and no longer is, because a baseline must not outlast an exemption.
 *
 * @returns the report with these findings, their summary, and under `run.baseline` the counts of what is not shown
 */
export function compareWithBaseline(report: GuardReport, baseline: Baseline): GuardReport {
  const pairs = pair(report.findings, baseline.findings);
  const isShown = (finding: ReportedFinding): boolean => {
    const before = pairs.get(finding);
    const outlasted = before?.exempted !== undefined && finding.exempted === undefined;
    return isWorse(finding, before === undefined || outlasted ? [] : [before]);
  };
  const { shown = [], notShown = [] } = Object.groupBy(report.findings, (finding) =>
    isShown(finding) ? 'shown' : 'notShown',
  );
  const { id, finishedAt } = baseline.run;
  return {
    ...report,
    run: {
      ...report.run,
      baseline: {
        id,
        finishedAt,
        notShown: summarise(notShown),
        mended: [...pairs].filter(([now, before]) => now.result === 'pass' && before.result !== 'pass').length,
        gone: baseline.findings.length - pairs.size,
      },
    },
    summary: summarise(shown),
    findings: shown,
  };
}

type Pairs = Map<ReportedFinding, BaselineFinding>;

interface Group {
  readonly now: ReportedFinding[];
  readonly before: BaselineFinding[];
}

/**
 * Pairs each finding with the one of the same control and subject in the baseline. If several subjects have one name, as
 * every KubeletConfiguration in a file has, their places decide. If files have moved, the longest end of a path that only one
 * finding on each side has decides. A finding that stays ambiguous is in no pair.
 */
function pair(now: readonly ReportedFinding[], before: readonly BaselineFinding[]): Pairs {
  const pairs: Pairs = new Map();
  for (const group of groupBy({ now, before }, subjectOf)) {
    if (group.now.length > 0 && group.before.length > 0) pairGroup(group, pairs);
  }
  return pairs;
}

function pairGroup(group: Group, pairs: Pairs): void {
  const deepest = group.now.reduce((depth, { source }) => Math.max(depth, segmentsOf(source).length), 0);
  const ends = Array.from({ length: deepest + 1 }, (_, taken) => (finding: BaselineFinding) => {
    const segments = segmentsOf(finding.source);
    const depth = deepest - taken;
    return segments.length < depth ? undefined : JSON.stringify(segments.slice(segments.length - depth));
  });
  const steps = [
    ...[keyOf(placeOf, stateOf), keyOf(placeOf), keyOf(fileOf, stateOf), keyOf(fileOf)].map((key) => ({
      key,
      ambiguous: true,
    })),
    ...ends.map((key) => ({ key, ambiguous: false })),
  ];
  // sorted, so that the order of a report does not decide
  let rest: Group = { now: sorted(group.now), before: sorted(group.before) };
  for (const { key, ambiguous } of steps) {
    for (const { now, before } of groupBy(rest, key)) {
      if (!ambiguous && (now.length !== 1 || before.length !== 1)) continue;
      for (const [index, finding] of now.entries()) {
        const other = before[index];
        if (other !== undefined) pairs.set(finding, other);
      }
    }
    const taken = new Set(rest.now.map((finding) => pairs.get(finding)));
    rest = {
      now: rest.now.filter((finding) => !pairs.has(finding)),
      before: rest.before.filter((finding) => !taken.has(finding)),
    };
    if (rest.now.length === 0 || rest.before.length === 0) return;
  }
}

/** Groups both sides by a key. A finding without a key is in no group. */
function groupBy(
  { now, before }: { readonly now: readonly ReportedFinding[]; readonly before: readonly BaselineFinding[] },
  key: (finding: BaselineFinding) => string | undefined,
): Iterable<Group> {
  const groups = new Map<string, Group>();
  const groupOf = (finding: BaselineFinding): Group | undefined => {
    const name = key(finding);
    if (name === undefined) return undefined;
    const group = groups.get(name) ?? { now: [], before: [] };
    groups.set(name, group);
    return group;
  };
  for (const finding of now) groupOf(finding)?.now.push(finding);
  for (const finding of before) groupOf(finding)?.before.push(finding);
  return groups.values();
}

type Aspect = (finding: BaselineFinding) => unknown;

function keyOf(...aspects: readonly Aspect[]): (finding: BaselineFinding) => string {
  return (finding) => JSON.stringify(aspects.map((aspect) => aspect(finding)));
}

function subjectOf({ control, subject }: BaselineFinding): string {
  const { component, kind, namespace, name, container } = subject;
  return JSON.stringify([control, component, kind, namespace, name, container].map((part) => part ?? null));
}

function placeOf({ source }: BaselineFinding): unknown {
  return [segmentsOf(source), 'document' in source ? source.document : 0];
}

function fileOf({ source }: BaselineFinding): unknown {
  return segmentsOf(source);
}

function stateOf(finding: BaselineFinding): unknown {
  return [finding.result, violationKeys(finding).sort()];
}

/** Sorts by place, then by state. Findings that are still equal are interchangeable. */
function sorted<T extends BaselineFinding>(findings: readonly T[]): T[] {
  const key = keyOf(placeOf, stateOf);
  const keyed = findings.map((finding) => ({ finding, key: key(finding) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ finding }) => finding);
}

/** The segments of a source, outermost first. `./a//b`, `a/b` and `a/c/../b` are the same path. */
function segmentsOf(source: ReportedFinding['source']): readonly string[] {
  if ('object' in source) return [source.object];
  if ('node' in source) return [source.node, source.via];
  const segments: string[] = source.path.startsWith('/') ? [''] : [];
  for (const segment of source.path.split('/')) {
    if (segment === '' || segment === '.') continue;
    const last = segments.at(-1);
    if (segment === '..' && last !== undefined && last !== '..' && last !== '') segments.pop();
    else segments.push(segment);
  }
  return segments;
}
