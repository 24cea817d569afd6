// Whether a component starts with the feature gates that it is given (component-base featuregate/feature_gate.go:
// unsafeSetFromMap).

import type { Origin, Problem } from '../../policy/reading.ts';
import type { Refusal } from '../../policy/subject.ts';
import { dependentGates, gateAt, GATE_VERSIONS, gatesOfStage, gateVersions, hasGatesOf, type Gate } from './table.ts';

/** The value that a component is given for a feature gate, and where it is written. */
export interface GateValue {
  readonly value: boolean;
  readonly origin: Origin;
}

/** Feature gates by name, with the value that counts. */
export type Gates = ReadonlyMap<string, GateValue>;

/** Features that were set, also by AllAlpha or AllBeta. */
export type EnabledGates = ReadonlyMap<string, boolean>;

/** Why a component exits because of its feature gates, or why that is not known. */
export interface GateVerdict {
  readonly refusal?: Refusal;
  readonly doubts: readonly Problem[];
}

/** Every gate can be set. */
export const NO_FAULT: GateVerdict = { doubts: [] };

/** What the gates are written for. */
export interface GateUse {
  /** The minor version of Kubernetes, if it is known. */
  readonly minor: number | undefined;
  /** The name of the setting in reports. */
  readonly setting: string;
  /** What was set before, if these gates are added to it. */
  readonly before?: EnabledGates;
  /** Other layers may set further gates, which this one may depend on. */
  readonly partial?: boolean;
}

/**
 * Judges feature gates.
 *
 * A version that the data has refuses a gate that it does not have. If the version is not known, gates come and go, so only a
 * gate that no version has as it is set is a doubt.
 */
export function judgeGates(gates: Gates, use: GateUse): GateVerdict {
  const { minor } = use;
  if (gates.size === 0) return NO_FAULT;
  if (!hasGatesOf(minor))
    return { doubts: Array.from(gates).flatMap(([name, gate]) => doubtOf(name, gate, use) ?? []) };
  const entries = Array.from(gates, ([name, gate]) => ({ name, gate, known: gateAt(name, minor) }));
  const unknown = entries.find(({ known }) => known === undefined);
  if (unknown) return refuse(unknownGate(unknown.name, minor), unknown.gate, use);
  const locked = entries.find(({ gate, known }) => known?.locked === true && (known.default ?? false) !== gate.value);
  if (locked) {
    const { name, gate } = locked;
    return refuse(
      `cannot set feature gate ${name} to ${String(gate.value)}, feature is locked to ${String(!gate.value)}`,
      gate,
      use,
    );
  }
  return use.partial === true ? NO_FAULT : dependencies(gates, use, minor);
}

function refuse(reason: string, { origin }: GateValue, { setting }: GateUse): GateVerdict {
  return { refusal: { reason, setting, origin }, doubts: [] };
}

function unknownGate(name: string, minor: number): string {
  const reason = `unrecognized feature gate: ${name}`;
  const versions = gateVersions(name);
  const [first, last] = [versions[0], versions.at(-1)];
  if (first === undefined || last === undefined) return reason;
  return last.until < minor
    ? `${reason} (Kubernetes 1.${String(last.until)} is the last version that has it)`
    : `${reason} (Kubernetes 1.${String(first.since)} is the first version that has it)`;
}

/** Features that are on although one that they need is off. */
function dependencies(gates: Gates, { setting, before }: GateUse, minor: number): GateVerdict {
  const enabled = enabledGates(gates, minor, before);
  const isOn = ({ name, default: isDefault = false }: Gate): boolean => enabled.get(name) ?? isDefault;
  for (const gate of dependentGates(minor)) {
    if (!isOn(gate)) continue;
    const needed = (gate.needs ?? []).flatMap((name) => gateAt(name, minor) ?? []);
    const off = needed.filter((other) => !isOn(other)).map(({ name }) => name);
    const cause = [gate.name, ...off, ...SPECIAL.values()].flatMap((name) => gates.get(name) ?? [])[0];
    if (off.length === 0 || cause === undefined) continue;
    const reason = `${gate.name} is enabled, but depends on features that are disabled: [${off.join(' ')}]`;
    return { refusal: { reason, setting, origin: cause.origin }, doubts: [] };
  }
  return NO_FAULT;
}

/** Gates that set all gates of a stage that are not set yet. */
const SPECIAL: ReadonlyMap<string, string> = new Map([
  ['alpha', 'AllAlpha'],
  ['beta', 'AllBeta'],
]);

/** Which features are set after gates are added to those that were set before; none if the data does not have the version. */
export function enabledGates(gates: Gates, minor: number | undefined, before: EnabledGates = new Map()): EnabledGates {
  const enabled = new Map(before);
  if (!hasGatesOf(minor)) return enabled;
  for (const [name, { value }] of gates) enabled.set(name, value);
  for (const [stage, special] of SPECIAL) {
    const all = gates.get(special);
    for (const { name } of all ? gatesOfStage(stage, minor) : [])
      if (!enabled.has(name)) enabled.set(name, all?.value === true);
  }
  return enabled;
}

const REMEDY = 'remove the gate, or check the running process';

function doubtOf(name: string, { value, origin }: GateValue, { minor }: GateUse): Problem | undefined {
  const versions = gateVersions(name);
  if (versions.some(({ locked, default: locks = false }) => locked !== true || locks === value)) return undefined;
  const range = `1.${String(GATE_VERSIONS.oldest)} to 1.${String(GATE_VERSIONS.newest)}`;
  const which =
    minor === undefined
      ? 'the document does not show which version runs'
      : `the version that runs is 1.${String(minor)}`;
  const what =
    versions.length === 0
      ? `no known version of the component (${range}) has the feature gate ${name}, and ${which}; if it has none, the component would not start`
      : `every known version of the component that has the feature gate ${name} (of ${range}) has it locked to ${String(!value)}, and ${which}; with a locked gate the component would not start`;
  return { code: 'unknown-flag', message: `${what}; ${REMEDY}`, origin };
}
