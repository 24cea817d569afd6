import type {
  Component,
  Control,
  ControlMetadata,
  Evidence,
  Outcome,
  Problem,
  Reading,
  Subject,
  Violation,
  Warning,
} from './types.ts';

type SubjectOf<C extends Component> = Extract<Subject, { component: C }>;

/** What a control's logic notes while it looks at a subject. */
export interface Notes {
  readonly violations: Violation[];
  readonly problems: Problem[];
  readonly warnings: Warning[];
  readonly evidence: Evidence[];
}

/**
 * Makes a control of its metadata and its logic.
 *
 * @param metadata what the control is; `component` decides which subjects it sees
 * @param look writes violations, problems, warnings and evidence of one subject into the notes
 * @returns a control whose outcome follows from the notes: a violation fails, else a problem makes it unknown, else it passes
 */
export function defineControl<const C extends Component>(
  metadata: ControlMetadata & { readonly component: C },
  look: (subject: SubjectOf<C>, notes: Notes) => void,
): Control {
  return {
    ...metadata,
    check: (subject) => {
      if (!isOf(subject, metadata.component)) return undefined;
      const notes: Notes = { violations: [], problems: [...subject.doubts], warnings: [], evidence: [] };
      look(subject, notes);
      return { outcome: outcomeOf({ ...notes, problems: distinct(notes.problems) }), evidence: notes.evidence };
    },
  };
}

function isOf<C extends Component>(subject: Subject, component: C): subject is SubjectOf<C> {
  return subject.component === component;
}

/** One reason can keep several settings from being read; it is told once. */
function distinct(problems: readonly Problem[]): Problem[] {
  return problems.filter(
    (problem, index) =>
      problems.findIndex(({ code, message }) => code === problem.code && message === problem.message) === index,
  );
}

function outcomeOf({ violations, problems, warnings }: Notes): Outcome {
  const [violation, ...otherViolations] = violations;
  if (violation !== undefined)
    return { result: 'fail', violations: [violation, ...otherViolations], problems, warnings };
  const [problem, ...otherProblems] = problems;
  if (problem !== undefined) return { result: 'unknown', problems: [problem, ...otherProblems], warnings };
  return { result: 'pass', warnings };
}

/**
 * Notes the violation `would-not-start` where the component would exit instead of starting.
 *
 * @returns whether it would exit; its settings then have no effect, and are not judged
 */
export function noteRefusal(subject: Subject, notes: Notes): boolean {
  if (subject.refusal === undefined) return false;
  const { reason, setting, origin } = subject.refusal;
  notes.violations.push({
    code: 'would-not-start',
    setting: setting ?? subject.component,
    message: `${subject.component} would refuse to start: ${reason}`,
    ...(origin && { origin }),
  });
  return true;
}

/**
 * Notes what is wrong with a setting that must be the path of a file, whatever the component.
 *
 * @returns the path where it is set and not empty, for checks of the control's own
 */
export function notePath(setting: string, reading: Reading<string>, notes: Notes): string | undefined {
  switch (reading.state) {
    case 'unreadable':
      notes.problems.push(reading.problem);
      return undefined;
    case 'unset':
      notes.violations.push({
        code: 'missing',
        setting,
        message: `${setting} is not set`,
        ...(reading.origin && { origin: reading.origin }),
      });
      return undefined;
    case 'set': {
      const { value, origin } = reading;
      notes.evidence.push({ setting, value, origin });
      if (value !== '') return value;
      notes.violations.push({ code: 'empty', setting, message: `${setting} is set to an empty value`, origin });
      return undefined;
    }
  }
}

/** Tells whether a path is /dev/null, however it is spelled. */
export function isNullDevice(path: string): boolean {
  return /^(?:\/+\.)*\/+dev(?:\/+\.)*\/+null$/.test(path);
}
