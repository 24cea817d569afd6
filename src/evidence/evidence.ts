// What a way to ask a process is: the type of an entry of the list in index.ts.

import type { Cluster } from '../kube/cluster.ts';
import type { NonResourceRight, ResourceRight } from '../kube/read-only-api.ts';
import type { ControlMetadata } from '../policy/control.ts';
import type { RawDocument } from '../policy/document.ts';
import type { NodeAudit } from '../policy/link/node-audit.ts';
import type { IdentityProblem, ServingNames } from '../policy/link/identity.ts';
import type { Problem, Via } from '../policy/reading.ts';
import type { KnownNode } from './node-agent/audit-time.ts';

/** A way to ask a process for its settings. */
export type EvidenceKind = KubeletEntry | ApiServerEntry | StoredAuditEntry | HostEntry;

interface EvidenceBase {
  /** Its name in `--evidence` and in `sweep.evidence`. */
  readonly name: string;
  /** `source.via` of its documents, and the label `evidence` of the metrics. */
  readonly via: Via;
  /** Whether `sweep` and the background sweeper can ask in this way. */
  readonly sweep: boolean;
  /** Whether `node` can ask in this way. */
  readonly node: boolean;
  /** Whether it is asked where nobody chooses the evidence. */
  readonly default: boolean;
  /** What it shows and what it needs, for `--help`. */
  readonly help: string;
  /** The rights that it needs, beside those of every sweep. The manifests grant those of the defaults. */
  readonly rights: readonly EvidenceRight[];
}

/** Asks each kubelet. */
interface KubeletEntry extends EvidenceBase {
  readonly asks: 'kubelet';
  readonly make: (deps: EvidenceDeps) => Promise<KubeletEvidence>;
}

/** Asks each kube-apiserver. */
interface ApiServerEntry extends EvidenceBase {
  readonly asks: 'kube-apiserver';
  readonly make: (deps: EvidenceDeps) => Promise<AskApiServers>;
}

/** Loads what an agent on each node has stored. */
interface StoredAuditEntry extends EvidenceBase {
  readonly asks: 'stored-audit';
  readonly make: (deps: EvidenceDeps) => Promise<LoadAudit>;
}

/** Reads the host that the process itself runs on; only the command `node` does, with evidence/host. */
interface HostEntry extends EvidenceBase {
  readonly asks: 'host';
}

/** A right of a service account, both as the manifests name them. */
export type EvidenceRight = { readonly account: string } & (ResourceRight | NonResourceRight);

/** What a way to ask works with. */
export interface EvidenceDeps {
  readonly cluster: Pick<Cluster, 'server' | 'ca' | 'userAgent' | 'request' | 'clientCertificate'>;
  /** The namespace that kubelet-guard runs in. */
  readonly namespace: string;
  /** The CA of the kubelets' serving certificates in PEM, if one is configured. */
  readonly kubeletCA: string | undefined;
  /** Milliseconds for one process. */
  readonly timeout: number;
  readonly controls: readonly ControlMetadata[];
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  readonly now: () => Date;
  /** Called when a kubelet got a token though its certificate did not verify. */
  readonly unverified: (node: string) => void;
  /** Called when kubelets are shown the client certificate of the kubeconfig, because there is no token, with the reason. */
  readonly withoutToken?: ((reason: string) => void) | undefined;
}

/** A node, as far as it is needed to ask its kubelet. */
export interface NodeTarget {
  readonly name: string;
  readonly uid: string;
  /** The IP address or host name of the kubelet. */
  readonly address: string;
  readonly port: number;
  /**
   * Why a server with this certificate is not the node's kubelet; undefined if it is. Without this function any server is
   * believed: a host that asks its own kubelet knows where that is.
   */
  readonly identityProblem?: (seen: ServingNames | undefined) => IdentityProblem | undefined;
}

/** Asks one kubelet. */
export interface KubeletEvidence {
  /** `source.via` of its documents. */
  readonly name: Via;
  /** The form of the document that a usable answer gives. */
  readonly wanted: 'configz' | 'hello';
  /** It only says more about a fault that `/configz` shows, and is asked after it. */
  readonly refines?: true;
  /**
   * Asks once, within its own limits of time and bytes. Never rejects: without a usable answer the document is
   * `unanswered`, and its problem code is the reason.
   */
  readonly ask: (node: NodeTarget, signal: AbortSignal) => Promise<RawDocument>;
}

/** Asks every kube-apiserver of the cluster. Never rejects. */
export type AskApiServers = (signal: AbortSignal) => Promise<readonly RawDocument[]>;

/** Loads the audit that the agent of a node stored: undefined if there is none, a problem if it cannot be used. Never rejects. */
export type LoadAudit = (node: KnownNode, signal: AbortSignal) => Promise<NodeAudit | Problem | undefined>;
