import { summaryOf, toStoredFinding, type StoredFinding } from '../../policy/decision/drift.ts';
import { findingKey, parseFindingKey, type FindingKey } from '../../policy/finding-key.ts';
import type { PreviousOutcome } from '../../policy/decision/decide.ts';
import type { Exemption } from '../../policy/control.ts';
import type { Finding } from '../../policy/finding.ts';
import type { Problem, SourceProblem } from '../../policy/reading.ts';
import { driftEvents } from '../../outputs/cluster/events.ts';
import type { ReportEntry, ReportSubject } from '../../outputs/cluster/policy-report.ts';
import type { CreateEvent } from '../../kube/objects/events.ts';
import { openMemories, type Memory } from './stored.ts';
import { openShelf, type ShelfPorts } from './store.ts';

/** How a look at a node or the control plane was. */
export interface Look {
  /** The time of the run, RFC 3339 in UTC; the same for all of a run. */
  readonly at: string;
  /**
   * Something was not seen that is there, or the run itself is partial. What is worse is announced then, but nothing is
   * cleared, stored or remembered: the next whole look is compared with the last whole one.
   */
  readonly isPartial: boolean;
}

/** What is known of the last whole look at everything, and where it is kept: in reports, or in this process alone. */
export interface Archive {
  /**
   * Reads what is stored, at the start of every sweep. Where that fails, what this process remembers is what is compared
   * with: a memory that is lost is no reason to see less. Rejects only where the signal aborts.
   */
  readonly load: (signal: AbortSignal) => Promise<void>;
  /** What is stored was read at least once: without that nothing is known of since when a finding is there. */
  readonly isLoaded: () => boolean;
  /** What is remembered of a finding, by its key. */
  readonly remembered: (about: ReportSubject, key: FindingKey) => StoredFinding | undefined;
  /** What is remembered of the findings of an object, whatever its container: the *before* of `ratchet`. */
  readonly stored: (kind: 'Pod' | 'ConfigMap', namespace: string, name: string) => readonly PreviousOutcome[];
  /** Announces what changed, then stores the report where it differs. Never rejects. */
  readonly keep: (
    about: ReportSubject,
    findings: readonly Finding[],
    look: Look,
    signal: AbortSignal,
  ) => Promise<readonly SourceProblem[]>;
  /**
   * Removes our reports of nodes that are no more, and forgets them, and those that nothing is to be stored in any more.
   *
   * @param isPresent undefined after a partial sweep
   */
  readonly tidy: (
    isPresent: ((node: string) => boolean) | undefined,
    signal: AbortSignal,
  ) => Promise<readonly SourceProblem[]>;
}

/** What an archive needs. */
export interface ArchivePorts extends ShelfPorts {
  readonly announce: CreateEvent;
  readonly exemptionFor: (finding: Finding) => Exemption | undefined;
}

/** Opens the archive; nothing is known until it is loaded. */
export function createArchive({ announce, exemptionFor, ...ports }: ArchivePorts): Archive {
  const memories = openMemories();
  const shelf = openShelf(memories, ports);
  let isLoaded = false;
  /** Namespaces in which Events are refused: told once in a sweep. */
  let refusing = new Set<string>();

  const exemptionOf = (finding: Finding): Exemption | undefined =>
    finding.outcome.result === 'pass' ? undefined : exemptionFor(finding);

  /** @returns whether everything was announced that can be; what cannot at the moment is to be tried again */
  const announceAll = async (
    about: ReportSubject,
    findings: readonly Finding[],
    { at, isPartial }: Look,
    problems: SourceProblem[],
    signal: AbortSignal,
  ): Promise<boolean> => {
    const memory = memories.get(about);
    let isDone = true;
    for (const finding of findings) {
      if (exemptionOf(finding)) continue;
      for (const event of driftEvents(about, finding, memory?.remembered.get(findingKey(finding)), at, ports.digest)) {
        const { name, namespace } = event.metadata;
        if (refusing.has(namespace) || (isPartial && event.reason === 'KubeletGuardResolved')) continue;
        const problem = await announce(event, signal);
        if (problem === undefined) continue;
        problems.push({ problem, source: { object: `Event ${namespace}/${name}` } });
        if (problem.code === 'forbidden' || problem.code === 'not-found') refusing.add(namespace);
        isDone &&= !mayPass(problem);
      }
    }
    return isDone;
  };

  return {
    load: async (signal) => {
      refusing = new Set();
      isLoaded = (await shelf.load(signal)) || isLoaded;
    },
    isLoaded: () => isLoaded,
    remembered: (about, key) => memories.get(about)?.remembered.get(key),
    stored: (kind, namespace, name) => {
      const found = memories.get({ kind: 'control-plane' })?.remembered ?? [];
      return Array.from(found, ([key, finding]) => ({ ...finding, about: parseFindingKey(key) }))
        .filter(({ about }) => about.kind === kind && about.namespace === namespace && about.name === name)
        .map(({ about: { control, container }, result, violations }) => ({ control, container, result, violations }));
    },
    keep: async (about, findings, look, signal) => {
      const problems: SourceProblem[] = [];
      const isAnnounced = await announceAll(about, findings, look, problems, signal);
      // first the Events: what was announced and not stored is announced again under the same name, and not lost
      if (!isAnnounced || look.isPartial) return problems;
      const entriesOf = (memory: Memory | undefined): ReportEntry[] =>
        findings.map((finding) => ({
          finding,
          remembered: toStoredFinding(summaryOf(finding), memory?.remembered.get(findingKey(finding)), look.at),
          exemption: exemptionOf(finding),
        }));
      const problem = await shelf.store(about, entriesOf, signal);
      if (problem) problems.push(problem);
      return problems;
    },
    tidy: shelf.tidy,
  };
}

/** Remembers nothing, stores nothing and announces nothing. */
export const noArchive: Archive = {
  load: () => Promise.resolve(),
  isLoaded: () => false,
  remembered: () => undefined,
  stored: () => [],
  keep: () => Promise.resolve([]),
  tidy: () => Promise.resolve([]),
};

/** Tells whether a call that failed may succeed the next time. */
function mayPass({ code }: Problem): boolean {
  return code === 'unreachable' || code === 'timeout' || code === 'tls';
}
