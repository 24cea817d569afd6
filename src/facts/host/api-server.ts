// Reads a kube-apiserver of a host: as it runs, and as it would be started now.

import type { ProcessDocument, ProcessFiles } from '../../policy/document.ts';
import type { Origin, Problem, Reading } from '../../policy/reading.ts';
import type { ApiServerReadings, ApiServerSetting, SettingValue } from '../../policy/settings.ts';
import type { ApiServer } from '../../policy/subject.ts';
import { flagTable } from '../argv/flags.ts';
import { parseCommandLine, type CommandLine } from '../argv/pflag.ts';
import { neverServes } from '../argv/serving.ts';
import type { Word } from '../argv/words.ts';
import type { Budget } from '../budget.ts';
import {
  commandOf,
  hasSameWords,
  isPrinting,
  sinceWhen,
  unitFiles,
  unitInstead,
  unknownNext,
  withoutKnownFlags,
} from './command.ts';
import { keptFile, presentPair, runningPair } from './client-pair.ts';
import { filesAsRead, isChangedSince, watched, type NextSubject, type ReadTime } from './files.ts';
import type { HostCommand } from './start.ts';
import { apiServerStart } from '../gates/flags.ts';
import { apiServerConfigSettings, isApiServerConfig } from '../api-server/openshift.ts';
import { apiServerReadings, readSetting, unreadableAs } from '../readings.ts';
import { parseStream } from '../yaml/documents.ts';

const PLACE: Origin = { layer: 'flag' };

/** A kube-apiserver as it runs. */
export function runningApiServer(document: ProcessDocument, budget: Budget): ApiServer | undefined {
  const files = filesAsRead(document.files, readTime(document));
  const command = commandOf(document, document.command.by === 'args-file' ? files : document.files, budget);
  return isAskedToPrint(command, budget) ? undefined : apiServerOf(document, command, files, RUNNING, budget);
}

/** A kube-apiserver as it would be started now; undefined if that is what runs. */
export function nextApiServer(document: ProcessDocument, budget: Budget): NextSubject<ApiServer> | undefined {
  const units = watched(unitFiles(document));
  const settings = watched(document.files);
  const own = commandOf(document, document.command.by === 'args-file' ? settings.files : units.files, budget);
  const next = unitInstead(document, units, budget) ?? own;
  if ('problem' in next) return unknownNext(document, next, own, units, unreadableHostApiServer);
  const isOther = document.command.by === 'unit' || !hasSameWords(next, own);
  const stage = { isParsed: !isOther, runs: false };
  const subject = apiServerOf(document, next, settings.files, stage, budget);
  const kept = isOther ? undefined : keptFile(subject, next.words ?? [], document);
  const read = [...settings.paths(), ...(kept === undefined ? [] : [kept])];
  if (!isOther && !isChangedSince(document.files, read, readTime(document))) return undefined;
  const since = sinceWhen(document, read, isOther ? units.paths() : []);
  const doubts = withoutKnownFlags(subject.doubts, document, own, budget);
  return { subject: { ...subject, doubts }, ...(since !== undefined && { since }) };
}

interface Stage {
  /** A running process has parsed these words. */
  readonly isParsed: boolean;
  readonly runs: boolean;
}

const RUNNING: Stage = { isParsed: true, runs: true };

function apiServerOf(
  document: ProcessDocument,
  command: HostCommand,
  files: ProcessFiles,
  stage: Stage,
  budget: Budget,
): ApiServer {
  if ('problem' in command) return unreadableHostApiServer(document, command.problem);
  const base = baseOf(document);
  const { problems } = document;
  if (command.words === undefined) {
    const refusal = { reason: `systemd does not start it: ${command.refusal}` };
    return { ...base, ...apiServerReadings(() => ({ state: 'unset' })), refusal, doubts: problems };
  }
  const { doubts, ...settings } = settingsOf(command.words, files, stage.isParsed, budget);
  const pair = stage.runs
    ? runningPair(settings, command.words, document)
    : presentPair(settings, document, command.creates);
  return { ...base, ...settings, ...(pair && { pair }), doubts: [...problems, ...command.doubts, ...doubts] };
}

