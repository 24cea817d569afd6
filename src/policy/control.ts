// What a control is, and what is done about its findings. Data only.

import type { Evidence, Outcome } from './outcome.ts';
import type { Component, Surface } from './reading.ts';
import type { Subject } from './subject.ts';

/** A benchmark's id for a control, with the versions of the benchmark that use it. */
export interface BenchmarkId {
  readonly benchmark: string;
  readonly id: string;
  readonly versions?: string;
}

/** What a finding carries of its control. */
export interface ControlMetadata {
  readonly slug: string;
  readonly component: Component;
  readonly title: string;
  /** Why the control matters, in a few sentences of Markdown. */
  readonly rationale: string;
  /** What to do, ending with a full stop. */
  readonly remediation: string;
  readonly benchmarks: readonly [BenchmarkId, ...BenchmarkId[]];
  /** Each violation and warning code with one sentence of explanation. */
  readonly codes: Readonly<Record<string, string>>;
  /** Codes of faults in certificate files, which a restart of the process does not fix. */
  readonly fileCodes?: ReadonlySet<string>;
  /** What the benchmark's text says wrongly, and what is checked instead. */
  readonly differences: string;
  readonly defaults: { readonly action: Action; readonly on?: Readonly<Partial<Record<Surface, Action>>> };
  /**
   * It makes the other controls mean something, but is none of those that the product is for: a sweep and a node audit
   * report it, admission and `check` only where the configuration names it.
   */
  readonly companion?: true;
}

/** One rule: its metadata and its logic. Made by `defineControl`. */
export interface Control extends ControlMetadata {
  /** The outcome and the values looked at, or undefined where the subject is another component. */
  readonly check: (
    subject: Subject,
  ) => { readonly outcome: Outcome; readonly evidence: readonly Evidence[] } | undefined;
}

/** What is done about a finding at admission. Everything but `off` is reported. */
export type Action = 'off' | 'audit' | 'ratchet' | 'enforce';

/** Takes subjects out of a control for a while, for a reason. */
export interface Exemption {
  /** The control's slug. */
  readonly control: string;
  /** `kind/name`, `kind/namespace/name` or `node/name`, with `*`. */
  readonly subject: string;
  readonly reason: string;
  /** The last day on which it applies, in UTC, as YYYY-MM-DD. */
  readonly expires: string;
}
