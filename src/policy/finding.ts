// Findings: the outcome of a control for a subject, how it changed, and the decision about it. Data only.

import type { CertificateList } from './certificates.ts';
import type { Action, ControlMetadata, Exemption } from './control.ts';
import type { NamedText } from './document.ts';
import type { Evidence, Outcome, Violation } from './outcome.ts';
import type { Platform } from './benchmarks/platform.ts';
import type { Problem, Source, SourceProblem, Surface, Vantage } from './reading.ts';
import type { SubjectName } from './subject.ts';

/** The outcome of a control for a subject. */
export interface Finding extends CertificateList {
  readonly control: ControlMetadata;
  readonly subject: SubjectName;
  readonly source: Source;
  readonly vantage: Vantage;
  readonly surface: Surface;
  /** Absent if nothing shows it. */
  readonly platform?: Platform;
  readonly outcome: Outcome;
  readonly evidence: readonly Evidence[];
  /** The pool that the labels of the node name. They prove nothing, so no result depends on it. */
  readonly pool?: string;
  /** The other evidence about the same control and subject, where there is more than one piece. */
  readonly others?: readonly OtherEvidence[];
  /** How it changed since earlier runs, where they are known. */
  readonly drift?: Drift;
}

/** A piece of evidence that did not decide. */
export interface OtherEvidence {
  readonly source: Source;
  readonly vantage: Vantage;
  readonly result: Outcome['result'];
  /** False if it contradicts the evidence that decided: both have a result or a value, and they differ. */
  readonly agrees: boolean;
  readonly evidence: readonly Evidence[];
  /** Why its result is unknown. */
  readonly problems: readonly Problem[];
  /** It shows what the process will use after its next start. */
  readonly pending?: true;
  /** Its violations; only where it is pending and fails. */
  readonly violations?: readonly Violation[];
}

/**
 * How a finding differs from earlier runs, or from the next start of the process: it is pending if the files were changed and
 * the process was not restarted. A finding that has always passed has no drift.
 */
export interface Drift {
  readonly state: 'new' | 'persisting' | 'resolved' | 'pending';
  /** Since when the result is the same, or the files differ, RFC 3339 in UTC. */
  readonly since: string;
}

/** Why a finding denies a change, or only warns about it. */
export interface DecisionReason {
  readonly action: Exclude<Action, 'off'>;
  /** The configured action is stricter: the request updates a pod that already runs. */
  readonly isLowered?: true;
  /**
   * What `ratchet` compared with: nothing is known, the old object had no such component, it passed, it did not have this
   * violation, or it is not worse now.
   */
  readonly before?: 'nothing-known' | 'absent' | 'passed' | 'new-violation' | 'not-worse';
}

/** A finding that denies a change or warns about it, and why. */
export interface DecidedFinding extends Finding {
  readonly reason: DecisionReason;
}

/** The configured part of a decision. */
export interface DecisionPolicy {
  /** The action for a control on a surface. */
  readonly action: (control: ControlMetadata, surface: Surface) => Action;
  readonly onUnknown: 'audit' | 'deny';
  readonly exemptions: readonly Exemption[];
  /** Whether `action` is less strict than the configured one, because the request updates a pod that already runs. */
  readonly isLowered?: (control: ControlMetadata, surface: Surface) => boolean;
}

/** The decision about a change at admission. */
export interface Decision {
  readonly allowed: boolean;
  readonly denied: readonly DecidedFinding[];
  readonly warned: readonly DecidedFinding[];
  /** The findings that would deny or warn without an exemption. */
  readonly exempted: readonly { readonly finding: Finding; readonly exemption: Exemption }[];
}

/** The findings about a set of documents, and the problems of reading them. */
export interface Inspection {
  readonly findings: readonly Finding[];
  readonly problems: readonly SourceProblem[];
  /** Files that also count together with others, as a document of the form `files`: a unit, or what a unit can name. */
  readonly parts?: readonly NamedText[];
  /** The paths of such files that were read as a part of a component. Alone, they do not count. */
  readonly used?: readonly string[];
}
