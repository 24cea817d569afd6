// The components that a unit of a host to be would start.

import type { NamedText, ProcessFiles } from '../../policy/document.ts';
import type { Component, Origin, Problem } from '../../policy/reading.ts';
import type { Subject } from '../../policy/subject.ts';
import { basename } from '../argv/words.ts';
import type { Budget } from '../budget.ts';
import { withWritten } from '../host/files.ts';
import { launcherOf } from '../host/launchers/index.ts';
import { platformOfText } from '../platform.ts';
import { unitCommand, type UnitCommand } from '../host/units.ts';
import {
  subjectAt,
  unreadableConfiguredApiServer,
  unreadableConfiguredKubelet,
  withOrigins,
  type ConfigurationPlace,
} from '../inputs/configuration.ts';
import { kubeletSettings } from '../kubelet/kubelet.ts';
import { apiServerReadings, kubeletReadings } from '../readings.ts';
import { withPlace } from '../systemd/places.ts';
import { parseUnitText, splitWords } from '../systemd/syntax.ts';
import { joinPath } from '../values/paths.ts';
import { declaredApiServer } from './components.ts';

/** A unit with what is known of its host. */
export interface DeclaredUnit {
  readonly name: string;
  /** The texts of its file and its drop-ins. */
  readonly texts: readonly NamedText[];
  readonly files: ProcessFiles;
  /** Where it is reported. */
  readonly place: ConfigurationPlace;
  /** The place of an origin in a file of the host. */
  readonly locate: (origin: Origin) => Origin;
}

/** The subjects that a unit would start. Units that start something else have none. */
export function unitSubjects(unit: DeclaredUnit, budget: Budget): Subject[] {
  const subjects = (['kube-apiserver', 'kubelet'] as const).flatMap((component) => started(unit, component, budget));
  const platform = platformOfText(unit.texts.map(({ text }) => text).join('\n'));
  return subjects.map((subject) =>
    withOrigins({ ...subject, ...(platform && { platform }) }, (origin) => unit.locate(withPlace(origin))),
  );
}

function started(unit: DeclaredUnit, component: Component, budget: Budget): Subject[] {
  const command = unitCommand(unit.name, component, unit.files, budget);
  switch (command.state) {
    case 'words':
      return component === 'kubelet'
        ? kubeletOf(unit, command, budget)
        : declaredApiServer(unit.place, command, budget);
    case 'refused':
      return namesComponent(unit, component) ? [refused(unit, component, command.reason)] : [];
    case 'unknown':
      return namesComponent(unit, component) ? [unreadable(unit, component, command.problem)] : [];
    case 'nothing':
      return [];
  }
}

function kubeletOf(
  { name, texts, files: known, place }: DeclaredUnit,
  { words, doubts, writes = [] }: Extract<UnitCommand, { state: 'words' }>,
  budget: Budget,
): Subject[] {
  const files = withWritten(known, writes);
  if (words.length === 0 && texts.length === 1) return [unreadableConfiguredKubelet(withoutFlags(name), place)];
  const { serves, ...settings } = kubeletSettings({
    args: words,
    budget,
    isWhole: doubts.length === 0,
    readFile: (path) => files.readFile(joinPath(path, '')),
    readDropIns: files.readDropIns,
  });
  if (!serves) return [];
  const all = [...doubts, ...settings.doubts];
  return [{ ...subjectAt('kubelet', place), component: 'kubelet', ...settings, doubts: all }];
}

/** Packages of the kubelet hold such a unit, and kubeadm's a drop-in that gives it all of its flags. */
function withoutFlags(name: string): Problem {
  const message = `${name} starts the kubelet without any flag, so a drop-in has to set them, as kubeadm's 10-kubeadm.conf does; check it together with the unit`;
  return { code: 'not-visible', message };
}

/** Programs that only ask for a unit of this name. */
const MANAGERS = new Set(['systemctl', 'service', 'journalctl']);

/** Tells whether a unit that cannot be followed is about a component: by its own name, or by a word with flags behind it. */
function namesComponent({ name, texts }: DeclaredUnit, component: Component): boolean {
  if (name === `${component}.service`) return true;
  const commands = texts.flatMap(({ path, text }) =>
    parseUnitText(text, path).settings.filter(({ key }) => key === 'ExecStart'),
  );
  return commands.some(({ value }) => {
    const { words } = splitWords(value, 'command');
    if (MANAGERS.has(basename(words[0] ?? ''))) return false;
    if (launcherOf(words.map((text) => ({ text }))) !== undefined) return true;
    const at = words.findIndex((word) => word === component || word.endsWith(`bin/${component}`));
    return at !== -1 && words.slice(at + 1).some((word) => word.startsWith('--') || word.startsWith('$'));
  });
}

function unreadable({ place }: DeclaredUnit, component: Component, problem: Problem): Subject {
  return component === 'kubelet'
    ? unreadableConfiguredKubelet(problem, place)
    : unreadableConfiguredApiServer(problem, place);
}

function refused({ place }: DeclaredUnit, component: Component, why: string): Subject {
  const refusal = { reason: `systemd does not start it: ${why}` };
  return component === 'kubelet'
    ? {
        ...subjectAt('kubelet', place),
        component: 'kubelet',
        ...kubeletReadings(() => ({ state: 'unset' })),
        refusal,
        doubts: [],
      }
    : {
        ...subjectAt('kube-apiserver', place),
        component: 'kube-apiserver',
        ...apiServerReadings(() => ({ state: 'unset' })),
        view: () => 'not-shown',
        refusal,
        doubts: [],
      };
}
