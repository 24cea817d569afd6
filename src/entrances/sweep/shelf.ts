import type { Problem, SourceProblem } from '../../policy/types.ts';
import {
  contentOf,
  MANAGED_BY,
  readReport,
  rememberedOf,
  renderReport,
  REPORT_RESOURCES,
  reportName,
  type Digest,
  type ReportApi,
  type ReportEntry,
  type ReportSubject,
} from '../../report/policy-report.ts';
import type { ReportStore } from '../../sources/reports.ts';
import { UNSTORED, type Memories, type Memory } from './memory.ts';

/** What the configuration can ask for. */
export type ReportsSetting = 'auto' | ReportApi | 'none';

/** What came of a report. */
export type ReportWrite = 'written' | 'unchanged' | 'failed' | 'removed';

/** Hears what becomes of reports. */
export interface ShelfWatcher {
  /** Reports are stored in this API from now on. */
  readonly chosen: (api: ReportApi | 'none') => void;
  readonly wrote: (result: ReportWrite) => void;
  /** So many results of a stored report are not as they are written, and count as not remembered. */
  readonly unreadable: (report: string, results: number) => void;
}

/** What a shelf needs. */
export interface ShelfPorts {
  readonly reports: ReportStore;
  readonly digest: Digest;
  /** Which API is to be used; asked at every load. */
  readonly setting: () => ReportsSetting;
  readonly watcher: ShelfWatcher;
}

/** Where reports are stored, in the API that the cluster has. */
export interface Shelf {
  /**
   * Finds the API and reads all our reports into the memory.
   *
   * @throws Error where that fails
   */
  readonly load: (signal: AbortSignal) => Promise<void>;
  /** Stores a report where it differs from what is stored; what it is made of can change with what is remembered. */
  readonly store: (
    about: ReportSubject,
    entriesOf: (memory: Memory | undefined) => readonly ReportEntry[],
    signal: AbortSignal,
  ) => Promise<SourceProblem | undefined>;
  /** Removes the reports of nodes that are no more, and those that an API holds which is no longer used. */
  readonly tidy: (isPresent: (node: string) => boolean, signal: AbortSignal) => Promise<readonly SourceProblem[]>;
}

/** A report of ours that nothing is to be written to any more. */
interface Leftover {
  readonly api: ReportApi;
  readonly name: string;
  readonly version: string;
}

const SELECTOR = `${MANAGED_BY.label}=${MANAGED_BY.value}`;
const CONTROL_PLANE = { kind: 'control-plane' } as const;
/** Most readers know the first. */
const APIS = ['wgpolicyk8s', 'openreports'] as const;

