// Which feature gates kube-apiserver and the kubelet have, by Kubernetes version: both have the same. The data is generated
// from the components themselves (scripts/generate).

import { minorOf } from '../argv/flags.ts';
import data from '../data/feature-gates.json' with { type: 'json' };

/** A feature gate, as a run of consecutive minor versions has it. */
export interface Gate {
  readonly name: string;
  /** Generally available if there is no other stage. */
  readonly stage?: string;
  /** Whether the feature is on by default. */
  readonly default?: boolean;
  /** It cannot be set to another value than the default. */
  readonly locked?: boolean;
  /** Features that must be on if this one is on. */
  readonly needs?: readonly string[];
  readonly since: number;
  readonly until: number;
}

const MINORS: readonly number[] = data.versions.map((version) => minorOf(version) ?? 0);

/** The oldest and the newest minor version of the data. */
export const GATE_VERSIONS = { oldest: Math.min(...MINORS), newest: Math.max(...MINORS) } as const;

const byName = new Map<string, readonly Gate[]>();

// the table is parsed when it is first used, which most command lines do not need
function gates(): readonly Gate[] {
  return data.gates;
}

/** A gate in every version that has it, oldest first. */
export function gateVersions(name: string): readonly Gate[] {
  if (byName.size === 0) {
    for (const gate of gates()) byName.set(gate.name, [...(byName.get(gate.name) ?? []), gate]);
  }
  return byName.get(name) ?? [];
}

/** A gate as a version has it; undefined if it does not. */
export function gateAt(name: string, minor: number): Gate | undefined {
  return gateVersions(name).find(({ since, until }) => since <= minor && minor <= until);
}

/** The gates of a version that need other features. */
export function dependentGates(minor: number): readonly Gate[] {
  return gates().filter(({ needs, since, until }) => needs !== undefined && since <= minor && minor <= until);
}

/** The gates of a version that have a stage. */
export function gatesOfStage(stage: string, minor: number): readonly Gate[] {
  return gates().filter((gate) => gate.stage === stage && gate.since <= minor && minor <= gate.until);
}

/** Whether the data has all gates of a version. */
export function hasGatesOf(minor: number | undefined): minor is number {
  return minor !== undefined && MINORS.includes(minor);
}
