// Runs the controls on subjects.

import { crashProblem } from './crash.ts';
import type { Control } from './control.ts';
import type { Finding } from './finding.ts';
import type { Subject } from './subject.ts';

/**
 * Runs every control on every subject of its component.
 *
 * A control that throws has a bug. Its finding is then `unknown` with the problem `crashed`, and the other controls still run.
 *
 * @returns one finding for each subject and control, in the order of the subjects, then of the controls
 */
export function evaluate(controls: readonly Control[], subjects: readonly Subject[]): Finding[] {
  const findings: Finding[] = [];
  for (const subject of subjects) {
    for (const control of controls) {
      const finding = findingOf(control, subject);
      if (finding) findings.push(finding);
    }
  }
  return findings;
}

function findingOf(control: Control, subject: Subject): Finding | undefined {
  const { name, source, vantage, surface, platform } = subject;
  const about = { control, subject: name, source, vantage, surface, ...(platform && { platform }) };
  try {
    const checked = control.check(subject);
    if (checked === undefined) return undefined;
    return { ...about, ...checked };
  } catch (cause) {
    const problem = crashProblem(cause, `it with the control ${control.slug}`);
    const outcome = { result: 'unknown', problems: [problem], warnings: [] } as const;
    return { ...about, outcome, evidence: [] };
  }
}
