// What a finding is based on, as rows of a table: each value, the layer that decided it, and where it was read.

import type { ReportedEvidence, ReportedFinding, ReportedOtherEvidence } from '../../guard-report.ts';
import { ownSourceName } from '../../text/names.ts';
import { code, html, type Html } from '../html.ts';
import { faultText, withCommas, placeParts } from './faults.ts';
import type { Wording } from './wording.ts';

/** A table of evidence. */
export function evidenceTable(bodies: readonly Html[]): Html {
  return html`<div class="scroll">
    <table class="evidence">
      <thead>
        <tr><th scope="col">Evidence</th><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">Layer</th><th scope="col">Where</th></tr>
      </thead>
      ${bodies}
    </table>
  </div>`;
}

/** What the next start of the process changes, as values before and after, and what is then wrong. */
export function changesOf(finding: ReportedFinding, next: ReportedOtherEvidence, wording: Wording): readonly Html[] {
  const { otherEvidence = [], evidence } = finding;
  const now = [...evidence, ...otherEvidence.filter(({ pending }) => !pending).flatMap((other) => other.evidence)];
  return [
    ...next.evidence.map((found) => {
      const before = now.find(({ setting }) => setting === found.setting);
      const place = [html`${found.layer}`, ...placeParts(found, wording)];
      return html`${code(found.setting)}: ${before && html`${quoted(before, wording)} becomes `}${quoted(found, wording)} <small>${withCommas(place)}</small>`;
    }),
    ...[...(next.violations ?? []), ...next.problems].map((fault) => faultText(fault, wording)),
  ];
}

/** The rows of a finding: what decided, what was expected, and what other evidence shows. */
export function evidenceRows(finding: ReportedFinding, wording: Wording): Html {
  const { evidence, absent = [], expected, otherEvidence = [], source, vantage } = finding;
  const values = [
    ...evidence.map((found) => valueCells(found, wording)),
    ...absent.map(
      ({ setting, lookedAt }) =>
        html`<td>${code(setting)}</td><td colspan="2">not set</td><td>looked for in ${wording.text(lookedAt)}</td>`,
    ),
  ];
  const head = html`decides: ${sourceOf(finding, source, wording)} <small>${vantage}</small>`;
  return html`${rows(head, values.length === 0 ? [html`<td colspan="4">no value</td>`] : values)}
    ${expected !== undefined && rows(html`expected`, [html`<td colspan="4">${wording.text(expected)}</td>`])}
    ${otherEvidence.map((other) => otherRows(other, finding, wording))}`;
}

const AGREEMENT = {
  pass: ['confirms', 'contradicts: passes'],
  fail: ['confirms', 'contradicts: fails'],
  unknown: ['is unknown', 'is unknown'],
} as const;

const NEXT_START = { pass: 'passes', fail: 'fails', unknown: 'is unknown' } as const;

function otherRows(other: ReportedOtherEvidence, finding: ReportedFinding, wording: Wording): Html {
  const { source, vantage, result, agrees, pending, evidence, problems, violations = [] } = other;
  const relation = pending ? `after the next start: ${NEXT_START[result]}` : AGREEMENT[result][agrees ? 0 : 1];
  const head = html`${relation}: ${sourceOf(finding, source, wording)} <small>${vantage}</small>`;
  const reasons = [...violations, ...problems].map((fault) => html`<td colspan="4">${faultText(fault, wording)}</td>`);
  const cells = [...evidence.map((found) => valueCells(found, wording)), ...reasons];
  return rows(head, cells.length === 0 ? [html`<td colspan="4">no value</td>`] : cells);
}

function rows(head: Html, cells: readonly Html[]): Html {
  return html`${cells.map(
    (each, at) =>
      html`<tr>${at === 0 && html`<th scope="row" rowspan="${cells.length}">${head}</th>`}${each}</tr>
      `,
  )}`;
}

/** An empty value is a value, so all are in quotes. */
function quoted({ value }: ReportedEvidence, wording: Wording): Html {
  return html`<code>"${wording.text(value)}"</code>`;
}

function valueCells(found: ReportedEvidence, wording: Wording): Html {
  const { setting, layer } = found;
  const place = placeParts(found, wording);
  return html`<td>${code(setting)}</td><td>${quoted(found, wording)}</td><td>${layer}</td><td>${
    place.length === 0 ? '-' : withCommas(place)
  }</td>`;
}

/** The source beside the names of the subjects, which name files and objects. */
function sourceOf(
  { subject, source: own }: ReportedFinding,
  source: ReportedFinding['source'],
  wording: Wording,
): Html {
  if ('path' in source && source === own) return html`its file`;
  const name = ownSourceName({ subject, source }).replace(/^\((.*)\)$/s, '$1');
  return name === '' ? html`its object` : wording.text(name);
}
