// Subjects: one kube-apiserver or one kubelet with typed readings, which controls check. Data only.

import type { CertificateFile, CheckTime, PairFiles } from './certificates.ts';
import type { Platform } from './benchmarks/platform.ts';
import type { Component, Origin, Problem, Reading, Source, Surface, Vantage } from './reading.ts';
import type { ApiServerReadings, KubeletReadings } from './settings.ts';

/** Why the component would exit at start, in its own words where they are known. */
export interface Refusal {
  readonly reason: string;
  readonly setting?: string;
  readonly origin?: Origin;
  /**
   * It is a rule about values, and the settings are read all the same. A process that runs in spite of it is built without
   * the rule, and has these settings.
   */
  readonly isRule?: true;
}

/** The name of a subject in reports. */
export interface SubjectName {
  readonly component: Component;
  readonly name: string;
  readonly namespace?: string;
  readonly kind?: string;
  readonly node?: string;
  readonly container?: string;
}

/** Whether the subject's process can see a path, as far as the document shows its mounts. */
export type PathView = 'visible' | 'not-mounted' | 'relative' | 'not-shown';

interface SubjectBase {
  readonly name: SubjectName;
  readonly source: Source;
  readonly vantage: Vantage;
  readonly surface: Surface;
  /** Absent if nothing shows it. */
  readonly platform?: Platform;
  /** Present if the component certainly exits at start with these settings. */
  readonly refusal?: Refusal;
  /** What makes all readings of the subject uncertain. */
  readonly doubts: readonly Problem[];
}

/** One kube-apiserver, with a reading of each of its settings. */
export interface ApiServer extends SubjectBase, ApiServerReadings {
  readonly component: 'kube-apiserver';
  /** The files of the client certificate and its key, where they were read. */
  readonly pair?: PairFiles;
  /** Kubelets that request a client certificate and got none that they accept. */
  readonly refusedBy?: readonly string[];
  /** Tells whether the subject's mounts make a path visible. */
  readonly view: (path: string) => PathView;
}

/** One kubelet, or the configuration that kubelets start with. A setting is absent if this kind of evidence never shows it. */
export interface Kubelet extends SubjectBase, Partial<KubeletReadings> {
  readonly component: 'kubelet';
  /** The client CA file, where it was read. */
  readonly clientCA?: { readonly file: CertificateFile; readonly moment: CheckTime };
  /** The names of the CAs that it accepts client certificates from, as its TLS handshake lists them (RFC 4514). */
  readonly acceptedAuthorities?: Reading<readonly string[]>;
  /** Tells whether the subject's mounts make a path visible. Absent: the evidence shows no mounts. */
  readonly view?: (path: string) => PathView;
}

/** What a control checks. */
export type Subject = ApiServer | Kubelet;
