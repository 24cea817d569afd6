/** The vocabulary of the product: what can be read, what is judged, what is said about it. Data only, no behaviour. */

import type { IssuanceFacts, Moment, PemFacts } from './certificates.ts';

/** A process whose settings a control wants. */
export type Component = 'kube-apiserver' | 'kubelet';

/** How much the evidence proves: written down, seen in the API, asked of the process itself, read on its host. */
export type Vantage = 'declared' | 'running' | 'live' | 'on-node';

/** The kind of place that a change is written to; actions can be configured for each. `process` is no place but a process. */
export type Surface =
  'mirror-pod' | 'pod' | 'workload' | 'kubelet-config' | 'kubeadm-config' | 'openshift-config' | 'process';

/** How a process is asked, or its host. */
export type Via = 'configz' | 'configz-proxy' | 'handshake' | 'flagz' | 'proc';

/** Where a document was found: a file, an object of the API, or a node (or an API server's address) and how it was asked. */
export type Source =
  | { readonly path: string; readonly document: number }
  | { readonly object: string }
  | { readonly node: string; readonly via: Via };

/** The layer that had the last word on a setting. `kubeadm` is what kubeadm adds by itself. */
export type Layer = 'default' | 'kubeadm' | 'file' | 'drop-in' | 'flag' | 'live';

/** The place of a value inside its source. */
export interface Origin {
  readonly layer: Layer;
  /** JSON Pointer (RFC 6901) into the document that was handed over. */
  readonly pointer?: string;
  /** JSON Pointer inside the text that `pointer` points to, where a document is embedded in another. */
  readonly within?: string;
  /** The file of a drop-in or configuration, where a subject is made of several. */
  readonly file?: string;
  /** Line in the source, counted from 1, where the source is a text. */
  readonly line?: number;
}

/** Why something could not be told. */
export type ProblemCode =
  | 'malformed'
  | 'ambiguous'
  | 'unresolved'
  | 'unknown-flag'
  | 'unknown-wrapper'
  | 'not-visible'
  | 'not-mounted'
  | 'relative-path'
  | 'forbidden'
  | 'unauthorized'
  | 'unreachable'
  | 'timeout'
  | 'tls'
  | 'tls-version'
  | 'wrong-node'
  | 'unidentified'
  | 'outdated'
  | 'redirected'
  | 'not-found'
  | 'too-large'
  | 'crashed';

/** Something that could not be told, in words that say what to do next. */
export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  readonly origin?: Origin;
}

/**
 * What was found where a setting could be. An empty string is set, and empty. `unreadable` is never `unset`:
 * the value is there or not, and this evidence cannot show which.
 */
export type Reading<T> =
  | { readonly state: 'set'; readonly value: T; readonly origin: Origin }
  | { readonly state: 'unset'; readonly origin?: Origin }
  | { readonly state: 'unreadable'; readonly problem: Problem };

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

/** Tells what the file system of the subject's process can hold at a path, as far as the document shows. */
export type PathView = 'visible' | 'not-mounted' | 'relative' | 'not-shown';

/** One kube-apiserver. */
export interface ApiServer extends SubjectBase {
  readonly component: 'kube-apiserver';
  readonly kubeletClientCertificate: Reading<string>;
  readonly kubeletClientKey: Reading<string>;
  /** The CA that kube-apiserver verifies the serving certificates of kubelets by. */
  readonly kubeletCertificateAuthority: Reading<string>;
  /** The files of the client certificate and its key, where they were looked at. */
  readonly pair?: PairFiles;
  /** Kubelets that ask their callers for a certificate, and were shown none that they accept. */
  readonly refusedBy?: readonly string[];
  /** What the subject's mounts say of a path. */
  readonly view: (path: string) => PathView;
}

/** One kubelet, or the configuration that kubelets start with. A setting is absent where such evidence never shows it. */
export interface Kubelet extends SubjectBase {
  readonly component: 'kubelet';
  readonly clientCAFile?: Reading<string>;
  /** What the client CA file holds, where that was looked at. */
  readonly clientCA?: { readonly file: CertificateFile; readonly moment: Moment };
  /** The names of the CAs that it accepts client certificates of, as its TLS hello lists them (RFC 4514). */
  readonly acceptedAuthorities?: Reading<readonly string[]>;
  readonly anonymousAuth?: Reading<boolean>;
  readonly authorizationMode?: Reading<string>;
}

/** The client certificate of a kube-apiserver and its key, as they are on its host. */
export interface PairFiles {
  readonly certificate: CertificateFile;
  readonly key: CertificateFile;
  readonly issuance?: Issuance;
  readonly moment: Moment;
}

/** How a client certificate hangs together with the client CA file of the kubelet of its node. */
export interface Issuance {
  /** The path of that file. */
  readonly authorities: string;
  readonly facts: IssuanceFacts;
}

/** What a control judges. */
export type Subject = ApiServer | Kubelet;

/** A proven fault: which setting, what is wrong with it, where. */
export interface Violation {
  /** The fault's name, one of the control's message ids. */
  readonly code: string;
  readonly setting: string;
  readonly message: string;
  readonly origin?: Origin;
}

/** Something worth a reader's attention that does not change the outcome. */
export type Warning = Violation;

/** What a control says of a subject. A fail has a violation, an unknown has a problem, by construction. */
export type Outcome =
  | { readonly result: 'pass'; readonly warnings: readonly Warning[] }
  | {
      readonly result: 'fail';
      readonly violations: readonly [Violation, ...Violation[]];
      readonly problems: readonly Problem[];
      readonly warnings: readonly Warning[];
    }
  | {
      readonly result: 'unknown';
      readonly problems: readonly [Problem, ...Problem[]];
      readonly warnings: readonly Warning[];
    };

/** A value that a control looked at. */
export interface Evidence {
  readonly setting: string;
  readonly value: string;
  readonly origin: Origin;
}

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
  readonly certificates?: CertificateSight;
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

/** Nothing is at a path. */
export interface MissingFile {
  readonly state: 'missing';
  /** What is missing, where it is not what was asked for but something that it leads to. */
  readonly path?: string;
}

/** What is at a path can not be told. */
export interface UnreadableFile {
  readonly state: 'unreadable';
  readonly problem: Problem;
}

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
export interface CertificateSight {
  readonly moment: Moment;
  readonly read: (path: string) => CertificateFile;
  /** Undefined where the node has not exactly one kubelet, or where one of the two files can not be read. */
  readonly issuance: (path: string) => Issuance | undefined;
}

/** A file of certificates or a key, as far as it could be read. */
export type CertificateFile =
  | MissingFile
  | UnreadableFile
  | {
      readonly state: 'read';
      readonly pem: PemFacts;
      /** Who may read it: permission bits and owning group. */
      readonly access?: { readonly mode: number; readonly group: number };
    };

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

/** A process that was to be asked and gave no usable answer. */
export interface UnansweredDocument {
  readonly form: 'unanswered';
  readonly component: Component;
  readonly source: AskedSource;
  readonly problem: Problem;
}

/** A process that was asked, or its host. */
export type AskedSource = Extract<Source, { via: Via }>;

/** A problem with a source, outside of any finding: the run is then not complete. */
export interface SourceProblem {
  readonly problem: Problem;
  readonly source: Source | { readonly path: string };
}

/** What a set of documents shows. */
export interface Inspection {
  readonly findings: readonly Finding[];
  readonly problems: readonly SourceProblem[];
}
