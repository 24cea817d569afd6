// The output format `wide`: one line for each finding, in columns.

import type { ReportedFinding, StreamedReport } from '../guard-report.ts';
import { escapeLine } from '../printable.ts';
import type { TextStyle } from '../render.ts';
import { SHOWN_RESULTS, shownResultOf } from '../shown-result.ts';
import { listedNameOf, ownSourceName, subjectOf, titleLineOf } from '../text/names.ts';
import { compareNatural } from '../text/natural.ts';
import { compareControls } from '../text/order.ts';

const HEAD = ['RESULT', 'CONTROL', 'ID', 'SUBJECT', 'NODE', 'SOURCE', 'REASON'];
/** A longer value is printed whole, and does not widen its column. */
const WIDEST = 60;

/** Renders one line for each finding, failures first, under a line with the names of the columns. */
export function renderWide({ findings }: StreamedReport, { quiet }: TextStyle): string {
  const rows: Row[] = [];
  for (const finding of findings) if (!quiet || finding.result !== 'pass') rows.push(rowOf(finding));
  if (rows.length === 0) return '';
  rows.sort(compareRows);
  const lines = [HEAD, ...rows.map(({ cells }) => cells)];
  const widths = HEAD.map((_, column) => widest(lines, column));
  return lines.map((cells) => `${lineOfCells(cells, widths)}\n`).join('');
}

interface Row {
  readonly rank: number;
  readonly control: string;
  readonly name: string;
  readonly cells: readonly string[];
}

function rowOf(finding: ReportedFinding): Row {
  const { control, subject, violations, problems, warnings = [], references, exempted } = finding;
  const { component, container } = subject;
  const result = shownResultOf(finding);
  const [first, ...others] = [...violations, ...problems, ...warnings];
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  const reason = first === undefined ? '' : `${first.message} [${first.code}]${more}`;
  const cells = [
    result.toUpperCase(),
    control,
    idIn(references) ?? '-',
    subject.kind === 'Node'
      ? [component, ...(container === undefined ? [] : [container])].join(', ')
      : subjectOf(finding),
    subject.node ?? '-',
    ownSourceName(finding, titleLineOf(finding)) || '-',
    exempted === undefined ? reason : `exempt: ${exempted.reason}`,
  ];
  return { rank: SHOWN_RESULTS.indexOf(result), control, name: listedNameOf(finding), cells: cells.map(escapeLine) };
}

function compareRows(a: Row, b: Row): number {
  return (
    a.rank - b.rank ||
    compareControls(a.control, b.control) ||
    compareNatural(a.name, b.name) ||
    compareNatural(a.cells.join(' '), b.cells.join(' '))
  );
}

/** The id in the reference that is shown first, as 4.2.3 or V-242420. */
function idIn([reference = '']: readonly string[]): string | undefined {
  return /(?:^| )(V-\d+|\d+(?:\.\d+)+)(?: |$)/.exec(reference)?.[1];
}

function widest(lines: readonly (readonly string[])[], column: number): number {
  let width = 0;
  for (const cells of lines) {
    const { length } = cells[column] ?? '';
    if (length > width && length <= WIDEST) width = length;
  }
  return width;
}

function lineOfCells(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd();
}
