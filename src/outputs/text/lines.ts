// The lines that text reports have in common: findings, what to do, the counts.

import type {
  ReportedFinding,
  ReportedOtherEvidence,
  ReportedProblem,
  ReportedRunProblem,
  ReportedViolation,
  ReportHead,
  Summary,
} from '../guard-report.ts';
import { escapeLine } from '../printable.ts';

const LABELS = { pass: 'PASS', fail: 'FAIL', unknown: 'UNKNOWN', exempt: 'EXEMPT' } as const;
const COLORS = { pass: '\u001b[32m', fail: '\u001b[31m', unknown: '\u001b[33m', exempt: '\u001b[36m' } as const;
const PLAIN = '\u001b[0m';
const INDENT = ' '.repeat(9);

/** Renders a problem of the run in one line, for standard error. */
export function renderRunProblem({ code, message, line, source }: ReportedRunProblem): string {
  return escapeLine(`${placeOf(source, line)}: ${message} [${code}]`);
}

/** The last line: the counts, and whether the run is complete. */
export function summariseRun({ summary, run }: ReportHead): string {
  const counts = run.baseline === undefined ? countsOf(summary) : comparison(summary, run.baseline.notShown);
  const lost = run.problems.length;
  return lost === 0
    ? counts
    : `${counts}; not complete: ${lost} ${lost === 1 ? 'problem' : 'problems'}, listed on standard error`;
}

/** How many findings a summary counts. */
export function counted({ pass, fail, unknown, exempted = 0 }: Summary): number {
  return pass + fail + unknown + exempted;
}

function countsOf({ fail, pass, unknown, exempted }: Summary): string {
  const counts = `${fail} failed, ${pass} passed, ${unknown} unknown`;
  return exempted === undefined ? counts : `${counts}, ${exempted} exempt`;
}

function comparison(worse: Summary, notWorse: Summary): string {
  const rest = `not worse: ${countsOf(notWorse)}`;
  return counted(worse) === 0
    ? `nothing is worse than the baseline; ${rest}`
    : `worse than the baseline: ${countsOf(worse)}; ${rest}`;
}

/** Renders a finding: its verdict in the first line, then the reasons. */
export function renderFinding(finding: ReportedFinding, color: boolean): string[] {
  const { result, control, subject, violations, problems, warnings = [], evidence, exempted } = finding;
  const { otherEvidence = [], drift } = finding;
  const verdict = exempted === undefined ? result : 'exempt';
  // a line of another file stands beside that file's name; with a pointer it is in the source
  const line = [...violations, ...problems].find(
    (entry) => entry.line !== undefined && (entry.file === undefined || entry.pointer !== undefined),
  )?.line;
  const title = `${control}  ${nameOf(subject)}  ${placeOf(finding.source, line)}`;
  const head = `${paint(verdict, color)}${escapeLine(title)}`;
  const details = [
    ...(drift ? [`${drift.state}, since ${drift.since}`] : []),
    ...(exempted ? [renderExemption(exempted)] : []),
    ...violations.map((violation) => detail(violation)),
    ...problems.map((problem) => `unknown: ${detail(problem)}`),
    ...warnings.map((warning) => `warning: ${detail(warning)}`),
  ];
  if (result !== 'pass') {
    details.push(
      ...evidence.map(({ setting, value, layer }) => `found ${setting} = ${JSON.stringify(value)} (${layer})`),
    );
  }
  details.push(...otherEvidence.map(renderOther));
  return [head, ...details.map((text) => `${INDENT}${escapeLine(text)}`)];
}

/** Renders a verdict, padded to a fixed width. */
export function paint(verdict: keyof typeof LABELS, color: boolean): string {
  const label = LABELS[verdict].padEnd(INDENT.length);
  return color ? `${COLORS[verdict]}${label}${PLAIN}` : label;
}

function renderOther({ source, vantage, result, agrees, ...other }: ReportedOtherEvidence): string {
  const { evidence, problems, pending, violations = [] } = other;
  const place = `${placeOf(source, undefined)} (${vantage})`;
  const values = evidence.map(({ setting, value }) => `${setting} = ${JSON.stringify(value)}`).join(', ');
  const shown = values === '' ? '' : `: ${values}`;
  if (pending && result === 'unknown') return `after the next start it is unknown: ${problems.map(detail).join('; ')}`;
  if (pending) return [`after the next start ${place} says ${result}${shown}`, ...violations.map(detail)].join('; ');
  if (!agrees) return `disagrees: ${place} says ${result}${shown}`;
  return result === 'unknown'
    ? `${place} is unknown: ${problems.map(detail).join('; ')}`
    : `confirmed by ${place}${shown}`;
}

function renderExemption({ reason, expires }: NonNullable<ReportedFinding['exempted']>): string {
  return `exempt${expires === undefined ? '' : ` until ${expires}`}: ${reason}`;
}

function detail({ code, message, line, file }: ReportedViolation | ReportedProblem): string {
  const place = [...(file === undefined ? [] : [file]), ...(line === undefined ? [] : [`line ${line}`])].join(', ');
  return `${message} [${code}]${place === '' ? '' : ` (${place})`}`;
}

/** Says how to fix each failed control, once however many subjects failed it. */
export function renderRemedies(findings: readonly ReportedFinding[]): string[] {
  const failed = new Map(
    findings
      .filter(({ result, exempted }) => result === 'fail' && exempted === undefined)
      .map((finding) => [finding.control, finding]),
  );
  return [...failed.values()].flatMap(({ control, remediation, references }) => [
    `To fix ${control}: ${remediation}`,
    `${INDENT}${references.join('; ')}`,
    `${INDENT}More: kubelet-guard explain ${control}`,
  ]);
}

function nameOf({ component, kind, namespace, name, container, node }: ReportedFinding['subject']): string {
  return [
    component,
    ...(kind === undefined || kind === name ? [] : [kind]),
    ...(name === component && kind === undefined ? [] : [namespace === undefined ? name : `${namespace}/${name}`]),
    ...(container === undefined || container === component ? [] : [`container ${container}`]),
    ...(node === undefined ? [] : [`on ${node}`]),
  ].join(' ');
}

function placeOf(source: ReportedRunProblem['source'], line: number | undefined): string {
  if ('object' in source) return source.object;
  if ('node' in source) return `${source.via === 'flagz' ? 'kube-apiserver' : 'node'} ${source.node} (${source.via})`;
  const path = source.path === '-' ? 'standard input' : source.path;
  if (line !== undefined) return `${path}:${line}`;
  return 'document' in source && source.document > 0 ? `${path} (document ${source.document + 1})` : path;
}
