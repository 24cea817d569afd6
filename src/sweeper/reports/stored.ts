import type { StoredFindings } from '../../policy/decision/drift.ts';
import { renameSubject } from '../../policy/finding-key.ts';
import type { ReportSubject } from '../../outputs/cluster/policy-report.ts';
import { recall, record } from '../../outputs/cluster/remembered.ts';

/** What is known of one report. */
export interface Memory {
  /** The version that is stored, or empty where none is known to be. */
  readonly version: string;
  /** The digest of what is stored. */
  readonly content: string;
  readonly remembered: StoredFindings;
}

/** What nothing is known to be stored of. */
export const UNSTORED = { version: '', content: '' } as const;

/** The memory of all reports. */
export interface Memories {
  /** Of a node of this name and another uid nothing is known. */
  readonly get: (about: ReportSubject) => Memory | undefined;
  /** The stored version, whatever uid its node had. */
  readonly version: (about: ReportSubject) => string;
  readonly set: (about: ReportSubject, memory: Memory) => void;
  readonly delete: (node: string) => void;
  /** The names of the nodes that something is remembered of. */
  readonly nodes: () => readonly string[];
  /** Nothing is known to be stored any longer; what is remembered stays. */
  readonly unstore: () => void;
  /**
   * What is not stored is forgotten, the second time that this is seen: a report that was deleted is written again in
   * between, unless its node is gone, which a replica that does not sweep would never hear of.
   */
  readonly prune: (isStored: (node: string | undefined) => boolean) => void;
}

/**
 * What is kept of a node. There are tens of thousands: each has a short text of its own, and one that it shares with all
 * nodes that are in the same state.
 */
interface Kept {
  /** The uid, the version and the content, a line each. */
  readonly own: string;
  readonly state: string;
}

/** Stands for the node's name in its keys; no node has this name. */
const NODE = '*';

/** States that are shared; a bound for a cluster in which every node differs. */
const MOST_STATES = 4096;

/** Opens an empty memory. */
export function openMemories(): Memories {
  const nodes = new Map<string, Kept>();
  const states = new Map<string, string>();
  let controlPlane: Memory | undefined;
  /** One node is asked about several times in a row. */
  let last = { node: '', state: '', remembered: new Map() as StoredFindings };

  const shared = (state: string): string => {
    const known = states.get(state);
    if (known !== undefined) return known;
    if (states.size >= MOST_STATES) states.clear();
    states.set(state, state);
    return state;
  };
  const decoded = (node: string, state: string): StoredFindings => {
    if (last.node !== node || last.state !== state) last = { node, state, remembered: decode(state, node) };
    return last.remembered;
  };

  return {
    get: (about) => {
      if (about.kind === 'control-plane') return controlPlane;
      const kept = nodes.get(about.name);
      if (kept === undefined) return undefined;
      const [uid, version = '', content = ''] = kept.own.split('\n');
      return uid === about.uid ? { version, content, remembered: decoded(about.name, kept.state) } : undefined;
    },
    version: (about) => {
      if (about.kind === 'control-plane') return controlPlane?.version ?? '';
      const kept = nodes.get(about.name);
      return kept === undefined ? '' : versionOf(kept);
    },
    set: (about, memory) => {
      if (about.kind === 'control-plane') {
        controlPlane = memory;
        return;
      }
      const { version, content, remembered } = memory;
      const own = flat([about.uid, version, content].join('\n'));
      nodes.set(about.name, { own, state: shared(encode(remembered, about.name)) });
    },
    delete: (node) => {
      nodes.delete(node);
    },
    nodes: () => [...nodes.keys()],
    unstore: () => {
      if (controlPlane) controlPlane = { ...controlPlane, ...UNSTORED };
      for (const [node, kept] of nodes) nodes.set(node, unstored(kept));
    },
    prune: (isStored) => {
      if (controlPlane && !isStored(undefined)) {
        controlPlane = controlPlane.version === '' ? undefined : { ...controlPlane, ...UNSTORED };
      }
      for (const [node, kept] of nodes) {
        if (isStored(node)) continue;
        if (versionOf(kept) === '') nodes.delete(node);
        else nodes.set(node, unstored(kept));
      }
    },
  };
}

function versionOf({ own }: Kept): string {
  return own.split('\n')[1] ?? '';
}

function unstored({ own, state }: Kept): Kept {
  return { own: flat(`${own.split('\n', 1)[0] ?? ''}\n\n`), state };
}

function encode(remembered: StoredFindings, node: string): string {
  const lines = Array.from(remembered, ([key, memory]) => record(renameSubject(key, node, NODE), memory));
  return lines
    .filter((line) => line !== undefined)
    .sort()
    .join('\n');
}

function decode(state: string, node: string): StoredFindings {
  const memories = (state === '' ? [] : state.split('\n')).map(recall).filter((memory) => memory !== undefined);
  return new Map(memories.map(({ key, remembered }) => [renameSubject(key, NODE, node), remembered]));
}

/** A text that was put together keeps all its parts alive; a copy is one piece. */
function flat(text: string): string {
  return Buffer.from(text).toString();
}
