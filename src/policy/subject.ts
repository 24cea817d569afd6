// What controls judge: one kube-apiserver or one kubelet, with typed readings. Data only.

import type { CertificateFile, Moment, PairFiles } from './certificates.ts';
import type { Component, Origin, Problem, Reading, Source, Surface, Vantage } from './reading.ts';
import type { ApiServerReadings, KubeletReadings } from './settings.ts';

/** Why the component would exit instead of starting, in its own words as far as they are known. */
export interface Refusal {
  readonly reason: string;
  readonly setting?: string;
  readonly origin?: Origin;
}

/** Names a subject in reports. */
export interface SubjectName {
  readonly component: Component;
  readonly name: string;
  readonly namespace?: string;
  readonly kind?: string;
  readonly node?: string;
  readonly container?: string;
}

/** Tells what the file system of the subject's process can hold at a path, as far as the document shows. */
export type PathView = 'visible' | 'not-mounted' | 'relative' | 'not-shown';

interface SubjectBase {
  readonly name: SubjectName;
  readonly source: Source;
  readonly vantage: Vantage;
  readonly surface: Surface;
  /** The component would refuse to start with this; decided, not suspected. */
  readonly refusal?: Refusal;
  /** What makes the reading of the whole subject uncertain, whatever its settings say. */
  readonly doubts: readonly Problem[];
}

/** One kube-apiserver, with a reading of each of its settings. */
export interface ApiServer extends SubjectBase, ApiServerReadings {
  readonly component: 'kube-apiserver';
  /** The files of the client certificate and its key, where they were looked at. */
  readonly pair?: PairFiles;
  /** Kubelets that ask their callers for a certificate, and were shown none that they accept. */
  readonly refusedBy?: readonly string[];
  /** What the subject's mounts say of a path. */
  readonly view: (path: string) => PathView;
}

/** One kubelet, or the configuration that kubelets start with. A setting is absent where such evidence never shows it. */
export interface Kubelet extends SubjectBase, Partial<KubeletReadings> {
  readonly component: 'kubelet';
  /** What the client CA file holds, where that was looked at. */
  readonly clientCA?: { readonly file: CertificateFile; readonly moment: Moment };
  /** The names of the CAs that it accepts client certificates of, as its TLS hello lists them (RFC 4514). */
  readonly acceptedAuthorities?: Reading<readonly string[]>;
}

/** What a control judges. */
export type Subject = ApiServer | Kubelet;
