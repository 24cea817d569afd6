// Makes a control of its metadata and its logic: what the logic notes about a subject decides the outcome.

import { benchmarksOf } from '../../policy/benchmarks/versions.ts';
import type { SeenCertificate } from '../../policy/certificates.ts';
import type { Control, ControlMetadata } from '../../policy/control.ts';
import type { Evidence, Outcome, Violation, Warning } from '../../policy/outcome.ts';
import type { Component, Problem } from '../../policy/reading.ts';
import type { Subject } from '../../policy/subject.ts';

type SubjectOf<C extends Component> = Extract<Subject, { component: C }>;

/** What a control's logic notes about a subject. */
export interface Notes {
  readonly violations: Violation[];
  readonly problems: Problem[];
  readonly warnings: Warning[];
  readonly evidence: Evidence[];
  /** The certificates in the files that are checked, for people. */
  readonly certificates: SeenCertificate[];
  /** How many more certificates the files have. */
  moreCertificates: number;
}

/**
 * Makes a control. The settings of a component that would refuse to start have no effect, so its logic does not run then.
 *
 * @param metadata what the control is; `component` decides which subjects it sees, and its ids are rows of the table of benchmarks
 * @param logic returns a function that notes what it finds, or undefined if this kind of evidence never shows what the
 *   control needs
 * @returns a control whose outcome follows from the notes: a violation fails, else a problem makes it unknown, else it passes
 */
export function defineControl<const C extends Component>(
  metadata: Omit<ControlMetadata, 'benchmarks'> & { readonly component: C },
  logic: (subject: SubjectOf<C>) => ((notes: Notes) => void) | undefined,
): Control {
  return {
    ...metadata,
    benchmarks: benchmarksOf(metadata.slug),
    check: (subject) => {
      const noteFindings = isOf(subject, metadata.component) ? logic(subject) : undefined;
      if (!noteFindings) return undefined;
      const notes = noNotes(subject.doubts);
      if (!noteRefusal(subject, notes)) noteFindings(notes);
      const { evidence, certificates, moreCertificates } = notes;
      return {
        outcome: outcomeOf(notes),
        evidence,
        ...(certificates.length > 0 && { certificates }),
        ...(moreCertificates > 0 && { moreCertificates }),
      };
    },
  };
}

function noNotes(doubts: readonly Problem[]): Notes {
  return {
    violations: [],
    problems: [...doubts],
    warnings: [],
    evidence: [],
    certificates: [],
    moreCertificates: 0,
  };
}

function isOf<C extends Component>(subject: Subject, component: C): subject is SubjectOf<C> {
  return subject.component === component;
}

/** Notes that the component would exit instead of starting, and returns whether it would. */
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

function outcomeOf({ violations, problems: all, warnings }: Notes): Outcome {
  const problems = distinct(all);
  const [violation, ...otherViolations] = violations;
  if (violation !== undefined)
    return { result: 'fail', violations: [violation, ...otherViolations], problems, warnings };
  const [problem, ...otherProblems] = problems;
  if (problem !== undefined) return { result: 'unknown', problems: [problem, ...otherProblems], warnings };
  return { result: 'pass', warnings };
}

/** One reason can make several settings unreadable; it is reported once. */
function distinct(problems: readonly Problem[]): readonly Problem[] {
  if (problems.length < 2) return problems;
  const seen = new Set<string>();
  return problems.filter(({ code, message }) => {
    const key = `${code} ${message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
