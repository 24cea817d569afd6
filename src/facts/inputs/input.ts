// What each kind of input says about itself: how it is recognised and read, and where an API server has it.

import type { UnknownRecord } from '../../json.ts';
import type { Platform } from '../../policy/benchmarks/platform.ts';
import type { Problem, Source, Surface, Vantage } from '../../policy/reading.ts';
import type { Subject } from '../../policy/subject.ts';
import type { Budget } from '../budget.ts';
import type { ParsedDocument } from '../yaml/documents.ts';
import type { KubeadmFile } from './kubeadm/file.ts';

/** Where a document was found, and what may be spent on it. */
export interface Context {
  readonly source: Source;
  readonly vantage: Vantage;
  readonly budget: Budget;
  /** The path of the file that the document is in, if it is inside another one. */
  readonly file?: string;
  /** The file of kubeadm that the document is part of. */
  readonly kubeadm?: KubeadmFile;
}

/** An object in a document. */
export interface FoundObject extends Context {
  readonly object: UnknownRecord;
  /** The object with what is known about its text. */
  readonly document: ParsedDocument;
  /** JSON Pointer of the object in the document that was read. */
  readonly pointer: string;
}

/** A kind of object that configures or runs a kube-apiserver or a kubelet. */
export interface Input {
  /** What the documentation calls it. */
  readonly name: string;
  /** The surfaces that its subjects are on. */
  readonly surfaces: readonly Surface[];
  /** The platform that its subjects are of, where it is always one, or where the object shows it. */
  readonly platform?: Platform | ((object: UnknownRecord) => Platform | undefined);
  readonly matches: (object: UnknownRecord) => boolean;
  readonly read: (found: FoundObject) => Subject[];
  /** Problems of the run about it. */
  readonly problems?: (found: FoundObject) => readonly Problem[];
  /** Texts in it that are files of their own. */
  readonly contents?: (found: FoundObject) => readonly EmbeddedText[];
  /** Its subjects where the object could not be read, because of a limit or a bug: none of their settings is known. */
  readonly unreadable: (found: FoundObject, problem: Problem) => Subject[];
  /** What an API server sends to the webhook. Without it the input is only read from files. */
  readonly resources?: readonly AdmissionResource[];
  /** The ConfigMap that sweeps list and the webhook watches. */
  readonly configMap?: ConfigMapName;
}

/** A text inside an object, such as a file that it writes to a host. */
export interface EmbeddedText {
  /** The path of the file, or a name for a text without one. */
  readonly path: string;
  readonly text: string;
  /** JSON Pointer of the text in the object. */
  readonly pointer: string;
}

/** A kind of object that holds other objects. */
export interface Wrapper {
  readonly name: string;
  readonly matches: (object: UnknownRecord) => boolean;
  /** The objects in it, each with its JSON Pointer in the wrapper. */
  readonly contents: (
    document: ParsedDocument,
  ) => readonly { readonly document: ParsedDocument; readonly pointer: string }[];
}

/** A resource whose objects the webhook checks. */
export interface AdmissionResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly resource: string;
  /** Empty for the resource itself. */
  readonly subResource: string;
  /** Versions that are sent as they are; all others are sent in `version`. */
  readonly otherVersions?: readonly string[];
  /** Controllers also make such objects, from others that the webhook checks. */
  readonly isMadeByControllers?: boolean;
  readonly operations: readonly ('CREATE' | 'UPDATE')[];
  /** The fields that a verdict depends on: an update that leaves them unchanged is not checked. Undefined: every update is. */
  readonly reads?: readonly (readonly string[])[];
}

/** Names a ConfigMap. */
export interface ConfigMapName {
  readonly namespace: string;
  readonly name: string;
}
