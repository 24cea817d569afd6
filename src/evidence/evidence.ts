import type { ServingNames, IdentityProblem } from '../policy/link/identity.ts';
import type { RawDocument } from '../policy/document.ts';

/** A node, as far as it is needed to ask its kubelet. */
export interface NodeTarget {
  readonly name: string;
  readonly uid: string;
  /** The IP address or host name of the kubelet. */
  readonly address: string;
  readonly port: number;
  /**
   * Why a server with this certificate is not the node's kubelet; undefined where it is. Without it whoever answers is
   * believed: a host that asks its own kubelet knows where that is.
   */
  readonly stranger?: (seen: ServingNames | undefined) => IdentityProblem | undefined;
}

/** A way to ask a kubelet. */
export interface KubeletEvidence {
  /** What its documents are marked with, and the label of metrics. */
  readonly name: string;
  /** The form of the document that a usable answer gives. */
  readonly wanted: 'configz' | 'hello';
  /**
   * Asks once, within its own limits of time and bytes. Never rejects: what gives no answer is an `unanswered` document,
   * whose problem code is the reason.
   */
  readonly ask: (node: NodeTarget, signal: AbortSignal) => Promise<RawDocument>;
}
