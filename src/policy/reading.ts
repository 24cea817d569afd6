// What evidence shows of a setting, and where it shows it. Data only.

/** A process whose settings a control wants. */
export type Component = 'kube-apiserver' | 'kubelet';

/** How much the evidence proves: written down, seen in the API, asked of the process itself, read on its host. */
export type Vantage = 'declared' | 'running' | 'live' | 'on-node';

/** The kind of place that a change is written to; actions can be configured for each. `process` is no place but a process. */
export type Surface =
  'mirror-pod' | 'pod' | 'workload' | 'kubelet-config' | 'kubeadm-config' | 'openshift-config' | 'process';

/** How a process is asked, or its host: a name of the list in evidence/index.ts, which reports show. */
export type Via = string;

/** Where a document was found: a file, an object of the API, or a node (or an API server's address) and how it was asked. */
export type Source =
  | { readonly path: string; readonly document: number }
  | { readonly object: string }
  | { readonly node: string; readonly via: Via };

/** A process that was asked, or its host. */
export type AskedSource = Extract<Source, { via: Via }>;

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

/** A problem with a source, outside of any finding: the run is then not complete. */
export interface SourceProblem {
  readonly problem: Problem;
  readonly source: Source | { readonly path: string };
}

/**
 * What was found where a setting could be. An empty string is set, and empty. `unreadable` is never `unset`:
 * the value is there or not, and this evidence cannot show which.
 */
export type Reading<T> =
  | { readonly state: 'set'; readonly value: T; readonly origin: Origin }
  | { readonly state: 'unset'; readonly origin?: Origin }
  | { readonly state: 'unreadable'; readonly problem: Problem };
