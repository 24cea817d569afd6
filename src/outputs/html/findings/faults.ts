// What is wrong or unknown about a finding, with the place to look at.

import type { Place, ReportedFinding, ReportedProblem, ReportedViolation } from '../../guard-report.ts';
import { code, html, type Html } from '../html.ts';
import type { Wording } from './wording.ts';

/** The list of violations, of reasons why something is unknown, and of warnings; undefined if there are none. */
export function faultList(finding: ReportedFinding, wording: Wording): Html | undefined {
  const { result, violations, problems, warnings = [] } = finding;
  if (violations.length + problems.length + warnings.length === 0) return undefined;
  const named = [...finding.evidence, ...(finding.absent ?? [])].map(({ setting }) => setting);
  const textOf = (fault: ReportedViolation | ReportedProblem) => faultText(fault, wording, named);
  return html`<ul class="faults">
    ${violations.map((fault) => html`<li>${textOf(fault)}</li>`)}
    ${problems.map((fault) => html`<li>${result !== 'unknown' && 'unknown: '}${textOf(fault)}</li>`)}
    ${warnings.map((fault) => html`<li>warning: ${textOf(fault)}</li>`)}
  </ul>`;
}

/**
 * The message of a fault, its code, and its place.
 *
 * @param named the settings that are named beside it
 */
export function faultText(
  fault: ReportedViolation | ReportedProblem,
  wording: Wording,
  named: readonly string[],
): Html {
  const isNamed = !('setting' in fault) || fault.message.includes(fault.setting) || named.includes(fault.setting);
  const setting = !isNamed && fault.setting;
  const place = placeParts(fault, wording);
  const about = [...(setting === false ? [] : [code(setting)]), ...place];
  return html`${wording.text(fault.message)} <code class="fault">[${fault.code}]</code>${
    about.length > 0 && html` <small>${withCommas(about)}</small>`
  }`;
}

/** A file, a line and a JSON Pointer, as far as they are known. */
export function placeParts({ file, line, pointer, within }: Place, wording: Wording): readonly Html[] {
  return [
    ...(file === undefined ? [] : [html`<code>${wording.text(file)}</code>`]),
    ...(line === undefined ? [] : [wording.text(`line ${line}`)]),
    ...(pointer === undefined ? [] : [code(pointer)]),
    ...(within === undefined ? [] : [code(within)]),
  ];
}

/** Parts with commas between them. */
export function withCommas(parts: readonly Html[]): Html {
  return html`${parts.map((part, at) => html`${at > 0 && ', '}${part}`)}`;
}
