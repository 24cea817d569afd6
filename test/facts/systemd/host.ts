import { readFileSync } from 'node:fs';

import type { UnitFiles } from '../../../src/facts/systemd/unit.ts';

const FIXTURES = new URL('../../fixtures/units/', import.meta.url);

/** A host with these files. Undefined stands for a file that this user cannot read. */
export function hostOf(files: Readonly<Record<string, string | undefined>>): UnitFiles {
  return {
    read: (path) => {
      if (!Object.hasOwn(files, path)) return { state: 'missing' };
      const text = files[path];
      return text === undefined ? unreadable(path) : { state: 'read', text };
    },
    list: (directory) => {
      const prefix = directory === '/' ? '/' : `${directory}/`;
      const below = Object.keys(files).filter((path) => path.startsWith(prefix));
      if (below.includes(prefix)) return unreadable(directory);
      const names = new Set(below.map((path) => path.slice(prefix.length).split('/', 1)[0] ?? ''));
      return names.size === 0 ? { state: 'missing' } : [...names];
    },
  };
}

function unreadable(path: string) {
  return { state: 'unreadable', problem: { code: 'forbidden', message: `${path} cannot be read` } } as const;
}

/** The lines of a recorded file. */
export function recorded(name: string): readonly unknown[] {
  return readFileSync(new URL(name, FIXTURES), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

/** The files of a distribution's layout, each behind a line `=== PATH`. */
export function layout(name: string): Record<string, string> {
  const parts = readFileSync(new URL(`layouts/${name}.txt`, FIXTURES), 'utf8').split(/^=== (.*)\n/m);
  const files: Record<string, string> = {};
  for (let index = 1; index < parts.length; index += 2) files[parts[index] ?? ''] = parts[index + 1] ?? '';
  return files;
}
