// Reads a kubelet of a host: as it runs, as it would be started now, and where it serves.

import { isRejectedByKubelet } from '../../policy/certificates.ts';
import type { ProcessDocument, ProcessFiles } from '../../policy/document.ts';
import type { Problem } from '../../policy/reading.ts';
import type { Kubelet } from '../../policy/subject.ts';
import { flagTable } from '../argv/flags.ts';
import { parseCommandLine } from '../argv/pflag.ts';
import type { Budget } from '../budget.ts';
import { isPrinting } from './command.ts';
import type { Word } from '../argv/words.ts';
import { filesAsRead, isChangedSince, lastChange, watched, type NextSubject, type ReadTime } from './files.ts';
import { commandOf, hasSameWords, unitInstead, unknownNext, type HostCommand } from './command.ts';
import {
  applyDocument,
  firstDocument,
  readKubeletConfiguration,
  startingPoint,
  type Layered,
} from '../kubelet/configuration.ts';
import { foldedPath } from '../kubelet/fields.ts';
import { kubeletSettings, type KubeletSettings } from '../kubelet/kubelet.ts';
import { kubeletReadings, unreadableAs } from '../readings.ts';
import { isAbsolute, joinPath } from '../values/paths.ts';

/** Settings of a kubelet of a host that no control checks. */
export interface KubeletPlace {
  /** The name of its node, if a flag sets it. */
  readonly hostname?: string;
  readonly staticPodPath?: string;
  readonly address: string;
  readonly port: number;
}

const PORT = 10250;
/** The place of a kubelet whose settings are unknown. */
export const DEFAULT_PLACE: KubeletPlace = { address: '', port: PORT };

/** A kubelet as it runs; undefined if it serves nobody. */
export function runningKubelet(document: ProcessDocument, budget: Budget): Kubelet | undefined {
  const files = filesAsRead(document.files, readTime(document));
  const command = commandOf(document, document.command.by === 'args-file' ? files : document.files, budget);
  if ('problem' in command) return unreadableKubelet(document, command.problem);
  if (command.words === undefined) return undefined;
  const { refusal, ...settings } = settingsOf(command.words, files, budget);
  if (isPrinting(refusal)) return undefined;
  if (refusal && refusal.isRule !== true) {
    const message = `it runs, although its visible settings would not start: ${refusal.reason}; check its /configz`;
    return unreadableKubelet(document, { code: 'ambiguous', message });
  }
  const kubelet = kubeletOf(document, settings, command.doubts, true);
  const clientCA = clientCAOf(document, kubelet);
  // it keeps the old CAs, which no file shows
  const isKept = clientCA === undefined || isRejectedByKubelet(clientCA.file);
  return kubelet && { ...kubelet, ...(!isKept && { clientCA }) };
}

/**
 * A kubelet as it would be started now: a process that was not restarted since a change, or one that does not run.
 *
 * @returns undefined if that is what runs
 */
export function nextKubelet(document: ProcessDocument, budget: Budget): NextSubject<Kubelet> | undefined {
  const units = watched(document.files);
  const settings = watched(document.files);
  const { command } = document;
  const own = commandOf(document, command.by === 'args-file' ? settings.files : units.files, budget);
  const next = unitInstead(document, units, budget) ?? own;
  if ('problem' in next) return unknownNext(document, next, own, units, unreadableKubelet);
  const isOther = command.by === 'unit' || !hasSameWords(next, own);
  const kubelet =
    next.words === undefined
      ? refusedKubelet(document, next.refusal)
      : kubeletOf(
          document,
          withoutRuleOf(document, own, settingsOf(next.words, settings.files, budget), budget),
          next.doubts,
          !isOther,
        );
  const clientCA = clientCAOf(document, kubelet);
  const path = clientCA && isRejectedByKubelet(clientCA.file) ? pathOf(kubelet) : undefined;
  const isChanged = isOther || isChangedSince(document.files, settings.paths(), readTime(document));
  if (!isChanged && path === undefined) return undefined;
  const changed = isChanged ? [...settings.paths(), ...(isOther ? units.paths() : [])] : [];
  const since = lastChange(document.files, [...changed, ...(path === undefined ? [] : [path])]);
  return kubelet && { subject: { ...kubelet, ...(clientCA && { clientCA }) }, ...(since !== undefined && { since }) };
}

/** A running process that breaks a rule is built without it, so its next start does not end with the same reason. */
function withoutRuleOf(
  document: ProcessDocument,
  own: HostCommand,
  next: KubeletSettings,
  budget: Budget,
): KubeletSettings {
  const { refusal, ...settings } = next;
  if (refusal?.isRule !== true || document.command.by === 'unit') return next;
  const words = 'problem' in own ? undefined : own.words;
  const running = words && settingsOf(words, filesAsRead(document.files, readTime(document)), budget);
  return running?.refusal?.reason === refusal.reason ? settings : next;
}

/** The client CA file of a running kubelet, if it has one. */
export function runningClientCA(document: ProcessDocument, budget: Budget): string | undefined {
  return pathOf(runningKubelet(document, budget));
}

function pathOf(kubelet: Kubelet | undefined): string | undefined {
  const reading = kubelet?.clientCAFile;
  return reading?.state === 'set' && reading.value !== '' ? reading.value : undefined;
}

