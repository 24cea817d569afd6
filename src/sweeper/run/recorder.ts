// The recorder of a sweep: compares final findings with those of the last complete sweep, counts, reports and stores them.

import type { CombinedFindings } from '../../policy/link/combine.ts';
import { summaryOf, driftOf } from '../../policy/decision/drift.ts';
import { findingKey } from '../../policy/finding-key.ts';
import { countLink, type Link, type LinkCounter } from '../../policy/link/link.ts';
import type { Platform } from '../../policy/benchmarks/platform.ts';
import type { Exemption } from '../../policy/control.ts';
import type { Finding } from '../../policy/finding.ts';
import type { SourceProblem } from '../../policy/reading.ts';
import type { ListedNode } from '../../evidence/nodes.ts';
import { RunCounts } from '../../outputs/counts.ts';
import type { NodeCounts } from '../../outputs/guard-report.ts';
import type { ReportSubject } from '../../outputs/cluster/objects.ts';
import { crashOf } from './crashes.ts';
import type { SweepDeps, SweepOptions } from './deps.ts';
import { SweepFindings } from './findings.ts';

/** How a kubelet answered a call through kube-apiserver. */
export type ProxyCall = 'answered' | 'refused';

/** The final findings of a node. */
export interface NodeRecord extends CombinedFindings {
  readonly call: ProxyCall | undefined;
  /** The node has no kubelet. */
  readonly isSkipped: boolean;
  /** A part of an answer could not be checked. */
  readonly isPartial: boolean;
}

/** A node, and its pool. */
type RecordedNode = Pick<ListedNode, 'name' | 'uid' | 'pool'>;

/** How the findings about the control plane are recorded. */
export interface ControlPlaneRecord {
  /** Gives the pool of a node; undefined if nothing shows it. */
  readonly poolOf: (node: string) => string | undefined;
  readonly isPartial: boolean;
  /** The whole sweep has read everything. */
  readonly isComplete: boolean;
}

/** What a sweep has recorded. */
export interface SweepRecord {
  readonly counts: RunCounts;
  readonly link: Link;
  readonly nodes: NodeCounts;
  readonly findings: SweepFindings;
}

/** What a recorder works with. */
export interface RecorderDeps extends Pick<SweepDeps, 'history' | 'callbacks'>, Pick<SweepOptions, 'exemptionFor'> {
  /** A bug kept a finding from being compared, counted, reported or stored. */
  readonly onCrash: (problem: SourceProblem) => void;
  /** The start of the sweep, RFC 3339 in UTC. */
  readonly startedAt: string;
  /** The platform of the cluster, for findings that do not show their own. */
  readonly platform: () => Platform | undefined;
}

/** So many skipped nodes are named. */
const MAX_SKIPPED_NAMES = 100;

/** Records one sweep. */
export class SweepRecorder {
  readonly #deps: RecorderDeps;
  readonly #signal: AbortSignal;
  readonly #counts = new RunCounts();
  readonly #nodes = { pass: 0, fail: 0, unknown: 0, exempted: 0, skipped: 0 };
  readonly #skippedNames: string[] = [];
  readonly #findings = new SweepFindings();
  readonly #link: LinkCounter;

  constructor(deps: RecorderDeps, signal: AbortSignal) {
    this.#deps = deps;
    this.#signal = signal;
    // a crash here is reported with the finding itself
    this.#link = countLink((finding) => this.#exemptionOf(finding, () => undefined) !== undefined);
  }

  /** Records the findings of a node. Rejects only if the signal aborts. */
  async recordNode({ name, uid, pool }: RecordedNode, record: NodeRecord): Promise<void> {
    const { all, reported, call, isSkipped, isPartial } = record;
    this.#link.addNode(all, call);
    const isExempt = (finding: Finding): boolean => this.#exemptionOf(finding, () => undefined) !== undefined;
    this.#nodes[isSkipped ? 'skipped' : worstOf(reported, isExempt)] += 1;
    if (isSkipped && this.#skippedNames.length < MAX_SKIPPED_NAMES) this.#skippedNames.push(name);
    await this.#record(
      { kind: 'node', name, uid },
      inPool(reported, () => pool),
      { isPartial, isComplete: false },
      (findings) => {
        this.#findings.addNode(name, findings);
      },
    );
  }