/** A kube-apiserver whose settings are unknown. */
export function unreadableHostApiServer(document: ProcessDocument, problem: Problem): ApiServer {
  return { ...baseOf(document), ...apiServerReadings(() => unreadableAs(problem)), doubts: document.problems };
}

function baseOf({ subject, source }: ProcessDocument): Omit<ApiServer, keyof ApiServerReadings | 'doubts'> {
  return {
    component: 'kube-apiserver',
    name: subject,
    source,
    vantage: 'on-node',
    surface: 'process',
    // a running process has found its files
    view: () => 'not-shown',
  };
}

function isAskedToPrint(command: HostCommand, budget: Budget): boolean {
  const words = ('problem' in command ? undefined : command.words) ?? [];
  return isPrinting(neverServes('kube-apiserver', parse(words, budget)));
}

function parse(words: readonly Word[], budget: Budget): CommandLine {
  return parseCommandLine(words, flagTable('kube-apiserver', undefined), { emptyPositionals: true, budget });
}

function readTime({ startedAt }: ProcessDocument): ReadTime {
  return { startedAt, writesItself: false };
}

type Settings = ApiServerReadings & Pick<ApiServer, 'refusal' | 'doubts'>;

/** A running process has parsed its command line, so an unknown flag makes nothing uncertain, and a refusal contradicts that it runs. */
function settingsOf(all: readonly Word[], files: ProcessFiles, isParsed: boolean, budget: Budget): Settings {
  const config = all.findLast(({ text }) => text.startsWith(OPENSHIFT));
  const words = all.filter(({ text }) => !text.startsWith(OPENSHIFT));
  const commandLine = parse(words, budget);
  const start = apiServerStart(commandLine, undefined);
  const refusal = isParsed ? (commandLine.refusal ?? neverServes('kube-apiserver', commandLine)) : undefined;
  if (start.refusal && !isParsed) return { ...apiServerReadings(() => ({ state: 'unset' })), ...start };
  if (refusal) {
    const message = `it runs, although its command line would not start: ${refusal.reason}; check its /flagz`;
    return { ...apiServerReadings(() => unreadableAs({ code: 'ambiguous', message })), doubts: [] };
  }
  const doubts = isParsed ? [] : start.doubts;
  const read = (setting: ApiServerSetting): Reading<SettingValue> => readSetting(commandLine, setting, PLACE);
  const readings =
    config === undefined ? apiServerReadings(read) : ofFile(config.text.slice(OPENSHIFT.length), files, read, budget);
  return { ...readings, doubts };
}

/** OpenShift's kube-apiserver parses the flags of this file after those of its command line. */
const OPENSHIFT = '--openshift-config=';

function ofFile(
  path: string,
  files: ProcessFiles,
  flag: (setting: ApiServerSetting) => Reading<SettingValue>,
  budget: Budget,
): ApiServerReadings {
  const content = files.readFile(path);
  if (content.state !== 'read') {
    const message = `${path} does not exist, although it should hold the flags: check the path`;
    const problem = content.state === 'unreadable' ? content.problem : ({ code: 'not-found', message } as const);
    return apiServerReadings(() => unreadableAs(problem));
  }
  const [first] = parseStream(content.text, budget);
  if (first === undefined || 'problem' in first || !isApiServerConfig(first.value)) {
    const message = `${path} is no readable KubeAPIServerConfig: fix it, then check it again`;
    return apiServerReadings(() => unreadableAs({ code: 'malformed', message }));
  }
  const settings = apiServerConfigSettings(first.value);
  const either = (inFile: Reading<SettingValue>, setting: ApiServerSetting): Reading<SettingValue> => {
    if (inFile.state === 'unset') return flag(setting);
    return inFile.state === 'set' ? { ...inFile, origin: { ...inFile.origin, file: path } } : inFile;
  };
  return apiServerReadings((setting, name) => either(settings[name], setting));
}
