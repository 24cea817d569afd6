// The output format `csv`: a row for each finding, for spreadsheets and auditors (RFC 4180).

import type { ReportedFinding, Run, StreamedReport } from '../guard-report.ts';
import { escapeLine } from '../printable.ts';
import { shownResultOf } from '../shown-result.ts';
import { describeEvidence, describeFault, describeSource } from './describe.ts';

const COLUMNS = [
  'control',
  'benchmark_ids',
  'result',
  'exempted_reason',
  'exempted_until',
  'component',
  'kind',
  'namespace',
  'name',
  'node',
  'container',
  'source',
  'vantage',
  'violations',
  'problems',
  'evidence',
  'since',
  'checked_at',
  'run_id',
] as const;

type Row = Readonly<Partial<Record<(typeof COLUMNS)[number], string>>>;

/** Renders a report as CSV: what passed too, and a row with the result `problem` for each problem of the run. */
export function renderCsv({ run, findings }: StreamedReport): string {
  const lines = [COLUMNS.join(',')];
  for (const finding of findings) lines.push(csvLine(rowOf(finding, run)));
  for (const problem of run.problems) {
    const { source, line } = problem;
    const row = { result: 'problem', source: describeSource(source, line), problems: describeFault(problem) };
    lines.push(csvLine({ ...row, ...runCells(run) }));
  }
  return lines.map((line) => `${line}\r\n`).join('');
}

function rowOf(finding: ReportedFinding, run: Run): Row {
  const { control, references, exempted, subject, source, vantage, violations, problems, drift } = finding;
  const { component, kind = '', namespace = '', name, node = '', container = '' } = subject;
  return {
    control,
    benchmark_ids: references.join('; '),
    result: shownResultOf(finding),
    exempted_reason: exempted?.reason ?? '',
    exempted_until: exempted?.expires ?? '',
    ...{ component, kind, namespace, name, node, container },
    source: describeSource(source),
    vantage,
    violations: violations.map(describeFault).join('; '),
    problems: problems.map(describeFault).join('; '),
    evidence: describeEvidence(finding).join('; '),
    since: drift?.since ?? '',
    ...runCells(run),
  };
}

function runCells({ id, finishedAt }: Run): Row {
  return { checked_at: finishedAt, run_id: id };
}

function csvLine(row: Row): string {
  return COLUMNS.map((column) => cell(row[column] ?? '')).join(',');
}

/** A spreadsheet runs a cell that begins like a formula, unless an apostrophe is before it. */
function cell(text: string): string {
  const harmless = escapeLine(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
