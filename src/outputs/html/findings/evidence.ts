// What a finding is based on, as rows of a table: each value, the layer that decided it, and where it was read.

import type { ReportedEvidence, ReportedFinding, ReportedOtherEvidence } from '../../guard-report.ts';
import { ownSourceName } from '../../text/names.ts';
import { code, html, type Html } from '../html.ts';
import { faultText, placeParts, withCommas } from './faults.ts';
import type { Wording } from './wording.ts';

/** A table of evidence. */
export function evidenceTable(bodies: readonly Html[]): Html {
  return html`<div class="scroll"><table class="evidence">
      <thead><tr><th scope="col">Evidence</th><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">Layer</th><th scope="col">Where</th></tr></thead>
      ${bodies}
    </table></div>`;
}

/** Whether a finding has anything for a table. What is unknown often has only its reason. */
export function hasValues({ evidence, absent = [], expected, otherEvidence = [] }: ReportedFinding): boolean {
  return evidence.length + absent.length + otherEvidence.length > 0 || expected !== undefined;
}

/** Which evidence decided. */
export function deciding(finding: ReportedFinding, wording: Wording): Html {
  const verb = finding.result === 'unknown' ? 'unknown' : 'decided';
  return html`${verb} by ${sourceOf(finding, finding.source, wording)} <small>${finding.vantage}</small>`;
}

/** The rows of a finding: what decided, what was expected, and what other evidence shows. */
export function evidenceRows(finding: ReportedFinding, wording: Wording): Html {
  const { evidence, absent = [], expected, otherEvidence = [] } = finding;
  const values = [
    ...evidence.map((found) => valueCells(found, wording)),
    ...absent.map(
      ({ setting, lookedAt }) =>
        html`<td class="setting">${code(setting)}</td><td>not set</td><td></td><td>looked for in ${wording.text(lookedAt)}</td>`,
    ),
  ];
  return html`${rows(deciding(finding, wording), values)}
    ${expected !== undefined && rows(html`expected`, [html`<td colspan="4">${wording.text(expected)}</td>`])}
    ${otherEvidence.map((other) => otherRows(other, finding, wording))}`;
}

const RESULTS = { pass: 'passes', fail: 'fails', unknown: 'is unknown' } as const;

function otherRows(other: ReportedOtherEvidence, finding: ReportedFinding, wording: Wording): Html {
  const { source, vantage, result, evidence, problems, violations = [] } = other;
  const head = html`${relationOf(other)} ${sourceOf(finding, source, wording)} <small>${vantage}</small>`;
  const named = evidence.map(({ setting }) => setting);
  const faults = [...violations, ...problems].map(
    (fault) => html`<td colspan="4">${faultText(fault, wording, named)}</td>`,
  );
  return rows(head, [...evidence.map((found) => valueCells(found, wording)), ...faults], `it ${RESULTS[result]}`);
}

/** What other evidence says about the evidence that decided. */
function relationOf({ result, agrees, pending }: ReportedOtherEvidence): Html {
  if (pending) return html`<b class="pending">after the next start it ${RESULTS[result]}</b>, by`;
  if (result === 'unknown') return html`<b class="unknown">unknown</b> by`;
  return agrees ? html`confirmed by` : html`<b class="unknown">contradicted: it ${RESULTS[result]}</b> by`;
}

function rows(head: Html, cells: readonly Html[], nothing = 'no value'): Html {
  const all = cells.length === 0 ? [html`<td colspan="4">${nothing}</td>`] : cells;
  return html`${all.map(
    (each, at) => html`<tr>${at === 0 && html`<th scope="row" rowspan="${all.length}">${head}</th>`}${each}</tr>
      `,
  )}`;
}

function valueCells(found: ReportedEvidence, wording: Wording): Html {
  const { setting, layer } = found;
  const place = withCommas(placeParts(found, wording));
  return html`<td class="setting">${code(setting)}</td><td>${quoted(found, wording)}</td><td>${layer}</td><td>${place}</td>`;
}

/** What the next start of the process changes, as values before and after, and what is then wrong. */
export function changesOf(finding: ReportedFinding, next: ReportedOtherEvidence, wording: Wording): readonly Html[] {
  const { otherEvidence = [], evidence } = finding;
  const now = [...evidence, ...otherEvidence.filter(({ pending }) => !pending).flatMap((other) => other.evidence)];
  const named = next.evidence.map(({ setting }) => setting);
  return [
    ...next.evidence.map((found) => {
      const before = now.find(({ setting }) => setting === found.setting);
      const place = withCommas([html`${found.layer}`, ...placeParts(found, wording)]);
      return html`${code(found.setting)}: ${before && html`${quoted(before, wording)} becomes `}${quoted(found, wording)} <small>${place}</small>`;
    }),
    ...[...(next.violations ?? []), ...next.problems].map((fault) => faultText(fault, wording, named)),
  ];
}

/** An empty value is a value, so all are in quotes. */
function quoted({ value }: ReportedEvidence, wording: Wording): Html {
  return html`<code>"${wording.text(value)}"</code>`;
}

/** The source beside the names of the subjects, which name files and objects. */
function sourceOf(finding: ReportedFinding, source: ReportedFinding['source'], wording: Wording): Html {
  const { subject, source: own } = finding;
  if ('path' in source && source === own) return html`its file`;
  const name = ownSourceName({ subject, source });
  if (name === '') return html`its ${subject.kind ?? 'object'}`;
  return 'node' in source && name === `(${source.via})` ? html`<code>${source.via}</code>` : wording.text(name);
}
