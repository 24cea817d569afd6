// The report cache: what this process knows of each stored report. It is compact, for clusters of tens of thousands of nodes.

import type { StoredFindings } from '../../policy/decision/drift.ts';
import { renameSubject } from '../../policy/finding-key.ts';
import type { ReportSubject } from '../../outputs/cluster/objects.ts';
import { recall, record } from '../../outputs/cluster/remembered.ts';

/** What is known of one report. */
export interface CachedReport {
  /** The stored resourceVersion; empty if no stored report is known. */
  readonly version: string;
  /** The digest of the stored content; empty if no stored report is known. */
  readonly content: string;
  readonly findings: StoredFindings;
}

/** The version and content of a report that is not known to be stored. */
export const UNSTORED = { version: '', content: '' } as const;

/** What is kept for a node: a short text of its own, and one that it shares with all nodes with the same findings. */
interface NodeEntry {
  /** The uid, the version and the content, one line each. */
  readonly own: string;
  readonly findings: string;
}

/** Stands for the node's name in the keys of shared findings. No node has this name. */
const NODE = '*';

/** The limit of shared texts, for a cluster in which all nodes differ. */
const MAX_SHARED = 4096;

/** The cache of all reports. */
export class ReportCache {
  readonly #nodes = new Map<string, NodeEntry>();
  readonly #shared = new Map<string, string>();
  #controlPlane: CachedReport | undefined;
  /** The last decoded entry: one node is asked for several times in a row. */
  #decoded: { readonly node: string; readonly text: string; readonly findings: StoredFindings } | undefined;

  /** Gives what is known of a report; undefined if the known node has the same name and another uid. */
  get(about: ReportSubject): CachedReport | undefined {
    if (about.kind === 'control-plane') return this.#controlPlane;
    const entry = this.#nodes.get(about.name);
    if (entry === undefined) return undefined;
    const [uid, version = '', content = ''] = entry.own.split('\n');
    return uid === about.uid ? { version, content, findings: this.#decode(about.name, entry.findings) } : undefined;
  }

  /** Gives the stored version, whatever the uid of the node. */
  version(about: ReportSubject): string {
    if (about.kind === 'control-plane') return this.#controlPlane?.version ?? '';
    const entry = this.#nodes.get(about.name);
    return entry === undefined ? '' : versionOf(entry);
  }

  /** Replaces what is known of a report. */
  set(about: ReportSubject, report: CachedReport): void {
    if (about.kind === 'control-plane') {
      this.#controlPlane = report;
      return;
    }
    const { version, content, findings } = report;
    const own = flat([about.uid, version, content].join('\n'));
    this.#nodes.set(about.name, { own, findings: this.#share(encode(findings, about.name)) });
  }

  /** Forgets a node. */
  delete(node: string): void {
    this.#nodes.delete(node);
  }

  /** The names of all known nodes. */
  nodes(): readonly string[] {
    return [...this.#nodes.keys()];
  }

  /** Forgets that reports are stored, and keeps their findings. */
  forgetVersions(): void {
    if (this.#controlPlane) this.#controlPlane = { ...this.#controlPlane, ...UNSTORED };
    for (const [node, entry] of this.#nodes) this.#nodes.set(node, unstored(entry));
  }

  /**
   * Forgets reports that are no longer stored, but only the second time: in between, a report that somebody deleted is written
   * again. If its node is gone it is not written again, and a replica that does not sweep learns that only here.
   */
  prune(isStored: (node: string | undefined) => boolean): void {
    const plane = this.#controlPlane;
    if (plane && !isStored(undefined)) {
      this.#controlPlane = plane.version === '' ? undefined : { ...plane, ...UNSTORED };
    }
    for (const [node, entry] of this.#nodes) {
      if (isStored(node)) continue;
      if (versionOf(entry) === '') this.#nodes.delete(node);
      else this.#nodes.set(node, unstored(entry));
    }
  }

  #share(text: string): string {
    const known = this.#shared.get(text);
    if (known !== undefined) return known;
    if (this.#shared.size >= MAX_SHARED) this.#shared.clear();
    this.#shared.set(text, text);
    return text;
  }

  #decode(node: string, text: string): StoredFindings {
    if (this.#decoded?.node !== node || this.#decoded.text !== text) {
      this.#decoded = { node, text, findings: decode(text, node) };
    }
    return this.#decoded.findings;
  }
}

function versionOf({ own }: NodeEntry): string {
  return own.split('\n')[1] ?? '';
}

function unstored({ own, findings }: NodeEntry): NodeEntry {
  return { own: flat(`${own.split('\n', 1)[0] ?? ''}\n\n`), findings };
}

function encode(findings: StoredFindings, node: string): string {
  const lines = Array.from(findings, ([key, finding]) => record(renameSubject(key, node, NODE), finding));
  return lines
    .filter((line) => line !== undefined)
    .sort()
    .join('\n');
}

function decode(text: string, node: string): StoredFindings {
  const lines = (text === '' ? [] : text.split('\n')).map(recall).filter((line) => line !== undefined);
  return new Map(lines.map(({ key, remembered }) => [renameSubject(key, NODE, node), remembered]));
}

/** Copies a text into one piece: a text that was put together keeps all its parts in memory. */
function flat(text: string): string {
  return Buffer.from(text).toString();
}
