// The output format `markdown`: for step summaries and comments of merge requests.

import type { ReportedFinding, StreamedReport } from '../guard-report.ts';
import { escapeLine } from '../printable.ts';
import { shownResultOf, type ShownResult } from '../shown-result.ts';
import type { RenderContext, TextStyle } from '../render.ts';
import { describeFault, describeSource, describeSubject, linesOf, reasonsOf } from './describe.ts';

/** A comment on GitHub has at most 65,536 characters; a step summary can be larger. The rest is for a heading of the user. */
const MOST_CHARACTERS = 65_000;

/** Room for the lines that count what is left out, and the end of the details. */
const RESERVE = 300;

/**
 * Renders a report as Markdown: the counts, what failed, what is unknown, what is exempt, how to fix it, and folded what
 * passed. It never has more characters than a comment can have, and counts what it leaves out.
 */
export function renderMarkdown(
  { run, summary, findings }: StreamedReport,
  { quiet }: TextStyle,
  { nothing }: Pick<RenderContext, 'nothing'>,
): string {
  const rows: Record<ShownResult, string[]> = { fail: [], unknown: [], exempt: [], pass: [] };
  const fixes = new Set<string>();
  for (const finding of findings) {
    const verdict = shownResultOf(finding);
    rows[verdict].push(rowOf(finding));
    if (verdict === 'fail') fixes.add(fixOf(finding));
  }
  const page = new Page();
  const { fail, pass, unknown, exempted = 0 } = summary;
  const about = run.baseline === undefined ? '' : 'worse than the baseline: ';
  const exempt = exempted === 0 ? '' : `, ${exempted} exempt`;
  const state = run.complete ? '' : `; **incomplete: ${run.problems.length} not checked**`;
  page.add([`kubelet-guard: ${about}**${fail} failed**, ${pass} passed, ${unknown} unknown${exempt}${state}`]);
  if (nothing !== undefined) page.add(['', inline(nothing)]);
  page.addTable('', [...rows.fail, ...rows.unknown, ...rows.exempt]);
  page.addList('How to fix it', [...fixes]);
  const lost = run.problems.map((problem) =>
    inline(`${describeSource(problem.source, problem.line)}: ${describeFault(problem)}`),
  );
  page.addList('Not checked', lost);
  if (!quiet) page.addTable(`${rows.pass.length} passed`, rows.pass);
  return page.text();
}

/** Lines, as long as there is room. */
class Page {
  readonly #lines: string[] = [];
  #room = MOST_CHARACTERS - RESERVE;

  /** Adds lines that belong together; false if there is no room for them. */
  add(lines: readonly string[]): boolean {
    const length = lines.reduce((sum, line) => sum + line.length + 1, 0);
    if (length > this.#room) return false;
    this.#room -= length;
    this.#lines.push(...lines);
    return true;
  }

  /** Adds a table, folded if it has a title. */
  addTable(title: string, rows: readonly string[]): void {
    if (rows.length === 0) return;
    const head = ['| Result | Control | Subject | Where | Why |', '| --- | --- | --- | --- | --- |'];
    const start = title === '' ? ['', ...head] : ['', '<details>', `<summary>${title}</summary>`, '', ...head];
    this.#addAll(start, rows, title === '' ? [] : ['', '</details>']);
  }

  addList(title: string, items: readonly string[]): void {
    if (items.length === 0) return;
    const lines = items.map((item) => `- ${item}`);
    this.#addAll(['', `**${title}**`, ''], lines, []);
  }

  text(): string {
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  #addAll(start: readonly string[], lines: readonly string[], end: readonly string[]): void {
    const first = lines.slice(0, 1);
    if (!this.add([...start, ...first, ...end])) {
      this.#lines.push('', `... and ${lines.length} more`);
      return;
    }
    this.#lines.splice(this.#lines.length - end.length, end.length);
    const kept = lines.findIndex((line, index) => index > 0 && !this.add([line]));
    if (kept !== -1) this.#lines.push('', `... and ${lines.length - kept} more`);
    this.#lines.push(...end);
  }
}

const LABELS = { fail: '**FAIL**', unknown: 'UNKNOWN', exempt: 'EXEMPT', pass: 'PASS' } as const;

function rowOf(finding: ReportedFinding): string {
  const verdict = shownResultOf(finding);
  const { reason, expires } = finding.exempted ?? {};
  const why = [
    ...(verdict === 'exempt' ? [`exempt${expires === undefined ? '' : ` until ${expires}`}: ${reason ?? ''}`] : []),
    ...reasonsOf(finding),
  ];
  const cells = [
    LABELS[verdict],
    inline(finding.control),
    inline(describeSubject(finding.subject)),
    inline(describeSource(finding.source, linesOf(finding)[0])),
    why.map(inline).join('<br>'),
  ];
  return `| ${cells.join(' | ')} |`;
}

function fixOf({ control, remediation, references }: ReportedFinding): string {
  const more = [...references.slice(0, 1).map(inline), `more: <code>kubelet-guard explain ${control}</code>`];
  return `${inline(control)}: ${inline(remediation)} (${more.join('; ')})`;
}

/** A word that Markdown, and what GitHub and GitLab make of names and addresses, leave as it is. */
const PLAIN = /^[("]?(?:\d+(?:\.\d+)*|[A-Za-z\d](?:[A-Za-z\d'-]*[A-Za-z\d])?)[)"]?[.,:;)]*$/;

/** Makes text harmless in a line of Markdown: words that could be markup, a mention or a link become code. */
function inline(text: string): string {
  return escapeLine(text)
    .split(' ')
    .map((word) => (word === '' || PLAIN.test(word) ? word : `<code>${word.replace(SPECIAL, entity)}</code>`))
    .join(' ')
    .replaceAll('</code> <code>', ' ');
}

/** Punctuation is markup, but for the marks of paths; an address begins with `www.` or has `://`. */
const SPECIAL = /[^A-Za-z\d/.,: -]|(?<=www)\.|:(?=\/\/)/giu;

function entity(character: string): string {
  return `&#${String(character.codePointAt(0))};`;
}
