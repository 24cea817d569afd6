// Feature gates on a command line.

import { originAt, type Assignment, type CommandLine } from '../argv/pflag.ts';
import { neverServes } from '../argv/serving.ts';
import { isKnown } from '../argv/words.ts';
import type { Origin, Problem } from '../../policy/reading.ts';
import type { Refusal } from '../../policy/subject.ts';
import { parseBool, trimSpace } from '../values/go-values.ts';
import { judgeGates, NO_FAULT, type Gates, type GateUse, type GateValue, type GateVerdict } from './judge.ts';
import { hasGatesOf } from './table.ts';

const SETTING = '--feature-gates';

/** From this minor version on, kube-apiserver's gates can name the component that they belong to (`kube:NAME=true`). */
const FIRST_WITH_COMPONENTS = 31;

/** The gates that a kubelet's flags set. */
export function gatesOfFlags(commandLine: CommandLine): Gates {
  const gates = new Map<string, GateValue>();
  for (const { pair, origin } of pairsOf(commandLine)) {
    const gate = gateOf(pair, origin);
    if (gate) gates.set(...gate);
  }
  return gates;
}

/** Whether a kube-apiserver starts with the gates of its command line. */
export function judgeApiServerGates(commandLine: CommandLine, minor: number | undefined): GateVerdict {
  const pairs = pairsOf(commandLine);
  if (pairs.length === 0) return NO_FAULT;
  const parsed = minor !== undefined && minor < FIRST_WITH_COMPONENTS ? plain(pairs) : withComponents(pairs);
  if ('reason' in parsed) return { refusal: { ...parsed, setting: SETTING }, doubts: [] };
  const use: GateUse = { minor, setting: SETTING };
  return emulates(commandLine) ? emulated(parsed, use, commandLine) : judgeGates(parsed, use);
}

interface Pair {
  readonly pair: string;
  readonly origin: Origin;
}

interface Fault {
  readonly reason: string;
  readonly origin: Origin;
}

/** The pairs of every --feature-gates, in order; those of a value with an unknown part are left out. */
function pairsOf({ assignments, unclear }: CommandLine): Pair[] {
  const values: Assignment[] = [];
  for (let given = unclear ? undefined : assignments.get('feature-gates'); given; given = given.before)
    values.push(given);
  return values.reverse().flatMap(({ value, word }) =>
    word.holes === true && !isKnown(value)
      ? []
      : value
          .split(',')
          .filter((pair) => pair !== '')
          .map((pair) => ({ pair, origin: originAt(word.pointer) })),
  );
}

function gateOf(pair: string, origin: Origin): [string, GateValue] | undefined {
  const equals = pair.indexOf('=');
  const value = equals === -1 ? undefined : parseBool(trimSpace(pair.slice(equals + 1)));
  return value === undefined ? undefined : [trimSpace(pair.slice(0, equals)), { value, origin }];
}

function plain(pairs: readonly Pair[]): Gates | Fault {
  const gates = new Map<string, GateValue>();
  for (const { pair, origin } of pairs) {
    const gate = gateOf(pair, origin);
    if (gate === undefined) return { reason: pairFault(pair), origin };
    gates.set(...gate);
  }
  return gates;
}

function pairFault(pair: string): string {
  const equals = pair.indexOf('=');
  return equals === -1
    ? `missing bool value for ${trimSpace(pair)}`
    : `invalid value of ${trimSpace(pair.slice(0, equals))}=${trimSpace(pair.slice(equals + 1))}`;
}

/** Component-base compatibility/registry.go: Set, and cli/flag/colon_separated_multimap_string_string.go. */
function withComponents(pairs: readonly Pair[]): Gates | Fault {
  const parts = pairs.map(({ pair, origin }) => {
    const colon = pair.indexOf(':');
    return {
      component: colon === -1 ? '' : trimSpace(pair.slice(0, colon)),
      pair: trimSpace(pair.slice(colon + 1)),
      origin,
    };
  });
  const other = parts.find(({ component }) => component !== '' && component !== 'kube');
  if (other) return { reason: `component not registered: ${other.component}`, origin: other.origin };
  const mixed = parts.find(({ component }) => component !== parts[0]?.component);
  if (mixed) {
    const reason = 'set kube feature gates with default empty prefix or kube: prefix consistently, do not mix use';
    return { reason, origin: mixed.origin };
  }
  return plain(parts.filter(({ pair }) => pair !== ''));
}

function emulates({ assignments }: CommandLine): boolean {
  return assignments.has('emulated-version') || assignments.has('min-compatibility-version');
}

/** With an emulated version, a gate has the stage of that version: whether it may be set as it is, is not known. */
function emulated(gates: Gates, use: GateUse, commandLine: CommandLine): GateVerdict {
  const { refusal, doubts } = judgeGates(gates, use);
  if (refusal?.reason.startsWith('unrecognized')) return { refusal, doubts };
  const word = (
    commandLine.assignments.get('emulated-version') ?? commandLine.assignments.get('min-compatibility-version')
  )?.word;
  const minor = /1\.(\d{1,3})$/.exec(commandLine.assignments.get('emulated-version')?.value ?? '')?.[1];
  const before = hasGatesOf(Number(minor)) ? judgeGates(gates, { ...use, minor: Number(minor) }).refusal : undefined;
  const found = refusal ?? before;
  if (found === undefined) return { doubts };
  const problem: Problem = {
    code: 'unresolved',
    message: `with an emulated version, kube-apiserver may refuse its feature gates: ${found.reason}; remove the gate, or check the running process`,
    origin: originAt(word?.pointer),
  };
  return { doubts: [...doubts, problem] };
}

/** Why a kube-apiserver exits that gets this command line, and what makes that uncertain. */
export function apiServerStart(
  commandLine: CommandLine,
  minor: number | undefined,
): { readonly refusal?: Refusal; readonly doubts: readonly Problem[] } {
  const { doubts } = commandLine;
  const refusal = commandLine.refusal ?? neverServes('kube-apiserver', commandLine);
  if (refusal) return { refusal, doubts };
  const gates = judgeApiServerGates(commandLine, minor);
  return { ...gates, doubts: [...doubts, ...gates.doubts] };
}
