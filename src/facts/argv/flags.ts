// Which flags a component has, by Kubernetes version. The data is generated from the components themselves
// (scripts/generate).

import type { Component } from '../../policy/reading.ts';
import { API_SERVER_SETTINGS, KUBELET_SETTINGS } from '../../policy/settings.ts';
import { dependsOnBefore } from './flag-values.ts';
import data from '../data/flags.json' with { type: 'json' };

/** A flag of a component. */
export interface Flag {
  readonly name: string;
  /** The type of value, which decides what the flag accepts. */
  readonly type: string;
  /** The value that the flag has without `=`. A flag that has such a value never takes the next word. */
  readonly noOptDefVal?: string;
  readonly shorthand?: string;
  /** The value is read, so the parser keeps it. */
  readonly kept: boolean;
  /** A word that sets the flag has the same effect each time, in this version. */
  readonly repeats: boolean;
}

interface FlagEntry extends Omit<Flag, 'kept' | 'repeats'> {
  readonly since: number;
  readonly until: number;
}

/** A word that sets a flag, parsed. */
export interface KnownWord {
  readonly flag: Flag;
  readonly value: string;
}

/** The flags of one component in one version. */
export interface FlagTable {
  /**
   * Words of the form `--name=value` that were accepted before. The same words come again and again (replicas differ in
   * few, and a kubelet repeats a denied mirror pod every minute), and a look-up costs a quarter of reading the word.
   */
  readonly accepted: Map<string, KnownWord>;
  readonly find: (name: string) => Flag | undefined;
  readonly shorthand: (letter: string) => Flag | undefined;
  /** A flag that this version does not have, as another version has it. */
  readonly elsewhere: (name: string) => FlagElsewhere | undefined;
  readonly version: KnownVersion;
  /** The data has this version, so a flag that is not in the table does not exist. */
  readonly complete: boolean;
}

/** A flag of another version, with the first and the last minor version that has it. */
export interface FlagElsewhere {
  readonly flag: Flag;
  readonly since: number;
  readonly until: number;
}

/** A minor version of the data, one before or after all of them, or one that is not known. */
export type KnownVersion = number | 'older' | 'newer' | 'unknown';

// a part of the table is parsed when it is first used, so none is used here
const ENTRIES: Readonly<Record<Component, readonly FlagEntry[]>> = data;
const MINORS: readonly number[] = data.versions.map((version) => minorOf(version) ?? 0);
/** The newest minor version of the data. */
export const NEWEST = Math.max(...MINORS);
/** The oldest minor version of the data. */
export const OLDEST = Math.min(...MINORS);
const tables: Readonly<Record<Component, Map<KnownVersion, FlagTable>>> = {
  'kube-apiserver': new Map(),
  kubelet: new Map(),
};
/** Flags besides the settings' own whose values are read: they decide which files count, and whether and where it starts and serves. */
const OWN_FLAGS: Readonly<Record<Component, readonly string[]>> = {
  'kube-apiserver': ['emulated-version', 'feature-gates', 'help', 'min-compatibility-version', 'version'],
  kubelet: [
    ...['config', 'config-dir', 'enable-server', 'feature-gates', 'help', 'node-labels', 'version'],
    ...['address', 'hostname-override', 'kubeconfig', 'pod-manifest-path', 'port'],
    // kubelet/limits.ts
    ...['event-burst', 'event-qps', 'hairpin-mode', 'healthz-port', 'image-gc-high-threshold'],
    ...['image-gc-low-threshold', 'iptables-drop-bit', 'iptables-masquerade-bit', 'kube-api-burst', 'kube-api-qps'],
    ...['max-open-files', 'max-pods', 'oom-score-adj', 'pods-per-core', 'read-only-port', 'registry-burst'],
    ...['registry-qps', 'topology-manager-policy', 'topology-manager-scope'],
  ],
};
const KEPT: Readonly<Record<Component, ReadonlySet<string>>> = {
  'kube-apiserver': keptFlags('kube-apiserver', API_SERVER_SETTINGS),
  kubelet: keptFlags('kubelet', KUBELET_SETTINGS),
};

function keptFlags(component: Component, settings: Readonly<Record<string, { flag: string }>>): ReadonlySet<string> {
  return new Set([...Object.values(settings).map(({ flag }) => flag), ...OWN_FLAGS[component]]);
}

/** The minor version in `v1.37.2` or `1.37`. */
export function minorOf(version: string): number | undefined {
  const minor = /^v?1\.(\d{1,3})(?:\.|$|[-+])/.exec(version)?.[1];
  return minor === undefined ? undefined : Number(minor);
}

const TAG = /:([^:/@]+)(?:@|$)/;

/** The minor version of Kubernetes in an image's tag; undefined if the tag shows none. */
export function minorOfImage(image: string): number | undefined {
  const tag = TAG.exec(image)?.[1];
  return tag === undefined ? undefined : minorOf(tag);
}

/**
 * The flags of a component.
 *
 * @param minor the minor version of Kubernetes; undefined (not known) gives the newest version's flags, a version older than
 *   the data the flags of every version
 */
export function flagTable(component: Component, minor: number | undefined): FlagTable {
  const version = knownVersion(minor);
  const known = tables[component].get(version);
  if (known) return known;
  const entries = ENTRIES[component];
  const shown = typeof version === 'number' ? version : NEWEST;
  // an older version may have flags that were removed since
  const own = entries.filter(({ since, until }) => version === 'older' || (since <= shown && shown <= until));
  // the oldest of several entries for a name wins
  const byName = new Map(own.map((entry) => [entry.name, flagOf(component, entry)] as const).reverse());
  const byLetter = new Map(
    Array.from(byName.values()).flatMap((flag) =>
      flag.shorthand === undefined ? [] : [[flag.shorthand, flag] as const],
    ),
  );
  const table: FlagTable = {
    accepted: new Map(),
    find: (name) => byName.get(name),
    shorthand: (letter) => byLetter.get(letter),
    elsewhere: (name) => allFlags(component).get(name),
    version,
    complete: typeof version === 'number',
  };
  tables[component].set(version, table);
  return table;
}

function knownVersion(minor: number | undefined): KnownVersion {
  if (minor === undefined) return 'unknown';
  if (MINORS.includes(minor)) return minor;
  return minor < OLDEST ? 'older' : minor > NEWEST ? 'newer' : 'unknown';
}

function flagOf(component: Component, { since: _since, until: _until, ...flag }: FlagEntry): Flag {
  const isStateful = dependsOnBefore(flag.type);
  return { ...flag, kept: KEPT[component].has(flag.name) || isStateful, repeats: !isStateful };
}

const everywhere = new Map<Component, ReadonlyMap<string, FlagElsewhere>>();

/** Every flag of a component by name, as the newest version has it that has one. */
function allFlags(component: Component): ReadonlyMap<string, FlagElsewhere> {
  const known = everywhere.get(component);
  if (known) return known;
  const flags = new Map<string, FlagElsewhere>();
  for (const entry of ENTRIES[component]) {
    const { since = entry.since } = flags.get(entry.name) ?? {};
    flags.set(entry.name, { flag: { ...flagOf(component, entry), repeats: false }, since, until: entry.until });
  }
  everywhere.set(component, flags);
  return flags;
}

/** Whether kube-apiserver has the flag and the kubelet does not. */
export function isApiServerFlag(name: string): boolean {
  return name === 'openshift-config' || (allFlags('kube-apiserver').has(name) && !allFlags('kubelet').has(name));
}
