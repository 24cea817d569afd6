// The lines below the title of a finding: what is wrong, what was found and expected, and what other evidence shows.

import type {
  ReportedEvidence,
  ReportedFinding,
  ReportedOtherEvidence,
  ReportedProblem,
  ReportedViolation,
} from '../guard-report.ts';
import { titleLineOf, ownSourceName, sourceName } from './names.ts';

/** Gives the details of a finding, one a line, not escaped. */
export function detailsOf(finding: ReportedFinding): string[] {
  const { result, violations, problems, warnings = [], evidence, otherEvidence = [], drift, exempted } = finding;
  const line = titleLineOf(finding);
  const detail = (entry: ReportedViolation | ReportedProblem) => detailOf(entry, line);
  const isShown = ({ setting, file }: ReportedViolation) =>
    file !== undefined && evidence.some((found) => found.setting === setting && found.file === file);
  return [
    ...(drift ? [`${drift.state} since ${drift.since}`] : []),
    ...(exempted
      ? [`exempt${exempted.expires === undefined ? '' : ` until ${exempted.expires}`}: ${exempted.reason}`]
      : []),
    ...violations.map((violation) => (isShown(violation) ? messageOf(violation) : detail(violation))),
    ...problems.map((problem) => `${result === 'unknown' ? '' : 'unknown: '}${detail(problem)}`),
    ...warnings.map((warning) => `warning: ${detail(warning)}`),
    ...(result === 'pass'
      ? []
      : evidence.map((found) => `found:    ${valueOf(found)} (${originOf(found, finding, line)})`)),
    ...(result === 'fail' && finding.expected !== undefined ? [`expected: ${finding.expected}`] : []),
    ...otherEvidence.map((other) => otherOf(other, finding)),
  ];
}

function otherOf(other: ReportedOtherEvidence, { subject }: ReportedFinding): string {
  const { source, result, agrees, evidence, problems, pending, violations = [] } = other;
  const own = ownSourceName({ subject, source }).replace(/^\((.*)\)$/s, '$1');
  const place = own === '' ? sourceName(source) : own;
  const isUnknown = result === 'unknown';
  const reasons = (isUnknown ? problems : violations).map((entry) => detailOf(entry, undefined));
  const shown = [...(isUnknown ? [] : evidence.map(valueOf)), ...reasons].join('; ');
  const because = shown === '' ? '' : `: ${shown}`;
  const verb = { pass: 'passes', fail: 'fails', unknown: 'is unknown' }[result];
  if (pending) return `after the next start${'path' in source ? ` (${place})` : ''} it ${verb}${because}`;
  if (!agrees) return `disagrees: ${place} ${verb}${because}`;
  return isUnknown ? `${place} is unknown${because}` : `confirmed by ${place}${because}`;
}

function messageOf({ code, message }: ReportedViolation | ReportedProblem): string {
  return `${message} [${code}]`;
}

/** @param known the line that the title shows */
function detailOf(entry: ReportedViolation | ReportedProblem, known: number | undefined): string {
  const { line, file } = entry;
  const place = [
    ...(file === undefined ? [] : [file]),
    ...(line === undefined || (line === known && file === undefined) ? [] : [`line ${line}`]),
  ].join(', ');
  return `${messageOf(entry)}${place === '' ? '' : ` (${place})`}`;
}

function valueOf({ setting, value }: ReportedEvidence): string {
  return `${setting} = ${JSON.stringify(value)}`;
}

/** @param known the line that the title shows */
function originOf(
  { layer, file, line }: ReportedEvidence,
  { source }: ReportedFinding,
  known: number | undefined,
): string {
  const isNamed = file === undefined || ('path' in source && source.path === file);
  const isKnown = line === undefined || (line === known && isNamed);
  return `${layer}${isNamed ? '' : ` ${file}`}${isKnown ? '' : `, line ${line}`}`;
}
