import { crashOf } from './crash.ts';
import type { Control, Finding, Subject } from './types.ts';

/**
 * Judges every subject by every control that wants its component.
 *
 * A control that throws has a bug: its finding is `unknown` with the problem `crashed`, so that the bug is seen and no
 * other control is lost.
 *
 * @returns one finding for each pair, in the order of the subjects, then of the controls
 */
export function evaluate(controls: readonly Control[], subjects: readonly Subject[]): Finding[] {
  return subjects.flatMap((subject) => controls.flatMap((control) => judge(control, subject) ?? []));
}

function judge(control: Control, subject: Subject): Finding | undefined {
  const { name, source, vantage, surface } = subject;
  const about = { control, subject: name, source, vantage, surface };
  try {
    const judged = control.check(subject);
    return judged && { ...about, ...judged };
  } catch (cause) {
    const problem = crashOf(cause, `it by the control ${control.slug}`);
    return { ...about, outcome: { result: 'unknown', problems: [problem], warnings: [] }, evidence: [] };
  }
}
