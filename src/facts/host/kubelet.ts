// Reads a kubelet of a host: as it runs, as it would be started now, and where it serves.

import { isRejectedByKubelet } from '../../policy/certificates.ts';
import type { ProcessDocument, ProcessFiles } from '../../policy/document.ts';
import type { Problem } from '../../policy/reading.ts';
import type { Kubelet } from '../../policy/subject.ts';
import type { Budget } from '../budget.ts';
import { isPrinting } from './command.ts';
import type { Word } from '../argv/words.ts';
import { filesAsRead, isChangedSince, watched, withWritten, type NextSubject, type ReadTime } from './files.ts';
import {
  commandOf,
  hasSameWords,
  sinceWhen,
  unitFiles,
  unitInstead,
  unknownNext,
  withoutKnownFlags,
} from './command.ts';
import type { HostCommand, StartCommand } from './start.ts';
import { kubeletSettings, type KubeletSettings } from '../kubelet/kubelet.ts';
import { kubeletReadings, unreadableAs } from '../readings.ts';
import { joinPath } from '../values/paths.ts';

type Started = Extract<StartCommand, { words: readonly Word[] }>;

/** A kubelet as it runs; undefined if it serves nobody. */
export function runningKubelet(document: ProcessDocument, budget: Budget): Kubelet | undefined {
  const files = filesAsRead(document.files, readTime(document));
  const command = commandOf(document, document.command.by === 'args-file' ? files : document.files, budget);
  if ('problem' in command) return unreadableKubelet(document, command.problem);
  if (command.words === undefined) return undefined;
  const { refusal, ...settings } = settingsOf(command, files, budget);
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
  const units = watched(unitFiles(document));
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
          withoutRuleOf(document, own, settingsOf(wholeOf(document, own, next), settings.files, budget), budget),
          next.doubts,
          !isOther,
        );
  const clientCA = clientCAOf(document, kubelet, next.words && next.creates);
  const path = clientCA && isRejectedByKubelet(clientCA.file) ? pathOf(kubelet) : undefined;
  const isChanged = isOther || isChangedSince(document.files, settings.paths(), readTime(document));
  if (!isChanged && path === undefined) return undefined;
  const changed = [...(isChanged ? settings.paths() : []), ...(path === undefined ? [] : [path])];
  const since = sinceWhen(document, changed, isOther ? units.paths() : []);
  if (kubelet === undefined) return undefined;
  const doubts = withoutKnownFlags(kubelet.doubts, document, own, budget);
  return { subject: { ...kubelet, doubts, ...(clientCA && { clientCA }) }, ...(since !== undefined && { since }) };
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
  const running = words && settingsOf({ words }, filesAsRead(document.files, readTime(document)), budget);
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

/** @param created the files that its launcher creates if they do not exist; nothing is known of those yet */
function clientCAOf(
  { certificates }: ProcessDocument,
  kubelet: Kubelet | undefined,
  created: readonly string[] = [],
): Kubelet['clientCA'] {
  const path = pathOf(kubelet);
  if (certificates === undefined || path === undefined) return undefined;
  const file = certificates.read(path);
  return file.state === 'missing' && created.includes(path) ? undefined : { file, moment: certificates.moment };
}

/** The unit `kubelet.service` starts a kubelet itself; other launchers add flags. What runs without a kubeconfig needs none. */
function wholeOf(
  { unit, command }: ProcessDocument,
  own: HostCommand,
  next: Started,
): Started & { readonly isWhole: boolean } {
  const words = 'problem' in own ? [] : (own.words ?? []);
  const hasClient = command.by === 'unit' || words.some(({ text }) => text.startsWith('--kubeconfig'));
  return { ...next, isWhole: unit === 'kubelet.service' && next.doubts.length === 0 && hasClient };
}

function settingsOf(
  { words, writes = [], isWhole = false }: Pick<Started, 'words' | 'writes'> & { readonly isWhole?: boolean },
  onDisk: ProcessFiles,
  budget: Budget,
): KubeletSettings {
  const files = withWritten(onDisk, writes);
  return kubeletSettings({
    args: words,
    budget,
    isWhole,
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
