// The output format `policy-report`: a List of ClusterPolicyReports, for pipelines and readers of such reports.

import { timestampOf } from '../../policy/timestamp.ts';
import { REPORT_RESOURCES, resourceOf } from '../cluster/objects.ts';
import { line, nameText } from '../cluster/words.ts';
import type { ReportedFinding, Run, StreamedReport } from '../guard-report.ts';
import { escapeForTerminal } from '../printable.ts';
import { shownResultOf } from '../shown-result.ts';
import type { RenderContext, TextStyle } from '../render.ts';
import { describeEvidence, describeFault, describeSource, reasonsOf } from './describe.ts';
import { identifier } from './location.ts';

/** An object of 1.5 MiB is too large for etcd. */
const MOST_RESULTS = 500;

const RESULTS = { pass: 'pass', fail: 'fail', unknown: 'error', exempt: 'skip' } as const;
const { apiVersion, kind } = REPORT_RESOURCES.wgpolicyk8s;

/** A row of a report. */
interface Row {
  readonly result: (typeof RESULTS)[keyof typeof RESULTS];
  readonly [field: string]: unknown;
}

/**
 * Renders reports that `kubectl apply` accepts. What is unknown, and a problem of the run, is an error; what is exempt is
 * skipped. They are not the reports that a sweep stores: they have other names, and no sweep removes them.
 */
export function renderPolicyReport(
  { run, findings }: StreamedReport,
  _style: TextStyle,
  { controls, digest, nothing }: RenderContext,
): string {
  const supporting = new Set(controls.filter((control) => control.supporting).map(({ slug }) => slug));
  const identify = identifier(digest);
  const rows: Row[] = [];
  for (const finding of findings) {
    const severity = supporting.has(finding.control) ? 'medium' : 'high';
    // readers announce a row whose id is new, and ids are their own in all reports of a cluster
    const resultID = digest(`policy-report\n${identify(finding)}\n${shownResultOf(finding)}`);
    rows.push({ ...rowOf(finding, run, resultID), severity });
  }
  for (const problem of run.problems) {
    rows.push(problemRow(`${describeSource(problem.source, problem.line)}: ${describeFault(problem)}`, digest));
  }
  if (nothing !== undefined) rows.push(problemRow(nothing, digest));
  const pages = Math.max(1, Math.ceil(rows.length / MOST_RESULTS));
  const items = Array.from({ length: pages }, (_, page) => {
    const results = rows.slice(page * MOST_RESULTS, (page + 1) * MOST_RESULTS);
    return {
      apiVersion,
      kind,
      metadata: {
        name: `kubelet-guard-report-${run.entrance}-${page + 1}`,
        labels: { 'app.kubernetes.io/part-of': 'kubelet-guard' },
      },
      summary: summaryOf(results),
      results,
    };
  });
  return `${escapeForTerminal(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, undefined, 2))}\n`;
}

function summaryOf(rows: readonly Row[]): Record<'pass' | 'fail' | 'warn' | 'error' | 'skip', number> {
  const summary = { pass: 0, fail: 0, warn: 0, error: 0, skip: 0 };
  for (const { result } of rows) summary[result] += 1;
  return summary;
}

function rowOf(finding: ReportedFinding, run: Run, resultID: string): Row {
  const { control, subject, source, vantage, references, exempted, drift, remediation } = finding;
  const timestamp = timestampOf(run.finishedAt);
  const [first = control] = references;
  const [, category = first, rule = control] = /^(.*?) (\d[\w.]*)(?: \(.*\))?$/.exec(first) ?? [];
  const reasons = reasonsOf(finding);
  const properties = {
    resultID,
    component: subject.component,
    subject: nameText(subject.name),
    node: nameText(subject.node ?? ''),
    container: nameText(subject.container ?? ''),
    vantage,
    evidenceFrom: line(describeSource(source)),
    evidence: line(describeEvidence(finding).join('; ')),
    remediation: finding.result === 'fail' ? line(remediation) : '',
    exempted: line(exempted?.reason ?? ''),
    exemptedUntil: exempted?.expires ?? '',
    since: drift?.since ?? '',
  };
  return {
    source: 'kubelet-guard',
    policy: control,
    rule,
    category,
    result: RESULTS[shownResultOf(finding)],
    scored: true,
    message: line(reasons.length === 0 ? 'passed' : reasons.join('; ')),
    ...(timestamp && { timestamp }),
    resources: [resourceOf(subject, { kind: 'control-plane' })],
    properties: Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== '')),
  };
}

function problemRow(message: string, digest: RenderContext['digest']): Row {
  const properties = { resultID: digest(`policy-report\n${message}`) };
  const text = line(message);
  return {
    source: 'kubelet-guard',
    policy: 'kubelet-guard',
    result: 'error',
    scored: false,
    message: text,
    properties,
  };
}
