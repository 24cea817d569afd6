// The single executables: Node's own program, without symbols, with the program and its samples inside.

import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { nodeLicense, nodeProgram } from './node-program.ts';
import { archiveName, MACHINES, run, scratchFolder, tar, type Machine, type Release } from './release.ts';
import { stripped } from './strip.ts';

/** Builds the executable of each machine, packs it with its license and completion scripts, and returns the folders. */
export function buildExecutables(release: Release): ReadonlyMap<Machine, string> {
  return new Map(MACHINES.map((machine) => [machine, buildExecutable(release, machine)]));
}

function buildExecutable(release: Release, machine: Machine): string {
  const folder = scratchFolder(release, `executable-${machine.name}`);
  const between = scratchFolder(release, `sea-${machine.name}`);
  const node = join(between, 'node');
  writeFileSync(node, stripped(readFileSync(nodeProgram(release, machine))), { mode: 0o755 });
  const output = join(folder, 'kubelet-guard');
  const configuration = join(between, 'sea.json');
  const main = join(import.meta.dirname, 'launch-executable.cjs');
  const assets = Object.fromEntries(embedded(release, machine).map((path) => [path, join(release.checkout, path)]));
  const settings = { main, executable: node, output, disableExperimentalSEAWarning: true, assets };
  writeFileSync(configuration, JSON.stringify(settings));
  run(release, process.execPath, `--build-sea=${configuration}`);
  cpSync(join(release.checkout, 'LICENSE'), join(folder, 'LICENSE'));
  cpSync(join(release.checkout, 'dist/LICENSES.txt'), join(folder, 'LICENSES.txt'));
  cpSync(nodeLicense(release), join(folder, 'LICENSE-node.txt'));
  writeCompletions(release, join(folder, 'completions'));
  tar(release, folder, archiveName(release, machine));
  return folder;
}

/** The files inside an executable. V8's code is only for the kind of machine that it was made on. */
function embedded({ checkout }: Release, { node }: Machine): readonly string[] {
  const below = (folder: string) =>
    readdirSync(join(checkout, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(checkout.length + 1));
  const caches = node === process.arch ? ['program.cache', 'server.cache'] : [];
  const scripts = ['program.js', 'server.js', 'worker.js', ...caches].map((name) => `dist/${name}`);
  return ['package.json', ...scripts, ...below('samples')].sort();
}

function writeCompletions(release: Release, folder: string): void {
  mkdirSync(folder);
  for (const shell of ['bash', 'zsh', 'fish']) {
    const script = run(release, process.execPath, join(release.checkout, 'dist/main.js'), 'completion', shell);
    writeFileSync(join(folder, shell), script);
  }
}
