// Selects a part of a run: the controls and nodes that count and are listed, and the results that are listed.

import { matchesPattern } from '../policy/decision/exempt.ts';
import type { SourceProblem } from '../policy/reading.ts';
import type { SubjectName } from '../policy/subject.ts';
import { RunCounts } from './counts.ts';
import type { ReportedFinding, ReportedSelection, StreamedReport } from './guard-report.ts';
import { isListed, type ShownResult } from './shown-result.ts';

/** The part of a run that counts. */
export type Selection = Omit<ReportedSelection, 'results'>;

/** What decides whether a finding is selected. */
interface Selectable {
  readonly control: string | { readonly slug: string };
  readonly subject: SubjectName;
}

/** Tells whether a finding is selected. Without a selection each one is. */
export function isSelected({ control, subject }: Selectable, selection: Selection | undefined): boolean {
  const { controls, nodes } = selection ?? {};
  const slug = typeof control === 'string' ? control : control.slug;
  if (controls?.includes(slug) === false) return false;
  if (nodes === undefined) return true;
  const name = nodeNameOf(subject);
  return name !== undefined && nodes.some((pattern) => matchesPattern(pattern, name));
}

/** The node of a subject, if it has one. */
export function nodeNameOf({ node, kind, name }: SubjectName): string | undefined {
  return node ?? (kind === 'Node' ? name : undefined);
}

/**
 * The selected nodes that no finding is about, while others are selected: each is a problem of the run, because a name with a
 * typing error would otherwise pass. If none matches, there is nothing to check, which is another failure.
 *
 * @param findings of the whole run
 */
export function missedNodes(
  selection: Selection | undefined,
  findings: Iterable<Pick<Selectable, 'subject'>>,
): readonly SourceProblem[] {
  const { nodes } = selection ?? {};
  if (nodes === undefined) return [];
  const missed = new Set(nodes);
  for (const { subject } of findings) {
    const name = nodeNameOf(subject);
    if (name === undefined) continue;
    for (const pattern of missed) if (matchesPattern(pattern, name)) missed.delete(pattern);
  }
  if (missed.size === new Set(nodes).size) return [];
  const message = 'no finding is about it, so it was not checked: correct its name in --node';
  return Array.from(missed, (node) => ({
    problem: { code: 'not-found', message },
    source: { object: `Node ${node}` },
  }));
}

/**
 * Keeps the selected part of a sweep. What is about the whole cluster, its link and its count of nodes, is left out.
 *
 * @returns the report and its counts
 */
export function selectPart(
  report: StreamedReport,
  selection: Selection,
): { readonly report: StreamedReport; readonly counts: RunCounts } {
  const { link: _link, nodes: _nodes, ...rest } = report;
  const findings = filtered(report.findings, (finding) => isSelected(finding, selection));
  const counts = new RunCounts();
  for (const { result, exempted } of findings) counts.add(result, { isExempted: exempted !== undefined });
  return { report: { ...rest, run: { ...report.run, selection }, summary: counts.summary, findings }, counts };
}

/** Keeps only some results in the list of findings. The summary stays. */
export function listOnly(report: StreamedReport, results: readonly ShownResult[] | undefined): StreamedReport {
  if (results === undefined) return report;
  const findings = filtered(report.findings, (finding) => isListed(finding, results));
  return { ...withResults(report, results), findings };
}

/** Says in a report that only some results are listed. */
export function withResults(report: StreamedReport, results: readonly ShownResult[] | undefined): StreamedReport {
  if (results === undefined) return report;
  return { ...report, run: { ...report.run, selection: { ...report.run.selection, results } } };
}

function filtered(
  findings: Iterable<ReportedFinding>,
  isKept: (finding: ReportedFinding) => boolean,
): Iterable<ReportedFinding> {
  return {
    *[Symbol.iterator]() {
      for (const finding of findings) if (isKept(finding)) yield finding;
    },
  };
}
