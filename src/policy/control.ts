// Controls: their metadata and check, the action at admission, and exemptions. Data only.

import type { CertificateList } from './certificates.ts';
import type { Platform } from './benchmarks/platform.ts';
import type { Evidence, Outcome } from './outcome.ts';
import type { Component, Surface } from './reading.ts';
import type { ApiServerSettingName } from './settings.ts';
import type { Subject } from './subject.ts';

/** The id of a control in a benchmark. */
export interface BenchmarkId {
  /** The benchmark's name for --benchmark. */
  readonly framework: string;
  /** The benchmark's title. */
  readonly benchmark: string;
  /** One id, or several that are separated by a comma and a space. */
  readonly id: string;
  /** The versions that use it, as text. */
  readonly versions: string;
  /** Whether the newest known version uses it, so that an id is shown without versions. */
  readonly isCurrent: boolean;
  /** Where the id was read. */
  readonly sources: readonly string[];
}

/** How to fix a violation: the first entry that names the surface and the platform, else the general text. */
export interface Remediation {
  /** In sentences, for what no entry is about. */
  readonly general: string;
  readonly entries: readonly RemediationEntry[];
}

/** How to fix a violation on some surfaces and platforms. What is absent matches all. */
export interface RemediationEntry {
  readonly platforms?: readonly Platform[];
  readonly surfaces?: readonly Surface[];
  /** The kinds of objects. */
  readonly kinds?: readonly string[];
  readonly text: string;
}

/** The metadata of a control, which its findings refer to. */
export interface ControlMetadata {
  readonly slug: string;
  readonly component: Component;
  readonly title: string;
  /** The settings that pass, in a few words. */
  readonly expected: string;
  /** Why the control matters, in a few sentences of Markdown. */
  readonly rationale: string;
  readonly remediation: Remediation;
  /** Its ids in benchmarks, the general benchmark first; none if no benchmark has it, or not the chosen one. */
  readonly benchmarks: readonly BenchmarkId[];
  /** The code of each violation and warning, with one sentence of explanation. */
  readonly codes: Readonly<Record<string, string>>;
  /** The codes for faults inside certificate files. A restart of the process does not fix them. */
  readonly fileCodes?: ReadonlySet<string>;
  /** Where the benchmark's text is wrong, and what is checked instead. */
  readonly differences: string;
  readonly defaults: { readonly action: Action; readonly on?: Readonly<Partial<Record<Surface, Action>>> };
  /**
   * Present for a supporting control: the main controls prove little without it. A sweep and a node audit report it;
   * admission and `check` report it only if the configuration names it.
   */
  readonly supporting?: true;
  /** Settings of kube-apiserver that must be usable paths, if the control wants nothing else: `export vap` carries these. */
  readonly requiredPaths?: readonly ApiServerSettingName[];
}

/** A control: its metadata and its check. `defineControl` makes it. */
export interface Control extends ControlMetadata {
  /** Gives the outcome and the checked values; undefined if the subject is another component. */
  readonly check: (subject: Subject) => CheckedSubject | undefined;
}

/** What a control finds about a subject. */
export interface CheckedSubject extends CertificateList {
  readonly outcome: Outcome;
  readonly evidence: readonly Evidence[];
}

/** What admission does with a finding. Every action but `off` reports it. */
export type Action = 'off' | 'audit' | 'ratchet' | 'enforce';

/** Exempts subjects from a control until a day, for a reason. */
export interface Exemption {
  /** The control's slug. */
  readonly control: string;
  /** `kind/name`, `kind/namespace/name` or `node/name`; `*` matches any characters but a slash. */
  readonly subject: string;
  readonly reason: string;
  /** The last day on which it applies, as YYYY-MM-DD in UTC. */
  readonly expires: string;
}
