// Finds the words that a process of a host was started with, or would be.

import type { ProcessDocument, ProcessFiles } from '../../policy/document.ts';
import type { Component, Problem } from '../../policy/reading.ts';
import type { Refusal } from '../../policy/subject.ts';
import { wordOf, type Word } from '../argv/words.ts';
import type { Budget } from '../budget.ts';
import { changedFile, lastChange, type NextSubject, type WatchedFiles } from './files.ts';
import { unitCommand } from './units.ts';
import { argsOfFile } from '../systemd/args-file.ts';

/** The words after a component's name, as far as they are known, or why its unit is not started. */
export type StartCommand =
  | { readonly words: readonly Word[]; readonly doubts: readonly Problem[] }
  | { readonly words?: undefined; readonly refusal: string; readonly doubts: readonly Problem[] };

/** A start, or why it is not known. */
export type HostCommand = StartCommand | { readonly problem: Problem };

const K3S_CONFIG = '/etc/rancher/k3s/config.yaml';

/**
 * Finds the words that a process is started with.
 *
 * @param files reads its files
 */
export function commandOf(
  { command, unit, subject }: ProcessDocument,
  files: ProcessFiles,
  budget: Budget,
): HostCommand {
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
      return insideK3s(
        command.configDir,
        unit === undefined ? undefined : wordsOfUnit(unit, subject.component, files, budget),
        files,
      );
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
  if (command.by !== 'words' || unit === undefined) return undefined;
  const found = commandOf({ ...document, command: { by: 'unit' } }, files, budget);
  const isKnown =
    !('problem' in found) && found.doubts.length === 0 && (found.words ?? []).every(({ holes }) => holes !== true);
  if (isKnown) return found;
  const changed = changedFile(document.files, paths(), { startedAt, writesItself: false });
  if (changed === undefined) return undefined;
  if (!('problem' in found)) return found;
  const { code, message } = found.problem;
  const next = `${changed} was changed after the start of the process, and what it starts now is not known: ${message}`;
  return { problem: { code, message: next } };
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
  const since = lastChange(document.files, units.paths());
  return { subject: unreadable(document, next.problem), ...(since !== undefined && { since }) };
}

/** Tells whether two starts are the same. */
export function hasSameWords({ words: one }: StartCommand, other: HostCommand): boolean {
  const words = 'problem' in other ? undefined : other.words;
  return one !== undefined && words?.length === one.length && one.every(({ text }, at) => text === words[at]?.text);
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
    case 'k3s':
      return insideK3s(found.configDir, found.words, files);
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

/**
 * The kubelet inside k3s gets its --config-dir, and then the flags of `kubelet-arg` (k3s
 * pkg/daemons/agent/agent.go). Before k3s 1.32 there is no such folder, and all settings are flags.
 */
function insideK3s(configDir: string, unit: readonly Word[] | undefined, files: ProcessFiles): HostCommand {
  const dropIns = files.readDropIns(configDir);
  if ('state' in dropIns && dropIns.state === 'missing') {
    const message = `k3s keeps the settings of its kubelet in memory, because ${configDir} does not exist; check its /configz, or use k3s 1.32 or newer`;
    return { problem: { code: 'not-visible', message } };
  }
  const words = [{ text: `--config-dir=${configDir}` }];
  const main = files.readFile(K3S_CONFIG);
  const more = files.readStaticPods(`${K3S_CONFIG}.d`);
  const hidden = [main, more].find(({ state }) => state === 'unreadable');
  const texts = [
    ...(unit ?? []).map(({ text }) => text),
    ...(main.state === 'read' ? [main.text] : []),
    ...(more.state === 'read' ? more.files.map(({ text }) => text) : []),
  ];
  const isGiven = unit === undefined || texts.some((text) => text.includes('kubelet-arg'));
  if (!isGiven && hidden === undefined) return { words, doubts: [] };
  const message = `kubelet-arg of k3s may set flags, which override ${configDir} and which no file shows; check the kubelet's /configz`;
  return { words, doubts: [{ code: 'not-visible', message }] };
}

/** Undefined if they are not known. */
function wordsOfUnit(
  unit: string,
  component: Component,
  files: ProcessFiles,
  budget: Budget,
): readonly Word[] | undefined {
  const found = unitCommand(unit, component, files, budget);
  return found.state === 'k3s' ? found.words : undefined;
}

function noFile(path: string): Problem {
  return {
    code: 'not-found',
    message: `${path} does not exist, although it should hold the arguments: check the path`,
  };
}
