// What a source hands over, not yet understood. Data only.

import type { CertificateFile, Issuance, MissingFile, CheckTime, UnreadableFile } from './certificates.ts';
import type { AskedSource, Component, Problem, Source, Vantage } from './reading.ts';
import type { SubjectName } from './subject.ts';

/** What a source hands over, not yet understood. */
export type RawDocument =
  | {
      /** The content of a file: YAML or JSON, one document or many. */
      readonly form: 'text';
      readonly path: string;
      readonly text: string;
    }
  | {
      /** One object, already decoded by an API server. */
      readonly form: 'object';
      readonly source: Source;
      readonly vantage: Vantage;
      readonly value: unknown;
    }
  | AnswerDocument
  | {
      /** What a kubelet's TLS hello said; undefined where it asked for no certificate. */
      readonly form: 'hello';
      readonly source: AskedSource;
      readonly authorities: readonly string[] | undefined;
    }
  | {
      /** Kubelets that ask for a certificate refused the calls of kube-apiserver as those of a stranger. */
      readonly form: 'refused-calls';
      readonly source: AskedSource;
      readonly kubelets: readonly string[];
    }
  | ProcessDocument
  | UnansweredDocument;

/** A process of a host, or one that its service manager would start. Its files can be read for as long as it is looked at. */
export interface ProcessDocument {
  readonly form: 'process';
  readonly source: Source;
  readonly subject: SubjectName;
  /**
   * What is wanted of it: the settings that it runs with, those that it would be started with now where they are others, or
   * the static pods of a kubelet.
   */
  readonly view: 'running' | 'next' | 'static-pods';
  readonly command: ProcessCommand;
  /** The systemd unit that it belongs to. */
  readonly unit?: string;
  readonly startedAt?: Date;
  readonly files: ProcessFiles;
  /** What its certificate files hold, where that is to be judged. */
  readonly certificates?: CertificateFiles;
  /** What of it can not be read, so that nothing about it is certain. */
  readonly problems: readonly Problem[];
}

/** How a process was started, or would be. */
export type ProcessCommand =
  /** With these words after the component's name. */
  | { readonly by: 'words'; readonly args: readonly string[] }
  /** With the words of a file of microk8s, in which the variables are replaced. */
  | { readonly by: 'args-file'; readonly path: string; readonly variables: ReadonlyMap<string, string> }
  /** Inside of k3s, which gives it a --config-dir. */
  | { readonly by: 'k3s'; readonly configDir: string }
  /** It does not run, and its unit would start it. */
  | { readonly by: 'unit' }
  | { readonly by: 'unknown'; readonly problem: Problem };

/** The files of a process, as it sees them. Whatever is there costs bounded time and memory, and none of these throws. */
export interface ProcessFiles {
  readonly readFile: (path: string) => { readonly state: 'read'; readonly text: string } | MissingFile | UnreadableFile;
  readonly readBytes: (
    path: string,
  ) => { readonly state: 'read'; readonly bytes: Uint8Array } | MissingFile | UnreadableFile;
  /** The `.conf` files of a kubelet's --config-dir, in the order in which the kubelet walks it. */
  readonly readDropIns: (directory: string) => readonly NamedText[] | MissingFile | UnreadableFile;
  /** The files of a kubelet's folder of static pods, in the order in which it reads them. */
  readonly readStaticPods: (path: string) => StaticPodFiles | MissingFile | UnreadableFile;
  readonly stat: (path: string) => FileStatus | MissingFile | UnreadableFile;
}

/** The certificate files of a process, as it sees them. Bounded as its other files, and none of these throws. */
export interface CertificateFiles {
  readonly moment: CheckTime;
  readonly read: (path: string) => CertificateFile;
  /** Undefined where the node has not exactly one kubelet, or where one of the two files can not be read. */
  readonly issuance: (path: string) => Issuance | undefined;
}

/** A file's path and text. */
export interface NamedText {
  readonly path: string;
  readonly text: string;
}

/** What a kubelet reads of its folder of static pods. */
export interface StaticPodFiles {
  readonly state: 'read';
  readonly files: readonly NamedText[];
  /** Files that can not be read here, but perhaps by the kubelet. */
  readonly problems: readonly Problem[];
}

/** What is known of a file without opening it. */
export interface FileStatus {
  readonly state: 'present';
  readonly kind: 'file' | 'folder' | 'other';
  /** The permission bits. */
  readonly mode: number;
  readonly owner: number;
  readonly group: number;
  readonly size: number;
  /** When anything of the file was changed, which nobody can set. */
  readonly changed: Date;
}

/** What a process answered: the body of a kubelet's `/configz`, or of a kube-apiserver's `/flagz`. */
export interface AnswerDocument {
  readonly form: 'configz' | 'flagz';
  readonly source: AskedSource;
  readonly value: unknown;
}

/** A process that was asked and gave no usable answer. */
export interface UnansweredDocument {
  readonly form: 'unanswered';
  readonly component: Component;
  /** The form of the document that a usable answer would have been. */
  readonly wanted: 'configz' | 'flagz' | 'hello' | 'process';
  readonly source: AskedSource;
  readonly problem: Problem;
}
