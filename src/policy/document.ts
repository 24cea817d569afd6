// Raw documents: what was read from a file, the API, a process or a host, before it is understood. Data only.

import type { CertificateFile, Issuance, MissingFile, CheckTime, UnreadableFile } from './certificates.ts';
import type { AskedSource, Component, Problem, Source, Vantage } from './reading.ts';
import type { SubjectName } from './subject.ts';

/** What was read from one source. */
export type RawDocument =
  | TextDocument
  | FilesDocument
  | {
      /** One object, decoded by an API server. */
      readonly form: 'object';
      readonly source: Source;
      readonly vantage: Vantage;
      readonly value: unknown;
    }
  | AnswerDocument
  | {
      /** The flags of a kubelet, from its `/flagz`. */
      readonly form: 'kubelet-flagz';
      readonly source: AskedSource;
      readonly flags: Readonly<Record<string, unknown>>;
    }
  | {
      /** The names of the CAs in a kubelet's TLS handshake; undefined if it requested no client certificate. */
      readonly form: 'hello';
      readonly source: AskedSource;
      readonly authorities: readonly string[] | undefined;
    }
  | {
      /** The kubelets that request a client certificate and rejected the calls of kube-apiserver as unauthenticated. */
      readonly form: 'refused-calls';
      readonly source: AskedSource;
      readonly kubelets: readonly string[];
    }
  | ProcessDocument
  | UnansweredDocument;

/** The content of a file: YAML or JSON, one document or many, or a text of another kind. */
export interface TextDocument {
  readonly form: 'text';
  readonly path: string;
  readonly text: string;
  /** How it was found. Without it, a text that holds nothing to check is no problem. */
  readonly found?: FoundFile;
}

/** How a file was found. */
export interface FoundFile {
  /** The path that the user named: the file's own, or that of a folder that it is in. */
  readonly named: string;
  /** The folder of the Helm chart that it is a template of, or the values. */
  readonly chart?: string;
  /** It is beside `.conf` files that are drop-ins of a kubelet. */
  readonly besideDropIns?: true;
}

/** Files that only count together: the units, drop-ins and environment files of a host. */
export interface FilesDocument {
  readonly form: 'files';
  /** The folder that they were found in. */
  readonly source: Source;
  readonly files: readonly NamedText[];
}

/** A process on a host, or one that its service manager would start. Its files can be read while it is inspected. */
export interface ProcessDocument {
  readonly form: 'process';
  readonly source: Source;
  readonly subject: SubjectName;
  /**
   * What is inspected: the settings that it runs with, the settings of its next start if they differ, or the static pods of a
   * kubelet.
   */
  readonly view: 'running' | 'next' | 'static-pods';
  readonly command: ProcessCommand;
  /** The systemd unit that it belongs to. */
  readonly unit?: string;
  readonly startedAt?: Date;
  /** The minor version of Kubernetes that it runs, if its host shows it. */
  readonly minor?: number;
  readonly files: ProcessFiles;
  /** The files of its host, where its unit is, if it has its own. */
  readonly hostFiles?: ProcessFiles;
  /** Its certificate files, if they are checked. */
  readonly certificates?: CertificateFiles;
  /** What could not be read of it. Every finding about it is then unknown. */
  readonly problems: readonly Problem[];
}

/** The command line of a process, or of its next start. */
export type ProcessCommand =
  /** The arguments after the name of the component. */
  | { readonly by: 'words'; readonly args: readonly string[] }
  /** The arguments in a file of microk8s, in which the variables are replaced. */
  | { readonly by: 'args-file'; readonly path: string; readonly variables: ReadonlyMap<string, string> }
  /** It runs inside k3s, whose data is in this folder. */
  | { readonly by: 'k3s'; readonly dataDirectory: string }
  /** It does not run. Its systemd unit would start it. */
  | { readonly by: 'unit' }
  | { readonly by: 'unknown'; readonly problem: Problem };

/** The files of a process, in its own view of the file system. Every call takes bounded time and memory, and never throws. */
export interface ProcessFiles {
  readonly readFile: (path: string) => { readonly state: 'read'; readonly text: string } | MissingFile | UnreadableFile;
  readonly readBytes: (
    path: string,
  ) => { readonly state: 'read'; readonly bytes: Uint8Array } | MissingFile | UnreadableFile;
  /** The `.conf` files in a kubelet's --config-dir, in the order in which the kubelet reads them. */
  readonly readDropIns: (directory: string) => readonly NamedText[] | MissingFile | UnreadableFile;
  /** The files in a kubelet's static pod folder, in the order in which the kubelet reads them. */
  readonly readStaticPods: (path: string) => StaticPodFiles | MissingFile | UnreadableFile;
  readonly stat: (path: string) => FileStatus | MissingFile | UnreadableFile;
}

/** The certificate files of a process, in its own view of the file system. Bounded as its other files, and never throws. */
export interface CertificateFiles {
  readonly moment: CheckTime;
  readonly read: (path: string) => CertificateFile;
  /** Undefined if the node does not have exactly one kubelet, or if one of the two files cannot be read. */
  readonly issuance: (path: string) => Issuance | undefined;
}

/** A file's path and text. */
export interface NamedText {
  readonly path: string;
  readonly text: string;
}

/** The static pod files that a kubelet reads. */
export interface StaticPodFiles {
  readonly state: 'read';
  readonly files: readonly NamedText[];
  /** Files that this process cannot read, but the kubelet may. */
  readonly problems: readonly Problem[];
}

/** The status of a file, known without opening it. */
export interface FileStatus {
  readonly state: 'present';
  readonly kind: 'file' | 'folder' | 'other';
  /** The permission bits. */
  readonly mode: number;
  readonly owner: number;
  readonly group: number;
  readonly size: number;
  /** The time of the last change of content or metadata (ctime), which no program can set. In a copy of a host, that of the content. */
  readonly changed: Date;
}

/** What a process answered: the body of a kubelet's `/configz`, or of a kube-apiserver's `/flagz`. */
export interface AnswerDocument {
  readonly form: 'configz' | 'flagz';
  readonly source: AskedSource;
  readonly value: unknown;
}

/** A process that gave no usable answer. */
export interface UnansweredDocument {
  readonly form: 'unanswered';
  readonly component: Component;
  /** The form of the document that a usable answer would have been. */
  readonly wanted: 'configz' | 'flagz' | 'hello' | 'process';
  readonly source: AskedSource;
  readonly problem: Problem;
}
