// What formats for programs write about a finding: its verdict, its subject, where it was found, and why.

import { describeAbsence } from '../absence.ts';
import { sourceName } from '../text/names.ts';
import type { ReportedFinding, ReportedProblem, ReportedRunProblem, ReportedViolation } from '../guard-report.ts';

/** Names a subject, as in `kubelet Node worker-1`. */
export function describeSubject({ component, kind, namespace, name, container }: ReportedFinding['subject']): string {
  const path = namespace === undefined ? name : `${namespace}/${name}`;
  return [
    component,
    ...(kind === undefined || kind === name ? [] : [kind]),
    ...(kind === undefined && name === component ? [] : [path]),
    ...(container === undefined || container === component ? [] : [`container ${container}`]),
  ].join(' ');
}

/** Names a source, with a line if there is one. */
export function describeSource(source: ReportedRunProblem['source'], line?: number): string {
  return 'node' in source ? `${source.node} (${source.via})` : sourceName(source, line);
}

/** The lines of a finding's source that show why it does not pass. */
export function linesOf({ violations, problems, warnings = [] }: ReportedFinding): readonly number[] {
  const lines = [...violations, ...problems, ...warnings].flatMap(({ line, file, pointer }) =>
    // a line of another file stands beside that file's name; with a pointer it is in the source
    line === undefined || (file !== undefined && pointer === undefined) ? [] : [line],
  );
  return [...new Set(lines)];
}

/** Says why a finding does not pass, and what to look at. */
export function reasonsOf({ violations, problems, warnings = [] }: ReportedFinding): readonly string[] {
  return [
    ...violations.map(describeFault),
    ...problems.map((problem) => `unknown: ${describeFault(problem)}`),
    ...warnings.map((warning) => `warning: ${describeFault(warning)}`),
  ];
}

/** The message of a fault with its code. */
export function describeFault({ message, code, file, line }: ReportedViolation | ReportedProblem): string {
  const place = [...(file === undefined ? [] : [file]), ...(line === undefined ? [] : [`line ${line}`])].join(', ');
  return `${message} [${code}]${place === '' ? '' : ` (${place})`}`;
}

/** The values that a finding is based on, and the settings that nothing sets. */
export function describeEvidence({ evidence, absent = [] }: ReportedFinding): readonly string[] {
  return [
    ...evidence.map(({ setting, value, layer }) => `${setting} = ${JSON.stringify(value)} (${layer})`),
    ...absent.map(describeAbsence),
  ];
}
