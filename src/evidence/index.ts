// The list of the ways to ask a process, and the only place that names them all. `--evidence` of `sweep` and `node` with its help,
// `sweep.evidence` of the configuration and its default, and what a sweep asks are derived from it.

import { configz, configzProxy, kubeletFlagz } from './configz/index.ts';
import type { EvidenceKind } from './evidence.ts';
import { flagz } from './flagz/index.ts';
import { handshake } from './handshake/index.ts';
import { host } from './host/index.ts';
import { nodeAgent } from './node-agent/index.ts';

const ENTRIES = [host, handshake, configz, kubeletFlagz, configzProxy, flagz, nodeAgent] as const;
type Entry = (typeof ENTRIES)[number];

/** All ways to ask, in the order in which help and messages list them. */
export const EVIDENCE: readonly EvidenceKind[] = ENTRIES;

/** A name in `sweep --evidence` and in `sweep.evidence`. */
export type SweepEvidence = Extract<Entry, { sweep: true }>['name'];

/** A name in `node --evidence`. */
export type NodeEvidence = Extract<Entry, { node: true }>['name'];

/** The ways in which a sweep can ask. */
export const SWEEP_EVIDENCE = ENTRIES.filter((entry) => entry.sweep);

/** The ways in which `node` can ask. */
export const NODE_EVIDENCE = ENTRIES.filter((entry) => entry.node);

/** The names of entries. */
export function evidenceNames<Name extends string>(entries: readonly { readonly name: Name }[]): readonly Name[] {
  return entries.map(({ name }) => name);
}

/** The names of the entries that are asked where nobody chooses. */
export function defaultsOf<Name extends string>(
  entries: readonly { readonly name: Name; readonly default: boolean }[],
): readonly Name[] {
  return evidenceNames(entries.filter((entry) => entry.default));
}
