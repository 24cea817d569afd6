// The format of reports: types only. See schema/guard-report.schema.json.

import type { CertificateList } from '../policy/certificates.ts';
import type { Exemption } from '../policy/control.ts';
import type { Drift, Finding, OtherEvidence } from '../policy/finding.ts';
import type { Component, Layer, ProblemCode, Source, SourceProblem, Vantage } from '../policy/reading.ts';
import type { Link } from '../policy/link/link.ts';
import type { ShownResult } from './shown-result.ts';

/** The report that other programs read: `--output json`, `GET /api/v1/report` and baselines. */
export interface GuardReport {
  readonly apiVersion: 'kubelet-guard.dev/v1alpha1';
  readonly kind: 'GuardReport';
  readonly run: ReportedRun;
  readonly summary: Summary;
  /** The link between kube-apiservers and kubelets as a whole; only if a cluster was swept. */
  readonly link?: Link;
  /** Every node that is listed; only if a cluster was swept. */
  readonly nodes?: NodeCounts;
  /** The configured exemptions; absent if there are none. */
  readonly exemptions?: readonly ReportedExemption[];
  readonly findings: readonly ReportedFinding[];
}

/** A configured exemption. */
export interface ReportedExemption extends Exemption {
  /** It has expired and no longer applies; absent otherwise. */
  readonly expired?: true;
}

/** A report without its findings, which can be too many to hold at once. */
export type ReportHead = Omit<GuardReport, 'findings'>;

/** A report whose findings are made one by one, each time they are read. A `GuardReport` is one. */
export interface StreamedReport extends ReportHead {
  readonly findings: Iterable<ReportedFinding>;
}

/** The cluster that a run asked. */
export interface ReportedCluster {
  /** The `host:port` of its API server. */
  readonly server: string;
  /** The context of the kubeconfig; absent in a pod. */
  readonly context?: string;
  /** The uid of the namespace kube-system, which identifies the cluster; absent if it cannot be read. */
  readonly uid?: string;
  /** The `gitVersion` of the API server. */
  readonly version?: string;
}

/** Which run made the report, and when. */
export interface Run {
  readonly id: string;
  readonly entrance: 'check' | 'node' | 'sweep' | 'serve';
  /** RFC 3339, in UTC. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** The program that ran. */
  readonly tool?: { readonly name: 'kubelet-guard'; readonly version: string };
  /** Present if a cluster was asked. */
  readonly cluster?: ReportedCluster;
  /** The benchmark that was chosen with --benchmark. */
  readonly benchmark?: string;
  /** The SHA-256 of the GuardConfiguration in hexadecimal; absent if none was given. */
  readonly configuration?: { readonly digest: string };
  /** Present if only a part was selected. */
  readonly selection?: ReportedSelection;
}

/** What of a run was selected. A report with it is not about everything that was checked. */
export interface ReportedSelection {
  /** The slugs of the controls; absent if all. */
  readonly controls?: readonly string[];
  /** The names of nodes, or patterns; absent if all. */
  readonly nodes?: readonly string[];
  /** The results that are listed; absent if all. The summary counts all. */
  readonly results?: readonly ShownResult[];
}

/** A run that has a problem is not complete: something could be wrong that no finding shows. */
export interface ReportedRun extends Run {
  readonly complete: boolean;
  readonly problems: readonly ReportedRunProblem[];
  /** Present if the report was compared with a baseline, so that it shows only what is worse. */
  readonly baseline?: ReportedBaseline;
}

/** How many findings have which result. Each finding counts once. */
export interface Summary {
  readonly pass: number;
  /** Without those that are exempt. */
  readonly fail: number;
  /** Without those that are exempt. */
  readonly unknown: number;
  /** How many findings fail or are unknown, and are exempt; absent if none. */
  readonly exempted?: number;
}