  /**
   * Records the findings about the control plane and all other objects. Rejects only if the signal aborts.
   */
  async recordControlPlane(
    { all, reported }: CombinedFindings,
    { poolOf, isPartial, isComplete }: ControlPlaneRecord,
  ): Promise<void> {
    this.#link.addApiServers(all);
    await this.#record({ kind: 'control-plane' }, inPool(reported, poolOf), { isPartial, isComplete }, (findings) => {
      this.#findings.add(findings);
    });
  }

  /** Deletes reports of nodes that no longer exist, if the sweep is complete. Rejects only if the signal aborts. */
  async deleteStaleReports(isComplete: boolean): Promise<void> {
    const { history, callbacks, onCrash } = this.#deps;
    const isPresent = (node: string): boolean => this.#findings.hasNode(node);
    try {
      const problems = await history.deleteStale(isComplete ? isPresent : undefined, this.#signal);
      for (const problem of problems) callbacks.onStoreError(problem);
    } catch (cause) {
      this.#signal.throwIfAborted();
      onCrash(crashOf('the reports of nodes that no longer exist', cause));
    }
  }

  /** @param apiServersNotApplicable why no kube-apiserver can be checked, if a provider runs them */
  result(apiServersNotApplicable: string | undefined): SweepRecord {
    const names = this.#skippedNames.toSorted();
    const { exempted, ...rest } = this.#nodes;
    return {
      counts: this.#counts,
      link: this.#link.result(apiServersNotApplicable),
      nodes: {
        ...rest,
        ...(exempted > 0 && { exempted }),
        ...(names.length > 0 && { skippedNames: names }),
      },
      findings: this.#findings,
    };
  }

  /** After a crash the rest is recorded all the same, the crash is reported once, and nothing is stored. */
  async #record(
    about: ReportSubject,
    reported: readonly Finding[],
    { isPartial, isComplete }: { readonly isPartial: boolean; readonly isComplete: boolean },
    keep: (findings: readonly Finding[]) => void,
  ): Promise<void> {
    const { history, callbacks, onCrash, startedAt: at } = this.#deps;
    let hasCrashed = false;
    const crash = (cause: unknown): void => {
      if (!hasCrashed) onCrash(crashOf(about.kind === 'node' ? `the node ${about.name}` : 'the control plane', cause));
      hasCrashed = true;
    };
    const guarded = <T>(work: () => T, otherwise: T): T => {
      try {
        return work();
      } catch (cause) {
        crash(cause);
        return otherwise;
      }
    };
    const findings = guarded(
      () => reported.map((finding) => this.#withDrift(about, this.#withPlatform(finding))),
      reported,
    );
    guarded(() => {
      keep(findings);
    }, undefined);
    for (const finding of findings) {
      const exemption = this.#exemptionOf(finding, crash);
      this.#counts.add(finding.outcome.result, { isExempted: exemption !== undefined });
      guarded(() => {
        callbacks.onFinding(finding, exemption);
      }, undefined);
    }
    try {
      const exemptionFor = (finding: Finding): Exemption | undefined => this.#exemptionOf(finding, crash);
      const status = { at, isPartial: isPartial || hasCrashed, isComplete: isComplete && !hasCrashed, exemptionFor };
      const problems = await history.save(about, findings, status, this.#signal);
      for (const problem of problems) callbacks.onStoreError(problem);
    } catch (cause) {
      this.#signal.throwIfAborted();
      crash(cause);
    }
  }

  #exemptionOf(finding: Finding, onCrash: (cause: unknown) => void): Exemption | undefined {
    try {
      return finding.outcome.result === 'pass' ? undefined : this.#deps.exemptionFor(finding);
    } catch (cause) {
      onCrash(cause);
      return undefined;
    }
  }

  #withPlatform(finding: Finding): Finding {
    const platform = finding.platform ?? this.#deps.platform();
    return platform === undefined ? finding : { ...finding, platform };
  }

  #withDrift(about: ReportSubject, finding: Finding): Finding {
    const { history, startedAt } = this.#deps;
    const before = history.previous(about, findingKey(finding));
    const drift = driftOf(summaryOf(finding), before, startedAt);
    // without the stored reports only a change of what this process has seen itself is known
    const isKnown = history.isLoaded() || (before !== undefined && drift?.state !== 'persisting');
    return drift === undefined || !isKnown ? finding : { ...finding, drift };
  }
}

function inPool(findings: readonly Finding[], poolOf: ControlPlaneRecord['poolOf']): readonly Finding[] {
  return findings.map((finding) => {
    const { node } = finding.subject;
    const pool = node === undefined ? undefined : poolOf(node);
    return pool === undefined ? finding : { ...finding, pool };
  });
}

function worstOf(
  findings: readonly Finding[],
  isExempt: (finding: Finding) => boolean,
): Finding['outcome']['result'] | 'exempted' {
  const results = new Set(findings.map((finding) => (isExempt(finding) ? 'exempted' : finding.outcome.result)));
  for (const worst of ['fail', 'unknown', 'exempted', 'pass'] as const) if (results.has(worst)) return worst;
  return 'unknown';
}
