// Finds the words that a process of a host was started with, or would be.

import type { ProcessDocument, ProcessFiles } from '../../policy/document.ts';
import type { Component, Problem } from '../../policy/reading.ts';
import type { Refusal } from '../../policy/subject.ts';
import { flagTable } from '../argv/flags.ts';
import { parseCommandLine } from '../argv/pflag.ts';
import { wordOf, type Word } from '../argv/words.ts';
import type { Budget } from '../budget.ts';
import { argsOfFile } from '../systemd/args-file.ts';
import { changedFile, isChangedSince, lastChange, watched, type NextSubject, type WatchedFiles } from './files.ts';
import { dropInFolder } from './launchers/rancher/kubelet.ts';
import type { HostCommand, StartCommand } from './start.ts';
import { unitCommand } from './units.ts';

/**
 * Finds the words that a process is started with.
 *
 * @param files reads its files
 */
export function commandOf(document: ProcessDocument, files: ProcessFiles, budget: Budget): HostCommand {
  const { command, unit, subject } = document;
  switch (command.by) {
    case 'words':
      budget.words(command.args.length);
      for (const text of command.args) budget.characters(text.length);
      return { words: command.args.map((text) => ({ text })), doubts: [] };
    case 'args-file': {
      const content = files.readFile(command.path);
      if (content.state === 'read') return { words: argsOfFile(content.text, command.variables, budget), doubts: [] };
      return { problem: content.state === 'unreadable' ? content.problem : noFile(command.path) };
    }
    case 'k3s':
      return insideK3s(document, command.dataDirectory, files, budget);
    case 'unit':
      return ofUnit(unit ?? '', subject.component, files, budget);
    case 'unknown':
      return { problem: command.problem };
  }
}

/**
 * What the unit of a process would start now. Undefined where the process itself shows it better: files that show only a part of
 * it, and that have not changed since the process started, start what they have started.
 */
export function unitInstead(
  document: ProcessDocument,
  { files, paths }: WatchedFiles,
  budget: Budget,
): HostCommand | undefined {
  const { command, unit, startedAt } = document;
  if ((command.by !== 'words' && command.by !== 'k3s') || unit === undefined) return undefined;
  const found = commandOf({ ...document, command: { by: 'unit' } }, files, budget);
  const isKnown =
    !('problem' in found) && found.doubts.length === 0 && (found.words ?? []).every(({ holes }) => holes !== true);
  if (isKnown) return found;
  const own = 'problem' in found || found.words === undefined ? [] : (found.writes ?? []);
  const read = paths().filter((path) => !own.some((file) => file.path.startsWith(path)));
  const changed = changedFile(unitFiles(document), read, { startedAt, writesItself: false });
  if (changed === undefined) return undefined;
  if (!('problem' in found)) return found;
  const { code, message } = found.problem;
  const next = `${changed} was changed after the start of the process, and what it starts now is not known: ${message}`;
  return { problem: { code, message: next } };
}

/** The files that show the unit of a process. */
export function unitFiles({ files, hostFiles }: ProcessDocument): ProcessFiles {
  return hostFiles ?? files;
}

/** The time of the last change of files of a process and of its unit, RFC 3339 in UTC. */
export function sinceWhen(
  document: ProcessDocument,
  own: readonly string[],
  unit: readonly string[],
): string | undefined {
  const times = [lastChange(document.files, own), lastChange(unitFiles(document), unit)];
  return times
    .filter((time) => time !== undefined)
    .sort()
    .at(-1);
}

/** A next start that is not known. Where what runs is not known for the same reason, there is nothing to add. */
export function unknownNext<S>(
  document: ProcessDocument,
  next: { readonly problem: Problem },
  own: HostCommand,
  units: WatchedFiles,
  unreadable: (document: ProcessDocument, problem: Problem) => S,
): NextSubject<S> | undefined {
  if (next === own && document.command.by !== 'unit') return undefined;
  const since = lastChange(unitFiles(document), units.paths());
  return { subject: unreadable(document, next.problem), ...(since !== undefined && { since }) };
}

/** Tells whether a next start is the same as the present one, as far as that is known. */
export function hasSameWords(next: StartCommand, own: HostCommand): boolean {
  const { words: one } = next;
  const isDoubted = 'doubts' in own && own.doubts.length > next.doubts.length;
  const words = 'problem' in own || isDoubted ? undefined : own.words;
  return one !== undefined && words?.length === one.length && one.every(({ text }, at) => text === words[at]?.text);
}