/** Opens the shelf of these memories. */
export function openShelf(memories: Memories, { reports, digest, setting, watcher }: ShelfPorts): Shelf {
  let chosen: ReportApi | 'none' | undefined;
  let leftovers: Leftover[] = [];
  /** What is refused for one report is refused for all: it is tried once in a sweep, and told once. */
  let isRefused = false;

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
    if (from === chosen && memory?.version === resourceVersion) return about;
    if (unreadable > 0) watcher.unreadable(name, unreadable);
    const stored = from === chosen ? { version: resourceVersion, content: digest(contentOf(object)) } : UNSTORED;
    memories.set(about, { ...stored, remembered });
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

  /** What another API still holds: it is taken over, and removed once this one holds it. */
  const readOther = async (api: ReportApi, signal: AbortSignal): Promise<void> => {
    try {
      if (await reports.isServed(REPORT_RESOURCES[api], signal)) await readAll(api, signal);
    } catch {
      // not allowed, most often: where it was never used there is nothing to take over
    }
  };

  const write = async (report: ReturnType<typeof renderReport>, version: string, signal: AbortSignal) => {
    const resource = REPORT_RESOURCES[chosen as ReportApi];
    if (version === '') return reports.create(resource, report, signal);
    const metadata = { ...report.metadata, resourceVersion: version };
    return reports.replace(resource, { ...report, metadata }, signal);
  };

  const attempt = async (
    about: ReportSubject,
    entriesOf: (memory: Memory | undefined) => readonly ReportEntry[],
    signal: AbortSignal,
  ): Promise<Problem | ReportWrite> => {
    const api = chosen as ReportApi;
    const name = reportName(about, digest);
    let version = memories.version(about);
    for (let tries = 0; tries < 2; tries += 1) {
      const memory = memories.get(about);
      const entries = entriesOf(memory);
      const report = renderReport(api, about, entries, digest);
      const content = digest(contentOf(report));
      const remembered = rememberedOf(entries);
      if (memory?.content === content) {
        memories.set(about, { ...memory, remembered });
        return 'unchanged';
      }
      const answer = await write(report, version, signal);
      if (answer.outcome === 'refused') return answer.problem;
      if (answer.outcome === 'done') {
        memories.set(about, { version: readReport(answer.object).resourceVersion, content, remembered });
        return 'written';
      }
      const stored = await reports.read(REPORT_RESOURCES[api], name, signal);
      if (stored.outcome === 'refused') return stored.problem;
      version = '';
      if (stored.outcome !== 'done') continue;
      const { isOurs, resourceVersion } = readReport(stored.object);
      if (!isOurs) return notOurs(name);
      // who wrote it may have been first to see what this sweep sees
      take(stored.object, api);
      version = resourceVersion;
    }
    return {
      code: 'ambiguous',
      message: `${name} is written to by others at the same time; the next sweep tries again`,
    };
  };

  const fault = (api: ReportApi, name: string, problem: Problem): SourceProblem | undefined => {
    watcher.wrote('failed');
    if (isRefused) return undefined;
    isRefused = problem.code === 'forbidden' || problem.code === 'not-found';
    return { problem, source: { object: `${REPORT_RESOURCES[api].kind} ${name}` } };
  };

  return {
    load: async (signal) => {
      const api = await choose(signal);
      isRefused = false;
      leftovers = [];
      const isOther = api !== chosen;
      if (isOther) {
        memories.unstore();
        watcher.chosen(api);
      }
      chosen = api;
      if (api === 'none') return;
      for (const other of APIS) if (other !== api) await readOther(other, signal);
      const found = await readAll(api, signal);
      // what another API holds, or this process alone, is first to be written
      if (!isOther) memories.prune((node) => found.has(node));
    },
    store: async (about, entriesOf, signal) => {
      if (chosen === undefined || chosen === 'none') {
        memories.set(about, { ...UNSTORED, remembered: rememberedOf(entriesOf(memories.get(about))) });
        return undefined;
      }
      const name = reportName(about, digest);
      if (isRefused) {
        watcher.wrote('failed');
        return undefined;
      }
      const result = await attempt(about, entriesOf, signal);
      if (typeof result === 'object') return fault(chosen, name, result);
      watcher.wrote(result);
      return undefined;
    },
    tidy: async (isPresent, signal) => {
      const problems: SourceProblem[] = [];
      const remove = async ({ api, name, version }: Leftover): Promise<boolean> => {
        if (isRefused) return false;
        const answer = await reports.remove(REPORT_RESOURCES[api], name, version, signal);
        if (answer.outcome === 'refused') {
          const problem = fault(api, name, answer.problem);
          if (problem) problems.push(problem);
          return false;
        }
        if (answer.outcome === 'done') watcher.wrote('removed');
        // where somebody changed it just now the next sweep looks at it again
        return answer.outcome !== 'conflict';
      };
      for (const leftover of leftovers) await remove(leftover);
      for (const node of memories.nodes()) {
        if (isPresent(node)) continue;
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

function notOurs(name: string): Problem {
  const message = `there is a report ${name} without the label ${SELECTOR}: delete it, or set the label if it may be replaced`;
  return { code: 'ambiguous', message };
}
