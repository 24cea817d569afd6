import type { CombinedFindings } from '../../policy/link/combine.ts';
import { summaryOf, driftOf } from '../../policy/decision/drift.ts';
import { findingKey } from '../../policy/finding-key.ts';
import { countLink, type Link } from '../../policy/link/link.ts';
import type { Exemption } from '../../policy/control.ts';
import type { Finding } from '../../policy/finding.ts';
import type { SourceProblem } from '../../policy/reading.ts';
import { RunCounts } from '../../outputs/counts.ts';
import type { NodeCounts } from '../../outputs/guard-report.ts';
import type { ReportSubject } from '../../outputs/cluster/objects.ts';
import type { SweepHistory } from '../reports/history.ts';
import { openLedger, type Ledger } from './findings.ts';
import { crashed as crashOf } from './crashes.ts';

/** How a kubelet answered a call that kube-apiserver passed on. */
export type Call = 'answered' | 'refused';

/** What a sweep has found so far. */
export interface Books {
  /** Takes the final findings of a node: compares them with what is remembered, counts, and stores them. */
  readonly closeNode: (node: Named, closed: ClosedNode) => Promise<void>;
  /** Takes the final findings of everything else; in part where some of it could not be listed. */
  readonly closeControlPlane: (known: CombinedFindings, isPartial: boolean) => Promise<void>;
  /** Forgets the nodes that are no more, where everything was seen. */
  readonly tidy: (isWhole: boolean) => Promise<void>;
  readonly result: (apiServersNotApplicable: string | undefined) => BooksResult;
}

/** What is final about a node. */
interface ClosedNode extends CombinedFindings {
  readonly call: Call | undefined;
  readonly isSkipped: boolean;
  /** Some of what was heard could not be judged. */
  readonly isPartial: boolean;
}

interface Named {
  readonly name: string;
  readonly uid: string;
}

/** What all findings add up to. */
export interface BooksResult {
  readonly counts: RunCounts;
  readonly link: Link;
  readonly nodes: NodeCounts;
  readonly ledger: Ledger;
}

/** Where findings go once they are final. */
export interface Shelves {
  readonly history: SweepHistory;
  readonly exemptionFor: (finding: Finding) => Exemption | undefined;
  readonly found: (finding: Finding, exemption: Exemption | undefined) => void;
  /** A result could not be stored or announced; it stands all the same. */
  readonly notKept: (problem: SourceProblem) => void;
  /** Something was not compared, counted, told or stored because of a bug. */
  readonly crashed: (problem: SourceProblem) => void;
}

/** So many of them are named. */
const MOST_SKIPPED = 100;

/** Opens the books of a sweep that began at a time, RFC 3339 in UTC. */
export function openBooks(
  { history, exemptionFor, found, notKept, crashed }: Shelves,
  at: string,
  signal: AbortSignal,
): Books {
  const counts = new RunCounts();
  const nodes = { pass: 0, fail: 0, unknown: 0, skipped: 0 };
  const skippedNames: string[] = [];
  const ledger = openLedger();
  const tally = countLink();

  const compare = (about: ReportSubject, findings: readonly Finding[]): Finding[] =>
    findings.map((finding) => {
      const before = history.previous(about, findingKey(finding));
      const drift = driftOf(summaryOf(finding), before, at);
      // without what is stored it is not known what is new, nor since when the rest is there; only what changed since
      const isKnown = history.isLoaded() || (before !== undefined && drift?.state !== 'persisting');
      return drift === undefined || !isKnown ? finding : { ...finding, drift };
    });
  /** What crashes here costs no more than itself, and is said once; nothing is stored then. */
  const close = async (
    about: ReportSubject,
    shown: readonly Finding[],
    isPartial: boolean,
    note: (compared: readonly Finding[]) => void,
  ): Promise<void> => {
    let isBroken = false;
    const broke = (cause: unknown): void => {
      if (!isBroken) crashed(crashOf(about.kind === 'node' ? `the node ${about.name}` : 'the control plane', cause));
      isBroken = true;
    };
    const guarded = <T>(work: () => T, otherwise: T): T => {
      try {
        return work();
      } catch (cause) {
        broke(cause);
        return otherwise;
      }
    };
    const compared = guarded(() => compare(about, shown), shown);
    guarded(() => {
      note(compared);
    }, undefined);
    for (const finding of compared) {
      const exemption = finding.outcome.result === 'pass' ? undefined : guarded(() => exemptionFor(finding), undefined);
      counts.add(finding.outcome.result, { isExempted: exemption !== undefined });
      guarded(() => {
        found(finding, exemption);
      }, undefined);
    }
    try {
      const look = { at, isPartial: isPartial || isBroken };
      for (const problem of await history.save(about, compared, look, signal)) notKept(problem);
    } catch (cause) {
      signal.throwIfAborted();
      broke(cause);
    }
  };

  return {
    closeNode: async ({ name, uid }, { all, reported, call, isSkipped, isPartial }) => {
      tally.addNode(all, call);
      nodes[isSkipped ? 'skipped' : worstOf(reported)] += 1;
      if (isSkipped && skippedNames.length < MOST_SKIPPED) skippedNames.push(name);
      await close({ kind: 'node', name, uid }, reported, isPartial, (compared) => {
        ledger.addNode(name, compared);
      });
    },
    closeControlPlane: async ({ all, reported }, isPartial) => {
      tally.addApiServers(all);
      await close({ kind: 'control-plane' }, reported, isPartial, ledger.add);
    },
    tidy: async (isWhole) => {
      try {
        for (const problem of await history.deleteStale(isWhole ? ledger.hasNode : undefined, signal)) notKept(problem);
      } catch (cause) {
        signal.throwIfAborted();
        crashed(crashOf('the reports of nodes that are no more', cause));
      }
    },
    result: (apiServersNotApplicable) => ({
      counts,
      link: tally.result(apiServersNotApplicable),
      nodes: { ...nodes, ...(skippedNames.length > 0 && { skippedNames: skippedNames.toSorted() }) },
      ledger,
    }),
  };
}

function worstOf(findings: readonly Finding[]): Finding['outcome']['result'] {
  const results = new Set(findings.map(({ outcome }) => outcome.result));
  if (results.has('fail')) return 'fail';
  return results.has('pass') && !results.has('unknown') ? 'pass' : 'unknown';
}