/** How many nodes have which worst result. Each node counts once. */
export interface NodeCounts {
  readonly pass: number;
  readonly fail: number;
  readonly unknown: number;
  /** Nodes on which only exempt findings fail or are unknown; absent if none. */
  readonly exempted?: number;
  /**
   * Nodes with the label of a virtual node, at which nothing answered. A kubelet can set that label itself, so their findings
   * are unknown.
   */
  readonly skipped: number;
  /** The names of the first skipped nodes; absent if none. */
  readonly skippedNames?: readonly string[];
}

/** The baseline that a report was compared with, and what the report therefore does not show. */
export interface ReportedBaseline {
  /** The run that made the baseline. */
  readonly id: string;
  readonly finishedAt: string;
  /** The findings that are not worse. */
  readonly notShown: Summary;
  /** How many of them pass now and did not before. */
  readonly mended: number;
  /** How many findings of the baseline this run has none for. */
  readonly gone: number;
}

/** Where in its source something is; `within` and `file` as in `Origin`. */
export interface Place {
  readonly pointer?: string;
  readonly within?: string;
  readonly file?: string;
  readonly line?: number;
}

export interface ReportedViolation extends Place {
  readonly code: string;
  readonly setting: string;
  readonly message: string;
}

export interface ReportedProblem extends Place {
  readonly code: ProblemCode;
  readonly message: string;
}

/** A problem of the run: something could not be read or checked. */
export interface ReportedRunProblem extends ReportedProblem {
  readonly source: SourceProblem['source'];
}

export interface ReportedEvidence extends Place {
  readonly setting: string;
  readonly value: string;
  readonly layer: Layer;
}

/** A setting that nothing sets. */
export interface ReportedAbsence {
  readonly setting: string;
  /** The document, the container, or the answer of the process in which it was looked for, in words. */
  readonly lookedAt: string;
}

/** Evidence that did not decide. `agrees` is false if it contradicts the deciding evidence. */
export interface ReportedOtherEvidence extends Pick<OtherEvidence, 'source' | 'vantage' | 'result' | 'agrees'> {
  readonly evidence: readonly ReportedEvidence[];
  readonly problems: readonly ReportedProblem[];
  /** Present if it is the evidence of the next start of the process. */
  readonly pending?: true;
  /** Present if it is pending and fails. */
  readonly violations?: readonly ReportedViolation[];
}

export interface ReportedFinding extends CertificateList {
  readonly control: string;
  readonly result: 'pass' | 'fail' | 'unknown';
  readonly subject: {
    readonly component: Component;
    readonly name: string;
    readonly namespace?: string;
    readonly kind?: string;
    readonly node?: string;
    readonly container?: string;
  };
  readonly source: Source;
  readonly vantage: Vantage;
  readonly violations: readonly ReportedViolation[];
  readonly problems: readonly ReportedProblem[];
  /** Absent if there is none. */
  readonly warnings?: readonly ReportedViolation[];
  readonly evidence: readonly ReportedEvidence[];
  /** The settings that the finding fails for because nothing sets them; absent if there are none. `evidence` has no value of them. */
  readonly absent?: readonly ReportedAbsence[];
  /** The pool that the labels of the node name; absent if none does. */
  readonly pool?: string;
  /** The evidence that did not decide; absent if there is none. */
  readonly otherEvidence?: readonly ReportedOtherEvidence[];
  /** Whether the whole link to this node's kubelet stands; only of the kubelet's end, where a cluster was swept. */
  readonly link?: Finding['outcome']['result'];
  /** How it changed; absent if earlier runs are not known, and if it always passed. */
  readonly drift?: Drift;
  /** Present if an exemption applies. */
  readonly exempted?: {
    readonly reason: string;
    readonly expires?: string;
    /** The pattern of the exemption; absent in reports of older versions. */
    readonly subject?: string;
  };
  /** What the control wants, in a few words; only where it fails. */
  readonly expected?: string;
  readonly references: readonly string[];
  readonly remediation: string;
}
