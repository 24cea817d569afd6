// A unit's file and drop-ins, in the order in which systemd applies them (systemd.unit(5), "Unit File Load Path";
// src/shared/dropin.c, unit_file_find_dropin_paths).

import type { Problem } from '../../policy/reading.ts';
import type { ConfigFile } from '../kubelet/kubelet.ts';
import { parseUnitText, type Setting } from './syntax.ts';

/** Reads the host's files. A link to /dev/null reads as an empty text. */
export interface UnitFiles {
  readonly read: (path: string) => ConfigFile;
  /** The names in a directory, in any order. */
  readonly list: (directory: string) => readonly string[] | Exclude<ConfigFile, { state: 'read' }>;
}

/** A unit as systemd would load it. */
export type Unit =
  | {
      readonly state: 'loaded';
      /** The settings of the unit file, then of each drop-in. */
      readonly settings: readonly Setting[];
      /** The files, in the order in which they apply. */
      readonly files: readonly string[];
      readonly doubts: readonly Problem[];
    }
  | { readonly state: 'missing' }
  /** An empty file or a link to /dev/null: systemd does not start it. */
  | { readonly state: 'masked'; readonly file: string }
  | { readonly state: 'refused'; readonly reason: string }
  | { readonly state: 'unreadable'; readonly problem: Problem };

/** The first folder wins. Includes the files of `systemctl set-property` and generators. */
const LOAD_PATH = [
  '/etc/systemd/system.control',
  '/run/systemd/system.control',
  '/run/systemd/transient',
  '/run/systemd/generator.early',
  '/etc/systemd/system',
  '/etc/systemd/system.attached',
  '/run/systemd/system',
  '/run/systemd/system.attached',
  '/run/systemd/generator',
  '/usr/local/lib/systemd/system',
  '/usr/lib/systemd/system',
  '/lib/systemd/system',
  '/run/systemd/generator.late',
];

const MANAGER_PATH = ['/etc/systemd', '/run/systemd', '/usr/local/lib/systemd', '/usr/lib/systemd', '/lib/systemd'];

/** Finds a unit with its drop-ins. */
export function readUnit(name: string, files: UnitFiles): Unit {
  for (const directory of LOAD_PATH) {
    const file = `${directory}/${name}`;
    const content = files.read(file);
    if (content.state === 'missing') continue;
    if (content.state === 'unreadable') return { state: 'unreadable', problem: content.problem };
    if (content.text === '') return { state: 'masked', file };
    const { settings, brokenAt } = parseUnitText(content.text, file);
    if (brokenAt !== undefined) {
      return { state: 'refused', reason: `${file}:${String(brokenAt)}: a section header or a quote has no end` };
    }
    const dropIns = readDropIns(dropInDirectories(name), files);
    return {
      state: 'loaded',
      settings: [...settings, ...dropIns.settings],
      files: [file, ...dropIns.files],
      doubts: dropIns.doubts,
    };
  }
  return { state: 'missing' };
}

/** The manager's own settings from system.conf and its drop-ins (systemd-system.conf(5)). */
export function readManager(files: UnitFiles): { settings: readonly Setting[]; doubts: readonly Problem[] } {
  const doubts: Problem[] = [];
  let own: readonly Setting[] = [];
  for (const directory of MANAGER_PATH) {
    const file = `${directory}/system.conf`;
    const content = files.read(file);
    if (content.state === 'missing') continue;
    if (content.state === 'unreadable') doubts.push(content.problem);
    else own = parseUnitText(content.text, file).settings;
    break;
  }
  const dropIns = readDropIns(
    MANAGER_PATH.map((directory) => `${directory}/system.conf.d`),
    files,
  );
  return { settings: [...own, ...dropIns.settings], doubts: [...doubts, ...dropIns.doubts] };
}

/** `a-b.service.d` of every directory of the load path, then `a-.service.d`, then `service.d`. */
function dropInDirectories(name: string): string[] {
  const dot = name.lastIndexOf('.');
  const type = name.slice(dot + 1);
  const at = name.indexOf('@');
  const names = [name];
  if (at !== -1) names.push(`${name.slice(0, at + 1)}.${type}`);
  const prefix = name.slice(0, at === -1 ? dot : at);
  for (let dash = prefix.lastIndexOf('-'); dash > 0; dash = prefix.lastIndexOf('-', dash - 1)) {
    names.push(`${prefix.slice(0, dash + 1)}.${type}`);
  }
  const specific = LOAD_PATH.flatMap((directory) => names.map((each) => `${directory}/${each}.d`));
  return [...specific, ...LOAD_PATH.map((directory) => `${directory}/${type}.d`)];
}

interface DropIns {
  readonly settings: Setting[];
  readonly files: string[];
  readonly doubts: Problem[];
}

/** If files have the same name, the first directory's counts. They apply in the order of their names. */
function readDropIns(directories: readonly string[], files: UnitFiles): DropIns {
  const found: DropIns = { settings: [], files: [], doubts: [] };
  const paths = new Map<string, string>();
  for (const directory of directories) {
    const names = files.list(directory);
    if ('state' in names) {
      if (names.state === 'unreadable') found.doubts.push(names.problem);
      continue;
    }
    for (const name of names) {
      if (name.endsWith('.conf') && !paths.has(name)) paths.set(name, `${directory}/${name}`);
    }
  }
  for (const [, path] of [...paths].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const content = files.read(path);
    if (content.state === 'unreadable') found.doubts.push(content.problem);
    if (content.state !== 'read') continue;
    found.files.push(path);
    // systemd ignores everything after a broken line, and loads the unit;
    // a loop, because a hostile file can have more settings than a call can have arguments
    for (const setting of parseUnitText(content.text, path).settings) found.settings.push(setting);
  }
  return found;
}
