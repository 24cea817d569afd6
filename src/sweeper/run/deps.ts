// What a sweep works with: the cluster that it asks, the settings of one sweep, and where its results go.

import type { Exemption } from '../../policy/control.ts';
import type { RawDocument, UnansweredDocument } from '../../policy/document.ts';
import type { Finding, Inspection } from '../../policy/finding.ts';
import type { SourceProblem } from '../../policy/reading.ts';
import type { KubeletEvidence, LoadAudit } from '../../evidence/evidence.ts';
import type { ListedNode } from '../../evidence/nodes.ts';
import type { SweepHistory } from '../reports/history.ts';

/** The cluster that a sweep asks, and where its results go. */
export interface SweepDeps {
  /** The `host:port` of the API server. */
  readonly server: string;
  /** The context of the kubeconfig; undefined in a pod. */
  readonly context: string | undefined;
  /** Lists pods and ConfigMaps, and gives a problem for each list that failed. */
  readonly objects: (signal: AbortSignal) => AsyncIterable<RawDocument | SourceProblem>;
  /** Lists the nodes, page by page. */
  readonly nodes: (signal: AbortSignal) => AsyncIterable<readonly ListedNode[]>;
  /** Gives the `gitVersion` of the API server; undefined if it does not answer. Never rejects. */
  readonly version: (signal: AbortSignal) => Promise<string | undefined>;
  /** Gives what identifies the cluster; undefined if it cannot be read. Never rejects. */
  readonly clusterUid: (signal: AbortSignal) => Promise<string | undefined>;
  /** The ways to ask each kubelet. */
  readonly evidence: readonly KubeletEvidence[];
  /** Loads the audit that the agent of a node stored. */
  readonly loadAudit: LoadAudit;
  /** Asks every kube-apiserver; undefined if that is not wanted. Never rejects. */
  readonly askApiServers: ((signal: AbortSignal) => Promise<readonly RawDocument[]>) | undefined;
  readonly history: SweepHistory;
  readonly callbacks: SweepCallbacks;
  /** Resolves when the next kubelet may be asked: at once, unless the process has more urgent work. */
  readonly nextTurn: (signal: AbortSignal) => Promise<unknown>;
  readonly now: () => Date;
}

/** Called while a sweep runs. */
export interface SweepCallbacks {
  /** So many of the listed nodes are checked. */
  readonly onProgress: (checked: number, listed: number) => void;
  /** A process gave no usable answer. */
  readonly onUnanswered: (document: UnansweredDocument) => void;
  /** A finding is final. */
  readonly onFinding: (finding: Finding, exemption: Exemption | undefined) => void;
  /** A finding could not be stored or announced. It still counts. */
  readonly onStoreError: (problem: SourceProblem) => void;
}

/** The settings of one sweep. */
export interface SweepOptions {
  /** Makes the findings of all controls about a document. Never throws. */
  readonly inspect: (document: RawDocument) => Inspection;
  /** Tells whether a finding is reported. The link and all other findings do not depend on it. */
  readonly isReported: (finding: Finding) => boolean;
  /** All configured exemptions, for the report. */
  readonly exemptions: readonly Exemption[];
  readonly exemptionFor: (finding: Finding) => Exemption | undefined;
  /** How many nodes are asked at the same time. */
  readonly concurrency: number;
}
