// Readings: what the evidence shows for one setting, and where. Data only.

/** A process whose settings are checked. */
export type Component = 'kube-apiserver' | 'kubelet';

/** How much the evidence proves: a document declares it, the API shows it running, the process itself answered, its host was read. */
export const VANTAGES = ['declared', 'running', 'live', 'on-node'] as const;

/** One of them. */
export type Vantage = (typeof VANTAGES)[number];

/** The kinds of objects that changes are written to. An action can be configured for each. */
export const SURFACES = [
  'mirror-pod',
  'pod',
  'workload',
  'kubelet-config',
  'kubeadm-config',
  'openshift-config',
  'declared-cluster',
] as const;

/** Where a setting was found: in an object that can be changed, or in a process. */
export type Surface = (typeof SURFACES)[number] | 'process';

/** How evidence is obtained from a process or its host: a name of the list in evidence/index.ts. Reports show it. */
export type Via = string;

/** Where a document was found: in a file, in an object of the API, or on a node (or at the address of an API server). */
export type Source =
  | { readonly path: string; readonly document: number }
  | { readonly object: string }
  | { readonly node: string; readonly via: Via };

/** The source of an answer: a process or its host. */
export type AskedSource = Extract<Source, { via: Via }>;

/** The layer of configuration that decides a setting. `kubeadm` is what kubeadm adds by itself. */
export type Layer = 'default' | 'kubeadm' | 'file' | 'drop-in' | 'flag' | 'live';

/** The place of a value in its source. */
export interface Origin {
  readonly layer: Layer;
  /** JSON Pointer (RFC 6901) into the document. */
  readonly pointer?: string;
  /** JSON Pointer into the text at `pointer`, where one document is embedded in another. */
  readonly within?: string;
  /** The line in the text at `pointer`, counted from 1. */
  readonly lineWithin?: number;
  /** The configuration file or drop-in, where a subject is read from several files. */
  readonly file?: string;
  /** The line, counted from 1, where the source is a text. */
  readonly line?: number;
}

/** Why something is unknown. */
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
  | 'not-read'
  | 'too-large'
  | 'crashed';

/** Why something is unknown. The message says what to do next. */
export interface Problem {
  readonly code: ProblemCode;
  readonly message: string;
  readonly origin?: Origin;
}

/** A problem with a source that belongs to no finding. The run is then incomplete. */
export interface SourceProblem {
  readonly problem: Problem;
  readonly source: Source | { readonly path: string };
}

/**
 * What the evidence shows for one setting. An empty string is `set`. `unreadable` is not `unset`: the evidence does not show
 * whether the setting has a value.
 */
export type Reading<T> =
  | { readonly state: 'set'; readonly value: T; readonly origin: Origin }
  | { readonly state: 'unset'; readonly origin?: Origin }
  | { readonly state: 'unreadable'; readonly problem: Problem };
