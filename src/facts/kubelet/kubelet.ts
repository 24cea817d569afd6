// The kubelet's effective settings: the file of --config, overridden by the drop-ins of --config-dir, then by flags
// (kubernetes cmd/kubelet/app/server.go:182-243, 338-400).

import { asRecord } from '../../json.ts';
import type { Problem, Reading } from '../../policy/reading.ts';
import type { KubeletReadings } from '../../policy/settings.ts';
import type { Refusal } from '../../policy/subject.ts';
import { flagTable } from '../argv/flags.ts';
import type { Budget } from '../budget.ts';
import { originAt, parseCommandLine, readFlag, type CommandLine } from '../argv/pflag.ts';
import { neverServes } from '../argv/serving.ts';
import type { Word } from '../argv/words.ts';
import { findMismatch, keepKnown } from '../decoding/decode.ts';
import {
  applyDocument,
  firstDocument,
  readKubeletConfiguration,
  refuse,
  startingPoint,
  unreadableLayer,
  type KubeletDocument,
  type Layered,
  type Step,
} from './configuration.ts';
import { foldedPath, TYPE, withoutHoles } from './fields.ts';
import { configurationGates, kubeletGates } from './gates.ts';
import { brokenRule } from './rules.ts';
import { kubeletReadings, readSetting, unreadableAs } from '../readings.ts';
import { parseBool } from '../values/go-values.ts';
import { placeholderProblem } from '../values/placeholders.ts';
import type { ParsedDocument } from '../yaml/documents.ts';

/** A file, as far as it could be read. */
export type ConfigFile =
  | { readonly state: 'read'; readonly text: string }
  | { readonly state: 'missing' }
  | { readonly state: 'unreadable'; readonly problem: Problem };

/** The content of a file that was read as a document already. */
export interface ParsedFile {
  readonly state: 'parsed';
  readonly document: KubeletDocument;
}

/** A drop-in's path and text. */
export interface DropIn {
  readonly path: string;
  readonly text: string;
}

/** The command line and the files that a kubelet is started with. */
export interface KubeletSetup {
  /** The words after `kubelet`. */
  readonly args: readonly Word[];
  readonly budget: Budget;
  /** The minor version of Kubernetes, if it is known. */
  readonly minor?: number;
  /** The words are all that the kubelet is started with: no launcher adds flags that are not among them. */
  readonly isWhole?: boolean;
  readonly readFile: (path: string) => ConfigFile | ParsedFile;
  /** The `.conf` files of a --config-dir, in the order in which the kubelet walks it. */
  readonly readDropIns: (directory: string) => readonly DropIn[] | Exclude<ConfigFile, { state: 'read' }>;
}

/**
 * The settings that a kubelet gets from its setup, or why it exits. With a refusal the readings are unset, unless it exits after
 * it has read them.
 */
export interface KubeletSettings extends KubeletReadings {
  readonly refusal?: Refusal;
  readonly doubts: readonly Problem[];
  /** False if the kubelet opens no HTTPS server, so that no caller can reach it. */
  readonly serves: boolean;
}

/** Reads the settings of a kubelet's whole setup. */
export function kubeletSettings(setup: KubeletSetup): KubeletSettings {
  const commandLine = parseCommandLine(setup.args, flagTable('kubelet', setup.minor), {
    emptyPositionals: false,
    budget: setup.budget,
  });
  const refusal = commandLine.refusal ?? neverServes('kubelet', commandLine);
  const doubts = commandLine.unclear ? [...commandLine.doubts, commandLine.unclear] : commandLine.doubts;
  if (refusal) return refused(refusal, doubts);
  const base = applyConfig(setup, commandLine);
  const layered = applyDropIns(base, setup, commandLine);
  if ('refusal' in base) return refused(base.refusal, doubts);
  if ('refusal' in layered) return refused(layered.refusal, doubts);
  const readings = applyFlags(layered.readings, commandLine);
  const { minor, isWhole = false } = setup;
  const gates = kubeletGates(commandLine, [base.gates, layered.gates], minor, readings);
  const broken = asRule(gates.refusal) ?? brokenRule({ minor, commandLine, isWhole, layered, readings });
  const isRead = Object.values(readings).some(({ state }: Reading<unknown>) => state !== 'unreadable');
  return {
    doubts: [
      ...commandLine.doubts,
      ...dropInDoubts(setup, commandLine),
      ...(layered.malformed && isRead ? [layered.malformed] : []),
      ...gates.doubts,
    ],
    ...readings,
    ...(broken && { refusal: broken }),
    serves: serves(layered.config, commandLine),
  };
}

function refused(refusal: Refusal, doubts: readonly Problem[] = []): KubeletSettings {
  return { refusal, doubts, ...kubeletReadings(() => ({ state: 'unset' })), serves: true };
}

/** Flags override files and drop-ins (cmd/kubelet/app/server.go:232). */
function applyFlags(readings: KubeletReadings, commandLine: CommandLine): KubeletReadings {
  return kubeletReadings((setting, name) => {
    const flag = readSetting(commandLine, setting, { layer: 'flag' });
    return flag.state === 'unset' ? readings[name] : flag;
  });
}

