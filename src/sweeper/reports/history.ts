// The history of sweeps: the findings of the last complete sweep, with which the next sweep compares. They are stored in
// reports, or in this process only; what changed is announced as Kubernetes Events.

import { summaryOf, toStoredFinding, type StoredFinding } from '../../policy/decision/drift.ts';
import type { PreviousOutcome } from '../../policy/decision/decide.ts';
import { findingKey, parseFindingKey, type FindingKey } from '../../policy/finding-key.ts';
import type { Exemption } from '../../policy/control.ts';
import type { Finding } from '../../policy/finding.ts';
import type { Problem, SourceProblem } from '../../policy/reading.ts';
import { driftEvents } from '../../outputs/cluster/events.ts';
import type { ReportSubject } from '../../outputs/cluster/objects.ts';
import type { CreateEvent } from '../../kube/objects/events.ts';
import { ReportCache } from './cache.ts';
import type { StoredReportsDeps } from './deps.ts';
import { StoredReports } from './store.ts';
import type { EntriesOf } from './writer.ts';

/** When the findings of a node or of the control plane were made, and whether they are complete. */
export interface RunStatus {
  /** The start of the sweep, RFC 3339 in UTC. */
  readonly at: string;
  /**
   * Something could not be read. Findings that got worse are announced, but nothing is resolved or stored: the next complete
   * sweep is compared with the last complete one.
   */
  readonly isPartial: boolean;
  /** The whole sweep read everything, which the report of the control plane then says. */
  readonly isComplete?: boolean;
  /** The exemptions of the sweep. An exempt finding is stored and not announced; it is announced when it no longer is. */
  readonly exemptionFor: (finding: Finding) => Exemption | undefined;
}

/** The findings of the last complete sweep. */
export interface SweepHistory {
  /**
   * Reads the stored reports, at the start of every sweep. If that fails, the findings that this process knows are used.
   * Rejects only if the signal aborts.
   */
  readonly load: (signal: AbortSignal) => Promise<void>;
  /** The stored reports were read at least once. Before that, it is not known since when a finding exists. */
  readonly isLoaded: () => boolean;
  /** Gives the previous finding with a key. */
  readonly previous: (about: ReportSubject, key: FindingKey) => StoredFinding | undefined;
  /** Gives the keys of all previous findings about the control plane. */
  readonly previousKeys: () => Iterable<FindingKey>;
  /** Gives the previous outcomes of an object, with which `ratchet` compares. */
  readonly previousOutcomes: (kind: 'Pod' | 'ConfigMap', namespace: string, name: string) => readonly PreviousOutcome[];
  /** Announces what changed, then stores the findings if they differ. Never rejects. */
  readonly save: (
    about: ReportSubject,
    findings: readonly Finding[],
    status: RunStatus,
    signal: AbortSignal,
  ) => Promise<readonly SourceProblem[]>;
  /**
   * Deletes and forgets the reports of nodes that no longer exist, and reports in an API that is no longer used.
   *
   * @param isPresent undefined after an incomplete sweep
   */
  readonly deleteStale: (
    isPresent: ((node: string) => boolean) | undefined,
    signal: AbortSignal,
  ) => Promise<readonly SourceProblem[]>;
}

/** What a history needs. */
export interface HistoryDeps extends StoredReportsDeps {
  readonly announce: CreateEvent;
}