function clientCAOf({ certificates }: ProcessDocument, kubelet: Kubelet | undefined): Kubelet['clientCA'] {
  const path = pathOf(kubelet);
  return certificates && path !== undefined
    ? { file: certificates.read(path), moment: certificates.moment }
    : undefined;
}

/** Results for as long as the files of a process are open, because several callers need them. */
const places = new WeakMap<ProcessFiles, KubeletPlace>();

/** Where a kubelet serves and has its static pods, as its present settings show it. */
export function kubeletPlace(document: ProcessDocument, budget: Budget): KubeletPlace {
  const place = places.get(document.files) ?? findPlace(document, budget);
  places.set(document.files, place);
  return place;
}

function findPlace(document: ProcessDocument, budget: Budget): KubeletPlace {
  const { files } = document;
  const command = commandOf(document, files, budget);
  const words = ('problem' in command ? undefined : command.words) ?? [];
  const flags = flagsOf(words, budget);
  const config = effectiveConfig(flags, files, budget);
  const hostname = flags('hostname-override') ?? '';
  const manifests = flags('pod-manifest-path') ?? config.staticPodPath ?? '';
  return {
    ...(hostname !== '' && { hostname }),
    ...(manifests !== '' && { staticPodPath: manifests }),
    address: flags('address') ?? config.address ?? '',
    port: portOf(flags('port')) ?? portOf(config.port) ?? PORT,
  };
}

/** Zero means the default. */
function portOf(value: string | number | undefined): number | undefined {
  const port = Number(value);
  return Number.isInteger(port) && port > 0 ? port : undefined;
}

function settingsOf(words: readonly Word[], files: ProcessFiles, budget: Budget): KubeletSettings {
  return kubeletSettings({
    args: words,
    budget,
    // filepath.Abs cleans the path before it is read (kubernetes cmd/kubelet/app/server.go:456)
    readFile: (path) => files.readFile(joinPath(path, '')),
    readDropIns: files.readDropIns,
  });
}

function kubeletOf(
  document: ProcessDocument,
  { serves, doubts, ...settings }: KubeletSettings,
  further: readonly Problem[],
  isParsed: boolean,
): Kubelet | undefined {
  if (!serves) return undefined;
  // a running process has parsed its command line, so it knows all of its flags
  const own = isParsed ? doubts.filter(({ code }) => code !== 'unknown-flag') : doubts;
  return { ...base(document), ...settings, doubts: [...document.problems, ...further, ...own] };
}

/** A kubelet whose settings are unknown. */
export function unreadableKubelet(document: ProcessDocument, problem: Problem): Kubelet {
  return { ...base(document), ...kubeletReadings(() => unreadableAs(problem)), doubts: document.problems };
}

function refusedKubelet(document: ProcessDocument, reason: string): Kubelet {
  return {
    ...base(document),
    ...kubeletReadings(() => ({ state: 'unset' })),
    refusal: { reason: `systemd does not start it: ${reason}` },
    doubts: document.problems,
  };
}

function base({ subject, source }: ProcessDocument) {
  return { component: 'kubelet', name: subject, source, vantage: 'on-node', surface: 'process' } as const;
}

function readTime({ startedAt, command }: ProcessDocument): ReadTime {
  return { startedAt, writesItself: command.by === 'k3s' };
}

/** The flags for where the kubelet serves. Undefined: not set, or not known. */
function flagsOf(words: readonly Word[], budget: Budget): (name: string) => string | undefined {
  const table = flagTable('kubelet', undefined);
  const { assignments, unclear } = parseCommandLine(words, table, { emptyPositionals: false, budget });
  return (name) => {
    const assignment = unclear ? undefined : assignments.get(name);
    return assignment?.word.holes === true ? undefined : assignment?.value;
  };
}

function effectiveConfig(
  flags: (name: string) => string | undefined,
  files: ProcessFiles,
  budget: Budget,
): { readonly staticPodPath?: string; readonly address?: string; readonly port?: number } {
  const path = joinPath(flags('config') ?? '', '');
  const content = path === '' ? undefined : files.readFile(path);
  const base = content?.state === 'read' ? firstDocument(content.text, path, budget) : undefined;
  const read = base === undefined || 'state' in base ? undefined : readKubeletConfiguration(base, path);
  let layered: Layered = read === undefined || 'refusal' in read ? startingPoint() : read;
  const written = foldedPath(layered.config, ['staticpodpath']);
  const directory = flags('config-dir') ?? '';
  const dropIns = directory === '' ? [] : files.readDropIns(directory);
  for (const dropIn of 'state' in dropIns ? [] : dropIns) {
    const document = firstDocument(dropIn.text, dropIn.path, budget);
    const step = 'state' in document ? document.step : applyDocument(layered, document, dropIn.path, budget);
    if (!('refusal' in step)) layered = step;
  }
  const [pods, address, port] = ['staticpodpath', 'address', 'port'].map((name) => foldedPath(layered.config, [name]));
  return {
    ...(typeof pods === 'string' && { staticPodPath: pods === written ? besides(path, pods) : pods }),
    ...(typeof address === 'string' && { address }),
    ...(typeof port === 'number' && { port }),
  };
}

/** Paths in the file of --config are relative to its folder, those of drop-ins and flags to the working directory. */
function besides(configPath: string, path: string): string {
  if (path === '' || isAbsolute(path)) return path;
  return joinPath(configPath.slice(0, configPath.lastIndexOf('/') + 1), path);
}
