// Finds what a unit of a host would start, with the files that a process sees.

import type { ProcessFiles } from '../../policy/document.ts';
import type { Component, Problem } from '../../policy/reading.ts';
import { isApiServerFlag } from '../argv/flags.ts';
import { basename, type Word } from '../argv/words.ts';
import type { Budget } from '../budget.ts';
import { resolveLaunch } from '../launch/launch.ts';
import { SHELLS } from '../launch/programs.ts';
import { withPlace } from '../systemd/places.ts';
import { isContainerProgram } from './launchers/container.ts';
import { launcherOf, LAUNCHERS } from './launchers/index.ts';
import type { HostCommand, StartCommand } from './start.ts';
import { startedBy } from '../systemd/start.ts';
import type { UnitFiles } from '../systemd/unit.ts';

/** What a unit would start. */
export type UnitCommand =
  | ({ readonly state: 'words' } & Extract<StartCommand, { words: readonly Word[] }>)
  /** systemd would not start it. */
  | { readonly state: 'refused'; readonly reason: string }
  | { readonly state: 'unknown'; readonly problem: Problem }
  /** There is no such unit, it is masked, or it starts something else. */
  | { readonly state: 'nothing' };

/** Finds the start of a component by a unit. */
export function unitCommand(unit: string, component: Component, files: ProcessFiles, budget: Budget): UnitCommand {
  const start = startedBy(unit, systemdFiles(files), budget);
  switch (start.state) {
    case 'missing':
      return usualCommand(unit, component, files, budget);
    case 'masked':
      return { state: 'nothing' };
    case 'refused':
      return start;
    case 'unreadable':
      return { state: 'unknown', problem: start.problem };
    case 'starts': {
      const [words = []] = start.commands;
      const launcher = launcherOf(words);
      if (launcher !== undefined) {
        const { environment } = start;
        const found = launcher.commandOf(component, { words: words.slice(1), environment }, files, budget);
        return byLauncher(found, start.doubts);
      }
      const command = launched(words, component, start, budget);
      if (command.state === 'unknown') lookAtScripts(words, files);
      return command;
    }
  }
}

/** A program can make its units where no file of the host shows them. */
function usualCommand(unit: string, component: Component, files: ProcessFiles, budget: Budget): UnitCommand {
  for (const { usual, commandOf } of LAUNCHERS) {
    const [program, ...words] = usual?.(unit) ?? [];
    if (program === undefined) continue;
    return byLauncher(
      commandOf(component, { words, environment: { values: new Map(), open: false } }, files, budget),
      [],
    );
  }
  return { state: 'nothing' };
}

/** Tells whether the command of a unit starts a container. */
export function startsContainer(unit: string, files: ProcessFiles, budget: Budget): boolean {
  const start = startedBy(unit, systemdFiles(files), budget);
  if (start.state !== 'starts') return false;
  const words = start.commands.flatMap((command) => command.map(({ text }) => text));
  for (const text of words) budget.characters(text.length);
  // also in the text of a shell
  return words.some((text) => text.split(/[\s;&|'"]+/).some(isContainerProgram));
}

const MOST_SCRIPTS = 20;

/** Notes the files that an unknown command names, where `files` notes what is read: a script decides what is started. */
function lookAtScripts(words: readonly Word[], files: ProcessFiles): void {
  const [program, ...args] = words.slice(0, MOST_SCRIPTS).map(({ text }) => text);
  const isShell = SHELLS.has(basename(program ?? ''));
  for (const text of isShell ? args : [program ?? '', ...args]) if (text.startsWith('/')) files.stat(text);
}

function byLauncher(found: HostCommand | undefined, doubts: readonly Problem[]): UnitCommand {
  if (found === undefined) return { state: 'nothing' };
  if ('problem' in found) return { state: 'unknown', problem: withPlaceOf(found.problem) };
  if (found.words === undefined) return { state: 'refused', reason: found.refusal };
  return { state: 'words', ...found, doubts: [...doubts, ...found.doubts.map(withPlaceOf)] };
}

function launched(
  words: readonly Word[],
  component: Component,
  { environment, doubts }: Extract<ReturnType<typeof startedBy>, { state: 'starts' }>,
  budget: Budget,
): UnitCommand {
  // OpenShift's script enters the mount namespace of the kubelet, and runs its arguments there
  const program = basename(words[0]?.text ?? '') === 'kubenswrapper' ? words.slice(1) : words;
  const { invocations, suspects } = resolveLaunch(program, environment, isApiServerFlag, budget);
  const [own, ...others] = invocations.filter((invocation) => invocation.component === component);
  if (own !== undefined && others.length === 0 && !own.conditional) {
    return { state: 'words', words: own.args, doubts: [...doubts, ...own.doubts] };
  }
  const [suspect] = suspects;
  if (own === undefined && suspect === undefined) return { state: 'nothing' };
  const message = `the unit does not show what ${words[0]?.text ?? 'it'} starts; check the running process`;
  return { state: 'unknown', problem: suspect ? withPlaceOf(suspect.problem) : { code: 'ambiguous', message } };
}

function withPlaceOf({ origin, ...problem }: Problem): Problem {
  return origin ? { ...problem, origin: withPlace(origin) } : problem;
}

/** The files that systemd reads. A unit that links to /dev/null is empty. */
function systemdFiles(files: ProcessFiles): UnitFiles {
  return {
    read: (path) => {
      const content = files.readFile(path);
      if (content.state !== 'unreadable') return content;
      const status = files.stat(path);
      return status.state === 'present' && status.kind === 'other' ? { state: 'read', text: '' } : content;
    },
    list: (directory) => {
      const kinds = [files.readDropIns(`${directory}/`), files.readStaticPods(directory)];
      const names = new Set<string>();
      for (const found of kinds) {
        if (!('state' in found)) addNames(names, directory, found);
        else if (found.state === 'read') addNames(names, directory, found.files);
        else if (found.state === 'unreadable') return found;
        else if (found.path !== undefined) return { state: 'unreadable', problem: dangling(found.path) };
      }
      return kinds.every((found) => 'state' in found && found.state === 'missing') ? { state: 'missing' } : [...names];
    },
  };
}

function addNames(names: Set<string>, directory: string, found: readonly { readonly path: string }[]): void {
  let end = directory.length;
  while (directory.charAt(end - 1) === '/') end -= 1;
  const skipped = end + 1;
  for (const { path } of found) {
    const name = path.slice(skipped);
    if (!name.includes('/')) names.add(name);
  }
}

function dangling(path: string): Problem {
  return { code: 'not-found', message: `${path} is a link to a missing file: fix or remove it` };
}
