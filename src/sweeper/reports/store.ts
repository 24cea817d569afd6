import { mergeStoredFindings } from '../../policy/decision/drift.ts';
import type { Problem, SourceProblem } from '../../policy/reading.ts';
import {
  contentOf,
  MANAGED_BY,
  readReport,
  rememberedOf,
  REPORT_RESOURCES,
  reportName,
  type Digest,
  type ReportApi,
  type ReportEntry,
  type ReportSubject,
} from '../../outputs/cluster/policy-report.ts';
import type { ReportClient } from '../../kube/objects/reports.ts';
import { UNSTORED, type Memories, type Memory } from './stored.ts';
import { SELECTOR, writeReport } from './writer.ts';

/** What the configuration can ask for. */
export type ReportsSetting = 'auto' | ReportApi | 'none';

/** What came of a report. */
export type ReportWrite = 'written' | 'unchanged' | 'failed' | 'removed';

/** Hears what becomes of reports. */
export interface ShelfWatcher {
  /** Reports are stored in this API from now on. */
  readonly chosen: (api: ReportApi | 'none') => void;
  readonly wrote: (result: ReportWrite) => void;
  /** Reports cannot be read from now on, and why; undefined where they can be again. */
  readonly lost: (reason: string | undefined) => void;
  /** So many results of a stored report are not as they are written, and count as not remembered. */
  readonly unreadable: (report: string, results: number) => void;
}

/** What a shelf needs. */
export interface ShelfPorts {
  readonly reports: ReportClient;
  readonly digest: Digest;
  /** Which API is to be used; asked at every load. */
  readonly setting: () => ReportsSetting;
  readonly watcher: ShelfWatcher;
}

/** Where reports are stored, in the API that the cluster has. */
export interface Shelf {
  /**
   * Finds the API and reads all our reports into the memory. Where that fails the memory is what this process has seen
   * itself, and nothing is written until the next time.
   *
   * @returns whether it was read; rejects only where the signal aborts
   */
  readonly load: (signal: AbortSignal) => Promise<boolean>;
  /**
   * Remembers, and stores a report where it differs from what is stored; what it is made of can change with what is
   * remembered.
   */
  readonly store: (
    about: ReportSubject,
    entriesOf: (memory: Memory | undefined) => readonly ReportEntry[],
    signal: AbortSignal,
  ) => Promise<SourceProblem | undefined>;
  /**
   * Removes the reports of nodes that are no more, and those that an API holds which is no longer used.
   *
   * @param isPresent undefined where not everything was seen: only what nothing is to be made of any more is removed then
   */
  readonly tidy: (
    isPresent: ((node: string) => boolean) | undefined,
    signal: AbortSignal,
  ) => Promise<readonly SourceProblem[]>;
}

/** A report of ours that nothing is to be written to any more. */
interface Leftover {
  readonly api: ReportApi;
  readonly name: string;
  readonly version: string;
}

const CONTROL_PLANE = { kind: 'control-plane' } as const;
/** So many failures in one sweep are no accident. */
const MOST_FAILURES = 3;
/** Most readers know the first. */
const APIS = ['wgpolicyk8s', 'openreports'] as const;

