import type { Control, ControlMetadata } from '../../policy/control.ts';
import type { Evidence, Outcome, Violation, Warning } from '../../policy/outcome.ts';
import type { Component, Origin, Problem, Reading } from '../../policy/reading.ts';
import type { ApiServer, Subject } from '../../policy/subject.ts';

type SubjectOf<C extends Component> = Extract<Subject, { component: C }>;

/** What a control's logic notes while it looks at a subject. */
export interface Notes {
  readonly violations: Violation[];
  readonly problems: Problem[];
  readonly warnings: Warning[];
  readonly evidence: Evidence[];
}

/** A setting that is the path of a file. */
export interface PathSetting {
  readonly setting: string;
  readonly path: string;
  readonly origin: Origin;
}

/** Writes violations, problems, warnings and evidence of one subject into the notes. */
type Judge = (notes: Notes) => void;

/**
 * Makes a control of its metadata and its logic. Where the component would refuse to start, its settings have no effect,
 * and are not judged.
 *
 * @param metadata what the control is; `component` decides which subjects it sees
 * @param look how a subject is judged; undefined where such evidence never shows what the control wants
 * @returns a control whose outcome follows from the notes: a violation fails, else a problem makes it unknown, else it passes
 */
export function defineControl<const C extends Component>(
  metadata: ControlMetadata & { readonly component: C },
  look: (subject: SubjectOf<C>) => Judge | undefined,
): Control {
  return {
    ...metadata,
    check: (subject) => {
      const judge = isOf(subject, metadata.component) ? look(subject) : undefined;
      if (!judge) return undefined;
      const notes: Notes = { violations: [], problems: [...subject.doubts], warnings: [], evidence: [] };
      if (!noteRefusal(subject, notes)) judge(notes);
      return { outcome: outcomeOf(notes), evidence: notes.evidence };
    },
  };
}

function isOf<C extends Component>(subject: Subject, component: C): subject is SubjectOf<C> {
  return subject.component === component;
}

/** One reason can keep several settings from being read; it is told once. */
function distinct(problems: readonly Problem[]): readonly Problem[] {
  if (problems.length < 2) return problems;
  const told = new Set<string>();
  return problems.filter(({ code, message }) => {
    const key = `${code} ${message}`;
    if (told.has(key)) return false;
    told.add(key);
    return true;
  });
}

function outcomeOf({ violations, problems: all, warnings }: Notes): Outcome {
  const problems = distinct(all);
  const [violation, ...otherViolations] = violations;
  if (violation !== undefined)
    return { result: 'fail', violations: [violation, ...otherViolations], problems, warnings };
  const [problem, ...otherProblems] = problems;
  if (problem !== undefined) return { result: 'unknown', problems: [problem, ...otherProblems], warnings };
  return { result: 'pass', warnings };
}

/** Notes the violation `would-not-start` where the component would exit instead of starting, and tells whether it would. */
function noteRefusal(subject: Subject, notes: Notes): boolean {
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

/**
 * Notes what is wrong with a setting of kube-apiserver that must be the path of a file.
 *
 * @param hollow what becomes of a file that holds nothing
 * @returns the setting where something can be at its path
 */
export function noteApiServerPath(
  subject: ApiServer,
  setting: string,
  reading: Reading<string>,
  hollow: string,
  notes: Notes,
): PathSetting | undefined {
  const path = notePath(setting, reading, notes);
  if (path === undefined || reading.state !== 'set') return undefined;
  const { origin } = reading;
  const fault = unusable(path, hollow);
  if (fault !== undefined) {
    notes.violations.push({
      code: 'unusable',
      setting,
      message: `${setting} is ${JSON.stringify(path)}: ${fault}`,
      origin,
    });
    return undefined;
  }
  switch (subject.view(path)) {
    case 'visible':
    case 'not-shown':
      return { setting, path, origin };
    case 'not-mounted':
      notes.problems.push({
        code: 'not-mounted',
        message: `${setting} is ${path}, which no volume of the container mounts; unless the image holds it, kube-apiserver would not start. Mount it, or judge the running process`,
        origin,
      });
      return undefined;
    case 'relative':
      notes.problems.push({
        code: 'relative-path',
        message: `${setting} is the relative path ${path}, which depends on the working directory of the process. Use an absolute path, or set workingDir`,
        origin,
      });
      return undefined;
  }
}

const QUOTED = /^["']|["']$/;
const NULL_DEVICE = /^(?:\/+\.)*\/+dev(?:\/+\.)*\/+null$/;

/** Why nothing can be read from the path, where that is certain. */
function unusable(path: string, hollow: string): string | undefined {
  if (path.trim() === '') return 'white space is not a path';
  if (isNullDevice(path)) return hollow;
  if (QUOTED.test(path)) return 'the quotes are part of the file name, because no shell removes them';
  if (namesVariable(path)) return 'the variable is not defined in the container, so it stays as it is';
  return undefined;
}

/** As `$(NAME)`; without a regular expression, which would look for an end once for each beginning. */
function namesVariable(path: string): boolean {
  const start = path.indexOf('$(');
  return start !== -1 && path.includes(')', start);
}

/** Tells whether a path is /dev/null, however it is spelled. */
export function isNullDevice(path: string): boolean {
  return NULL_DEVICE.test(path);
}
