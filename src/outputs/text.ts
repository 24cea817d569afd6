import {
  referTo,
  type GuardReport,
  type ReportHead,
  type ReportedFinding,
  type ReportedOtherEvidence,
  type ReportedProblem,
  type ReportedViolation,
  type Summary,
} from './guard-report.ts';
import { escapeLine } from './printable.ts';
import type { ControlMetadata } from '../policy/control.ts';
import type { SourceProblem } from '../policy/reading.ts';

/** How a text report looks. */
export interface TextStyle {
  /** Colours, for a terminal. */
  readonly color: boolean;
  /** Says nothing of what passed. */
  readonly quiet: boolean;
}

const LABELS = { pass: 'PASS', fail: 'FAIL', unknown: 'UNKNOWN', exempt: 'EXEMPT' } as const;
const COLORS = { pass: '\u001b[32m', fail: '\u001b[31m', unknown: '\u001b[33m', exempt: '\u001b[36m' } as const;
const PLAIN = '\u001b[0m';
const INDENT = ' '.repeat(9);

/**
 * The report for people: what failed or could not be told with its reasons, what passed in a line each, what to do once
 * for each control that failed, and a summary.
 *
 * @param report the report; whatever came from files in it is escaped
 * @returns lines of text, or nothing where there is nothing to say
 */
export function renderText(report: GuardReport, { color, quiet }: TextStyle): string {
  const { summary, run } = report;
  const shown = report.findings.filter(({ result, otherEvidence = [] }) => {
    return !quiet || result !== 'pass' || otherEvidence.some(({ pending }) => pending);
  });
  const lines = shown.flatMap((finding) => renderFinding(finding, color));
  const remedies = renderRemedies(shown);
  if (remedies.length > 0) lines.push('', ...remedies);
  const total = counted(summary) + (run.baseline === undefined ? 0 : counted(run.baseline.notShown));
  if (quiet ? shown.length > 0 || !run.complete : total > 0 || !run.complete) {
    if (lines.length > 0) lines.push('');
    lines.push(summariseRun(report));
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** What a control is, in words: for `explain`. */
export function renderControl(control: ControlMetadata): string {
  const section = (title: string, ...paragraphs: string[]) => ['', `${title}:`, ...paragraphs.flatMap(wrap)];
  return [
    `${control.slug}: ${control.title}`,
    ...section('Why', control.rationale),
    ...section('To fix', control.remediation),
    ...section('What can be wrong', ...Object.entries(control.codes).map(([code, sentence]) => `${code}: ${sentence}`)),
    ...section('Benchmarks', ...control.benchmarks.map(referTo)),
    ...section("Where the check differs from the benchmark's text", control.differences),
    '',
  ].join('\n');
}

/** A problem with a source in one line, for standard error. */
export function renderSourceProblem({ problem, source }: SourceProblem): string {
  return escapeLine(`${placeOf(source, problem.origin?.line)}: ${problem.message} [${problem.code}]`);
}

/** Breaks a paragraph into indented lines of at most 100 characters, between words. */
function wrap(paragraph: string): string[] {
  const lines: string[] = [];
  let line = '  ';
  for (const word of paragraph.split(' ')) {
    if (line.length + 1 + word.length > 100) {
      lines.push(line);
      line = '    ';
    }
    line += line.trim() === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}

function counted({ pass, fail, unknown }: Summary): number {
  return pass + fail + unknown;
}

/** The last line: how many of what, and whether that is all. */
export function summariseRun({ summary, run }: ReportHead): string {
  const counts = run.baseline === undefined ? countsOf(summary) : comparison(summary, run.baseline.notShown);
  const lost = run.problems.length;
  return lost === 0
    ? counts
    : `${counts}; not complete: ${lost} ${lost === 1 ? 'problem' : 'problems'} with what was to be judged`;
}

function countsOf({ fail, pass, unknown, exempted }: Summary): string {
  const counts = `${fail} failed, ${pass} passed, ${unknown} unknown`;
  return exempted === undefined ? counts : `${counts} (${exempted} exempt)`;
}

function comparison(worse: Summary, notWorse: Summary): string {
  const rest = `not worse: ${countsOf(notWorse)}`;
  return counted(worse) === 0
    ? `nothing is worse than the baseline; ${rest}`
    : `worse than the baseline: ${countsOf(worse)}; ${rest}`;
}

/** A finding in lines: the verdict first, then why. */
export function renderFinding(finding: ReportedFinding, color: boolean): string[] {
  const { result, control, subject, violations, problems, warnings = [], evidence, exempted } = finding;
  const { otherEvidence = [], drift } = finding;
  const verdict = exempted === undefined ? result : 'exempt';
  const line = [...violations, ...problems].find((entry) => entry.line !== undefined)?.line;
  const title = `${control}  ${nameOf(subject)}  ${placeOf(finding.source, line)}`;
  const head = `${paint(verdict, color)}${escapeLine(title)}`;
  const details = [
    ...(drift ? [`${drift.state}, since ${drift.since}`] : []),
    ...(exempted ? [renderExemption(exempted)] : []),
    ...violations.map((violation) => detail(violation)),
    ...problems.map((problem) => `could not tell: ${detail(problem)}`),
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

/** A verdict, padded so that what follows stands in one column. */
export function paint(verdict: keyof typeof LABELS, color: boolean): string {
  const label = LABELS[verdict].padEnd(INDENT.length);
  return color ? `${COLORS[verdict]}${label}${PLAIN}` : label;
}

function renderOther({ source, vantage, result, agrees, ...other }: ReportedOtherEvidence): string {
  const { evidence, problems, pending, violations = [] } = other;
  const place = `${placeOf(source, undefined)} (${vantage})`;
  const values = evidence.map(({ setting, value }) => `${setting} = ${JSON.stringify(value)}`).join(', ');
  const shown = values === '' ? '' : `: ${values}`;
  if (pending) return [`with the next start ${place} says ${result}${shown}`, ...violations.map(detail)].join('; ');
  if (!agrees) return `disagrees: ${place} says ${result}${shown}`;
  return result === 'unknown'
    ? `${place} could not tell: ${problems.map(detail).join('; ')}`
    : `so says ${place}${shown}`;
}

function renderExemption({ reason, expires }: NonNullable<ReportedFinding['exempted']>): string {
  return `exempt${expires === undefined ? '' : ` until ${expires}`}: ${reason}`;
}

function detail({ code, message, line, file }: ReportedViolation | ReportedProblem): string {
  const place = [...(file === undefined ? [] : [file]), ...(line === undefined ? [] : [`line ${line}`])].join(', ');
  return `${message} [${code}]${place === '' ? '' : ` (${place})`}`;
}

/** Once for each control, however many subjects it failed on: a report of many findings stays readable. */
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

function placeOf(source: SourceProblem['source'], line: number | undefined): string {
  if ('object' in source) return source.object;
  if ('node' in source) return `${source.via === 'flagz' ? 'kube-apiserver' : 'node'} ${source.node} (${source.via})`;
  const path = source.path === '-' ? 'standard input' : source.path;
  if (line !== undefined) return `${path}:${line}`;
  return 'document' in source && source.document > 0 ? `${path} (document ${source.document + 1})` : path;
}
