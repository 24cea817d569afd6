// The decision on an object that could not be checked: each control is `unknown`.

import type { AdmissionDecision } from '../outputs/admission/answer.ts';
import { decide } from '../policy/decision/decide.ts';
import type { Control } from '../policy/control.ts';
import type { DecisionPolicy, Finding } from '../policy/finding.ts';
import { SURFACES, type Problem } from '../policy/reading.ts';
import type { SubjectName } from '../policy/subject.ts';

const STRICTEST_FIRST = ['enforce', 'ratchet', 'audit'] as const;

/** The object, as far as it is known. */
export type UncheckedSubject = Omit<SubjectName, 'component'>;

/**
 * Decides on an object that was not checked: `onUnknown` says whether it is denied. Its surface is not known, so that the
 * strictest action of each control applies.
 *
 * @param problem why it was not checked
 * @param today the day in UTC, as YYYY-MM-DD
 */
export function decideOnUnchecked(
  controls: readonly Control[],
  policy: DecisionPolicy,
  subject: UncheckedSubject,
  problem: Problem,
  today: string,
): AdmissionDecision {
  const action: DecisionPolicy['action'] = (control) => {
    const actions = SURFACES.map((surface) => policy.action(control, surface));
    return STRICTEST_FIRST.find((strictest) => actions.includes(strictest)) ?? 'off';
  };
  const findings = controls.map((control) => unknownFinding(control, subject, problem));
  return { ...decide(findings, undefined, { ...policy, action }, today), problems: [] };
}

function unknownFinding(control: Control, subject: UncheckedSubject, problem: Problem): Finding {
  const { kind = '', namespace, name } = subject;
  return {
    control,
    subject: { component: control.component, ...subject },
    source: { object: `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}` },
    vantage: 'declared',
    surface: 'process',
    outcome: { result: 'unknown', problems: [problem], warnings: [] },
    evidence: [],
  };
}