/**
 * The doubts about a next start that the running process leaves. It has parsed its command line, so it knows all of its flags.
 *
 * @param own the start of the running process
 */
export function withoutKnownFlags(
  doubts: readonly Problem[],
  { command, subject: { component } }: ProcessDocument,
  own: HostCommand,
  budget: Budget,
): readonly Problem[] {
  const words = 'problem' in own || command.by === 'unit' ? undefined : own.words;
  if (words === undefined || !doubts.some(isUnknownFlag)) return doubts;
  const options = { emptyPositionals: component === 'kube-apiserver', budget };
  const parsed = parseCommandLine(words, flagTable(component, undefined), options);
  const known = new Set(parsed.doubts.filter(isUnknownFlag).map(({ message }) => message));
  return doubts.filter((doubt) => !isUnknownFlag(doubt) || !known.has(doubt.message));
}

function isUnknownFlag({ code }: Problem): boolean {
  return code === 'unknown-flag';
}

/** It prints its help or version, and exits. */
export function isPrinting(refusal: Refusal | undefined): boolean {
  return refusal?.setting === '--help' || refusal?.setting === '--version';
}

/** A pointer is a place in a document, and the files of a host are none. */
function withoutPlace({ text, problem }: Word): Word {
  return { ...wordOf(text, undefined), ...(problem && { problem }) };
}

function ofUnit(unit: string, component: Component, files: ProcessFiles, budget: Budget): HostCommand {
  const found = unitCommand(unit, component, files, budget);
  switch (found.state) {
    case 'words':
      return { ...found, words: found.words.map(withoutPlace) };
    case 'refused':
      return { refusal: found.reason, doubts: [] };
    case 'unknown':
      return { problem: found.problem };
    case 'nothing': {
      const message = `the unit ${unit} does not show what it starts; check the running process`;
      return { problem: { code: 'not-visible', message } };
    }
  }
}

/** A component that runs inside k3s, which shows its flags to nobody: those that its unit and configuration give it. */
function insideK3s(
  { unit, subject: { component }, startedAt }: ProcessDocument,
  dataDirectory: string,
  files: ProcessFiles,
  budget: Budget,
): HostCommand {
  const read = watched(files);
  const found = unit === undefined ? undefined : unitCommand(unit, component, read.files, budget);
  const folder = dropInFolder(dataDirectory);
  if (found?.state === 'words') {
    const { doubts } = found;
    const words = found.words.map(withoutPlace);
    const changed = changedConfiguration(files, read.paths(), folder, startedAt);
    return { words, doubts: changed === undefined ? doubts : [...doubts, changed] };
  }
  const dropIns = files.readDropIns(folder);
  if (component === 'kube-apiserver' || ('state' in dropIns && dropIns.state === 'missing')) {
    const asked = component === 'kubelet' ? '/configz' : '/flagz';
    const message = `k3s keeps the flags of its ${component} in memory, and no unit shows them; check its ${asked}`;
    return { problem: { code: 'not-visible', message } };
  }
  const message = `kubelet-arg of k3s may set flags, which override ${folder} and which no unit shows; check the kubelet's /configz`;
  return { words: [{ text: `--config-dir=${folder}` }], doubts: [{ code: 'not-visible', message }] };
}

/** A change of k3s's configuration since its start, so that it may run with other flags. */
function changedConfiguration(
  files: ProcessFiles,
  paths: readonly string[],
  folder: string,
  startedAt: Date | undefined,
): Problem | undefined {
  const isPresent = (path: string): boolean => files.stat(path).state !== 'missing';
  const read = paths.filter((path) => isPresent(path) && !path.startsWith(folder));
  // a deleted file has changed its folder, where k3s writes at its start too
  const folders = paths.filter((path) => /\.ya?ml(?:\.d)?$/.test(path) && !isPresent(path)).map(parentOf);
  const isChanged =
    isChangedSince(files, read, { startedAt, writesItself: false }) ||
    isChangedSince(files, folders.filter(isPresent), { startedAt, writesItself: true });
  if (!isChanged) return undefined;
  const message =
    'the unit or the configuration of k3s was changed after it had started, so it may run with other flags; restart it';
  return { code: 'ambiguous', message };
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function noFile(path: string): Problem {
  return {
    code: 'not-found',
    message: `${path} does not exist, although it should hold the arguments: check the path`,
  };
}