/** Before 1.30 drop-ins needed an environment variable, which the command line does not show (KEP-3983). */
function dropInDoubts({ minor }: KubeletSetup, { assignments }: CommandLine): Problem[] {
  const directory = assignments.get('config-dir');
  if (minor === undefined || minor >= 30 || directory === undefined || directory.value === '') return [];
  const message =
    'a kubelet before 1.30 refuses --config-dir unless KUBELET_CONFIG_DROPIN_DIR_ALPHA is set, which its arguments do not show; check its /configz';
  return [{ code: 'unresolved', message, origin: originAt(directory.word.pointer) }];
}

/** The settings of one KubeletConfiguration, as a kubelet reads it from `--config`. */
export function configurationSettings(document: KubeletDocument): KubeletSettings {
  const step = readKubeletConfiguration(document, undefined);
  return 'refusal' in step ? refused(step.refusal) : alone(step, false);
}

/** The settings that one drop-in sets. The files that it is merged into decide the others, and they are not known. */
export function dropInSettings(document: ParsedDocument, path: string, budget: Budget): KubeletSettings {
  const left = (what: string): Problem => ({
    code: 'not-visible',
    message: `the drop-in ${path} leaves ${what} to the configuration that it is merged into; check the kubelet's /configz, or its host`,
  });
  const readings = kubeletReadings(({ field }) => unreadableAs(left(field)));
  const { config, gates } = unreadableLayer(left('everything else'));
  const step = applyDocument({ config, gates, readings }, document, path, budget);
  return 'refusal' in step ? refused(step.refusal) : alone(step, true);
}

/** A configuration whose kubelet has no flags that are known. */
function alone(layered: Layered, partial: boolean): KubeletSettings {
  const { config, gates, readings } = layered;
  const { refusal, doubts } = configurationGates(gates, readings, partial);
  // what a drop-in sets, a later one can replace
  const rule = partial ? undefined : brokenRule({ minor: undefined, isWhole: false, layered, readings });
  const broken = asRule(refusal) ?? rule;
  return { doubts, ...readings, ...(broken && { refusal: broken }), serves: config.enableServer !== false };
}

/** Gates differ by version, and a patched kubelet can have more. */
function asRule(refusal: Refusal | undefined): Refusal | undefined {
  return refusal && { ...refusal, isRule: true };
}

function applyConfig(setup: KubeletSetup, commandLine: CommandLine): Step {
  const path = readFlag(commandLine, 'config', { layer: 'flag' });
  if (path.state === 'unreadable') return unreadableLayer(path.problem);
  if (path.state === 'unset' || path.value === '') return startingPoint();
  const file = setup.readFile(path.value);
  if (file.state === 'unreadable') return unreadableLayer(file.problem);
  if (file.state === 'missing') return refuse(`failed to read kubelet config file ${path.value}`, path.origin);
  if (file.state === 'parsed') return readKubeletConfiguration(file.document, path.value);
  const document = firstDocument(file.text, path.value, setup.budget);
  return 'state' in document ? document.step : readKubeletConfiguration(document, path.value);
}

function applyDropIns(base: Step, setup: KubeletSetup, commandLine: CommandLine): Step {
  if ('refusal' in base) return base;
  const directory = readFlag(commandLine, 'config-dir', { layer: 'flag' });
  if (directory.state === 'unreadable') return unreadableLayer(directory.problem);
  if (directory.state === 'unset' || directory.value === '') return base;
  const dropIns = setup.readDropIns(directory.value);
  if ('state' in dropIns) {
    return dropIns.state === 'missing'
      ? refuse(`failed to read --config-dir ${directory.value}`, directory.origin)
      : unreadableLayer(dropIns.problem);
  }
  let layered: Layered = { ...base, config: asRecord(keepKnown(TYPE, base.config)) };
  for (const dropIn of dropIns) {
    const step = applyDropIn(layered, dropIn, setup.budget);
    if ('refusal' in step) return step;
    const malformed = layered.malformed ?? step.malformed;
    layered = { ...step, ...(malformed && { malformed }) };
  }
  const found = findMismatch(TYPE, withoutHoles(layered.config), { anyCase: true });
  if (found?.placeholder)
    return unreadableLayer(placeholderProblem(found.pointer, found.placeholder, { layer: 'drop-in' }));
  return found
    ? refuse(`the merged drop-ins cannot be decoded: ${found.reason} (${found.pointer})`, { layer: 'drop-in' })
    : layered;
}

function applyDropIn(base: Layered, { path, text }: DropIn, budget: Budget): Step {
  const document = firstDocument(text, path, budget);
  return 'state' in document ? document.step : applyDocument(base, document, path, budget);
}

function serves(config: Readonly<Record<string, unknown>>, { assignments }: CommandLine): boolean {
  const flag = assignments.get('enable-server');
  return flag === undefined ? foldedPath(config, ['enableserver']) !== false : parseBool(flag.value) !== false;
}
