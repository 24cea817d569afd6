import { crashOf } from './crash.ts';
import type { Control } from './control.ts';
import type { Finding } from './finding.ts';
import type { Subject } from './subject.ts';

/**
 * Judges every subject by every control that wants its component.
 *
 * A control that throws has a bug: its finding is `unknown` with the problem `crashed`, so that the bug is seen and no
 * other control is lost.
 *
 * @returns one finding for each pair, in the order of the subjects, then of the controls
 */
export function evaluate(controls: readonly Control[], subjects: readonly Subject[]): Finding[] {
  const findings: Finding[] = [];
  for (const subject of subjects) {
    for (const control of controls) {
      const finding = judge(control, subject);
      if (finding) findings.push(finding);
    }
  }
  return findings;
}

function judge(control: Control, subject: Subject): Finding | undefined {
  const { name, source, vantage, surface } = subject;
  try {
    const judged = control.check(subject);
    if (judged === undefined) return undefined;
    const { outcome, evidence } = judged;
    return { control, subject: name, source, vantage, surface, outcome, evidence };
  } catch (cause) {
    const problem = crashOf(cause, `it by the control ${control.slug}`);
    const outcome = { result: 'unknown', problems: [problem], warnings: [] } as const;
    return { control, subject: name, source, vantage, surface, outcome, evidence: [] };
  }
}
