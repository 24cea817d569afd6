// A control's outcome for a subject, how it changed, and what is decided about it. Data only.

import type { Action, ControlMetadata, Exemption } from './control.ts';
import type { Evidence, Outcome, Violation } from './outcome.ts';
import type { Problem, Source, SourceProblem, Surface, Vantage } from './reading.ts';
import type { SubjectName } from './subject.ts';

/** A control's outcome for a subject. */
export interface Finding {
  readonly control: ControlMetadata;
  readonly subject: SubjectName;
  readonly source: Source;
  readonly vantage: Vantage;
  readonly surface: Surface;
  readonly outcome: Outcome;
  readonly evidence: readonly Evidence[];
  /** What other evidence says of the same control and subject, where there is more than one piece. */
  readonly others?: readonly OtherEvidence[];
  /** How it changed, where earlier runs are known. */
  readonly drift?: Drift;
}

/** A piece of evidence that did not decide. */
export interface OtherEvidence {
  readonly source: Source;
  readonly vantage: Vantage;
  readonly result: Outcome['result'];
  /** False where it contradicts the evidence that decided: both could tell, and say different things. */
  readonly agrees: boolean;
  readonly evidence: readonly Evidence[];
  /** Why it could not tell. */
  readonly problems: readonly Problem[];
  /** It is what the process takes when it is started the next time. */
  readonly pending?: true;
  /** What is wrong with it; only where it is pending and fails. */
  readonly violations?: readonly Violation[];
}

/**
 * How a finding compares with earlier ones, or with what comes: it is pending where the process was not restarted since its
 * files were changed, and starts with something else the next time. What always passed has none.
 */
export interface Drift {
  readonly state: 'new' | 'persisting' | 'resolved' | 'pending';
  /** Since when the result is what it is, or the files say something else, RFC 3339 in UTC. */
  readonly since: string;
}

/** The configured part of a decision. */
export interface DecisionPolicy {
  /** The action for a control on a surface. */
  readonly action: (control: ControlMetadata, surface: Surface) => Action;
  readonly onUnknown: 'audit' | 'deny';
  readonly exemptions: readonly Exemption[];
}

/** What admission answers, and why. */
export interface Decision {
  readonly allowed: boolean;
  readonly denied: readonly Finding[];
  readonly warned: readonly Finding[];
  /** What would have been denied or warned about without an exemption. */
  readonly exempted: readonly { readonly finding: Finding; readonly exemption: Exemption }[];
}

/** What a set of documents shows. */
export interface Inspection {
  readonly findings: readonly Finding[];
  readonly problems: readonly SourceProblem[];
}