/** Opens the shelf of these memories. */
export function openShelf(memories: Memories, { reports, digest, setting, watcher }: ShelfPorts): Shelf {
  let chosen: ReportApi | 'none' | undefined;
  /** Why the reports could not be read this time. */
  let fault: string | undefined;
  let leftovers: Leftover[] = [];
  /** No API that is not used holds anything of ours. */
  let isClear = false;
  /** What is refused for one report is refused for all, and what fails again and again is down: until the next sweep. */
  let hasGivenUp = false;
  let failures = 0;

  const choose = async (signal: AbortSignal): Promise<ReportApi | 'none'> => {
    const wanted = setting();
    if (wanted === 'none') return 'none';
    for (const api of wanted === 'auto' ? APIS : [wanted]) {
      if (await reports.isServed(REPORT_RESOURCES[api], signal)) return api;
    }
    if (wanted === 'auto') return 'none';
    const { apiVersion, plural } = REPORT_RESOURCES[wanted];
    const fix = 'install its CustomResourceDefinition, or set sweep.reports to auto or none';
    throw new Error(`the cluster does not serve ${plural} of ${apiVersion}: ${fix}`);
  };

  /** Takes over what a stored report says, and tells what it is about. */
  const take = (object: unknown, from: ReportApi): ReportSubject | undefined => {
    const { name, resourceVersion, node, isOurs, remembered, unreadable } = readReport(object);
    const about: ReportSubject = node ? { kind: 'node', ...node } : CONTROL_PLANE;
    // somebody else may set our label, but not on reports of such names
    if (!isOurs || !name.startsWith(`${MANAGED_BY.value}-`)) return undefined;
    const isKnown = reportName(about, digest) === name;
    if (!isKnown || from !== chosen) leftovers.push({ api: from, name, version: resourceVersion });
    if (!isKnown) return undefined;
    const memory = memories.get(about);
    // what this process wrote itself may read back without fields that this cluster's definition does not know
    if (from === chosen ? memory?.version === resourceVersion : memory !== undefined) return about;
    if (unreadable > 0) watcher.unreadable(name, unreadable);
    const stored = from === chosen ? { version: resourceVersion, content: digest(contentOf(object)) } : UNSTORED;
    // what was seen while nothing could be read or stored is newer
    const isNewer = memory?.version === '';
    memories.set(about, {
      ...stored,
      remembered: isNewer ? mergeStoredFindings(remembered, memory.remembered) : remembered,
    });
    return about;
  };

  const readAll = async (api: ReportApi, signal: AbortSignal): Promise<Set<string | undefined>> => {
    const found = new Set<string | undefined>();
    for await (const page of reports.list(REPORT_RESOURCES[api], SELECTOR, signal)) {
      for (const object of page) {
        const about = take(object, api);
        if (about) found.add(about.kind === 'node' ? about.name : undefined);
      }
    }
    return found;
  };

  /** What another API still holds: it is taken over, and removed once this one holds it, or none is to hold it. */
  const readOther = async (api: ReportApi, signal: AbortSignal): Promise<void> => {
    try {
      if (await reports.isServed(REPORT_RESOURCES[api], signal)) await readAll(api, signal);
    } catch (cause) {
      // not allowed, most often: where it was never used there is nothing to take over
      const { status } = cause as { readonly status?: number };
      if (status !== 401 && status !== 403) isClear = false;
    }
  };

  const open = async (signal: AbortSignal): Promise<void> => {
    const api = await choose(signal);
    const isOther = api !== chosen;
    if (isOther) {
      memories.unstore();
      watcher.chosen(api);
      isClear = false;
    }
    chosen = api;
    leftovers = [];
    if (api !== 'none') {
      const found = await readAll(api, signal);
      // what another API holds, or this process alone, is first to be written
      if (!isOther && fault === undefined) memories.prune((node) => found.has(node));
    }
    if (isClear) return;
    const known = leftovers.length;
    isClear = true;
    for (const other of APIS) if (other !== api) await readOther(other, signal);
    isClear &&= leftovers.length === known;
  };

  const remember = (about: ReportSubject, entriesOf: (memory: Memory | undefined) => readonly ReportEntry[]): void => {
    const memory = memories.get(about);
    const remembered = rememberedOf(entriesOf(memory));
    memories.set(about, { version: memories.version(about), content: memory?.content ?? '', remembered });
  };

  const failed = (api: ReportApi, name: string, problem: Problem): SourceProblem | undefined => {
    watcher.wrote('failed');
    if (hasGivenUp) return undefined;
    failures += 1;
    hasGivenUp = problem.code === 'forbidden' || problem.code === 'not-found' || failures === MOST_FAILURES;
    return { problem, source: { object: `${REPORT_RESOURCES[api].kind} ${name}` } };
  };

  const writing = { reports, digest, memories, take };
  return {
    load: async (signal) => {
      hasGivenUp = false;
      failures = 0;
      const before = fault;
      try {
        await open(signal);
        fault = undefined;
      } catch (cause) {
        signal.throwIfAborted();
        fault = cause instanceof Error ? cause.message : 'no reason given';
      }
      // told when it comes and when it goes
      if ((before === undefined) !== (fault === undefined)) watcher.lost(fault);
      return fault === undefined;
    },
    store: async (about, entriesOf, signal) => {
      const isWanted = chosen !== 'none';
      const isOpen = chosen !== undefined && fault === undefined && !hasGivenUp;
      const result =
        isWanted && isOpen ? await writeReport(writing, chosen as ReportApi, { about, entriesOf }, signal) : 'failed';
      // what could not be stored is remembered all the same
      if (result === 'failed' || typeof result === 'object') remember(about, entriesOf);
      if (typeof result === 'object') return failed(chosen as ReportApi, reportName(about, digest), result);
      if (isWanted) watcher.wrote(result);
      return undefined;
    },
    tidy: async (isPresent, signal) => {
      const problems: SourceProblem[] = [];
      const remove = async ({ api, name, version }: Leftover): Promise<boolean> => {
        if (hasGivenUp || fault !== undefined) return false;
        const answer = await reports.delete(REPORT_RESOURCES[api], name, version, signal);
        if (answer.outcome === 'refused') {
          const problem = failed(api, name, answer.problem);
          if (problem) problems.push(problem);
          return false;
        }
        if (answer.outcome === 'done') watcher.wrote('removed');
        // where somebody changed it just now the next sweep looks at it again
        return answer.outcome !== 'conflict';
      };
      // what is to be stored elsewhere may not be yet after a partial sweep
      if (isPresent !== undefined || chosen === 'none') for (const leftover of leftovers) await remove(leftover);
      for (const node of memories.nodes()) {
        if (isPresent?.(node) !== false) continue;
        const about = { kind: 'node', name: node, uid: '' } as const;
        const version = memories.version(about);
        const isStored = chosen !== undefined && chosen !== 'none' && version !== '';
        if (!isStored || (await remove({ api: chosen as ReportApi, name: reportName(about, digest), version }))) {
          memories.delete(node);
        }
      }
      return problems;
    },
  };
}