/** Makes a history; it is empty until it is loaded. */
export function createHistory({ announce, ...deps }: HistoryDeps): SweepHistory {
  const cache = new ReportCache();
  const stored = new StoredReports(cache, deps);
  const announcer = new Announcer(announce, ({ about, finding, at }) => {
    const previous = cache.get(about)?.findings.get(findingKey(finding));
    return driftEvents(about, finding, previous, at, deps.digest);
  });
  let isLoaded = false;
  return {
    load: async (signal) => {
      announcer.reset();
      isLoaded = (await stored.load(signal)) || isLoaded;
    },
    isLoaded: () => isLoaded,
    previous: (about, key) => cache.get(about)?.findings.get(key),
    previousKeys: () => cache.get({ kind: 'control-plane' })?.findings.keys() ?? [],
    previousOutcomes: (kind, namespace, name) => {
      const findings = cache.get({ kind: 'control-plane' })?.findings ?? [];
      return Array.from(findings, ([key, finding]) => ({ ...finding, about: parseFindingKey(key) }))
        .filter(({ about }) => about.kind === kind && about.namespace === namespace && about.name === name)
        .map(({ about: { control, container }, result, violations, decided }) => {
          // what cannot be seen for a while is compared with what it was when it was last seen
          const known = result === 'unknown' ? (decided?.violations ?? []) : violations;
          return { control, container, result, violations: known };
        });
    },
    save: async (about, findings, status, signal) => {
      const problems: SourceProblem[] = [];
      const isAnnounced = await announcer.announce(about, findings, status, problems, signal);
      // Events come first: one whose finding was not stored is announced again under the same name, and is not lost
      if (!isAnnounced || status.isPartial) return problems;
      const entriesOf: EntriesOf = (previous) =>
        findings.map((finding) => {
          const before = previous?.findings.get(findingKey(finding));
          const stored = toStoredFinding(summaryOf(finding), before, status.at);
          const exemption = exemptionOf(finding, status);
          return { finding, remembered: { ...stored, ...(exemption && { exempted: true as const }) }, exemption };
        });
      const problem = await stored.save(about, entriesOf, signal, status.isComplete === true ? status.at : undefined);
      if (problem) problems.push(problem);
      return problems;
    },
    deleteStale: (isPresent, signal) => stored.deleteStale(isPresent, signal),
  };
}

/** A history that is always empty, and stores and announces nothing. */
export const noHistory: SweepHistory = {
  load: () => Promise.resolve(),
  isLoaded: () => false,
  previous: () => undefined,
  previousKeys: () => [],
  previousOutcomes: () => [],
  save: () => Promise.resolve([]),
  deleteStale: () => Promise.resolve([]),
};

function exemptionOf(finding: Finding, { exemptionFor }: RunStatus): Exemption | undefined {
  return finding.outcome.result === 'pass' ? undefined : exemptionFor(finding);
}

type DriftEvent = ReturnType<typeof driftEvents>[number];
interface About {
  readonly about: ReportSubject;
  readonly finding: Finding;
  readonly at: string;
}

/** Announces drift as Events. */
class Announcer {
  readonly #announce: CreateEvent;
  readonly #eventsOf: (about: About) => readonly DriftEvent[];
  /** Namespaces in which Events are forbidden: reported once in a sweep. */
  #forbidden = new Set<string>();

  constructor(announce: CreateEvent, eventsOf: (about: About) => readonly DriftEvent[]) {
    this.#announce = announce;
    this.#eventsOf = eventsOf;
  }

  reset(): void {
    this.#forbidden = new Set();
  }

  /** @returns false if an Event failed that may succeed the next time */
  async announce(
    about: ReportSubject,
    findings: readonly Finding[],
    status: RunStatus,
    problems: SourceProblem[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const { at, isPartial } = status;
    let isDone = true;
    const announced = findings.filter((finding) => exemptionOf(finding, status) === undefined);
    for (const event of announced.flatMap((finding) => this.#eventsOf({ about, finding, at }))) {
      const { name, namespace } = event.metadata;
      if (this.#forbidden.has(namespace) || (isPartial && event.reason === 'KubeletGuardResolved')) continue;
      const problem = await this.#announce(event, signal);
      if (problem === undefined) continue;
      problems.push({ problem, source: { object: `Event ${namespace}/${name}` } });
      if (problem.code === 'forbidden' || problem.code === 'not-found') this.#forbidden.add(namespace);
      isDone &&= !isTransient(problem);
    }
    return isDone;
  }
}

function isTransient({ code }: Problem): boolean {
  return code === 'unreachable' || code === 'timeout' || code === 'tls';
}
