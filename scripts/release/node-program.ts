// Node's program for each machine: from the npm package that has it, known by its digest.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import programs from './node-programs.json' with { type: 'json' };
import { run, type Machine, type Release } from './release.ts';

/**
 * Finds Node's program for a machine. It is downloaded once.
 *
 * @throws Error if it is not the one whose digest is in node-programs.json
 */
export function nodeProgram(release: Release, machine: Machine): string {
  const path = join(packageFolder(release, machine.name), 'bin/node');
  const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
  if (digest !== programs[machine.name].sha256) throw new Error(`${path} is another program: its SHA-256 is ${digest}`);
  return path;
}

/** The license of Node and of what is in it. */
export function nodeLicense(release: Release): string {
  return join(packageFolder(release, 'amd64'), 'LICENSE');
}

function packageFolder(release: Release, name: Machine['name']): string {
  const version = readFileSync(join(release.checkout, '.nvmrc'), 'utf8').trim();
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const folder = join(cache, 'kubelet-guard/node-programs', `${programs[name].package}-${version}`);
  if (!existsSync(join(folder, 'bin/node'))) {
    mkdirSync(folder, { recursive: true });
    run(
      release,
      'npm',
      'pack',
      `${programs[name].package}@${version}`,
      '--ignore-scripts',
      '--pack-destination',
      folder,
    );
    run(
      release,
      'tar',
      '-xzf',
      join(folder, `${programs[name].package}-${version}.tgz`),
      '-C',
      folder,
      '--strip-components=1',
    );
  }
  return folder;
}
