// The npm package of a release: dist has everything, so it installs no other package.

import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { run, scratchFolder, type Release } from './release.ts';

const FILES = ['dist', 'samples', 'schema', 'LICENSE', 'README.md', 'CHANGELOG.md'];
const KEPT = ['name', 'version', 'description', 'keywords', 'license', 'type', 'bin', 'engines'];

/** Packs it. */
export function packNpm(release: Release): void {
  const folder = scratchFolder(release, 'npm');
  for (const file of FILES) cpSync(join(release.checkout, file), join(folder, file), { recursive: true });
  const all = JSON.parse(readFileSync(join(release.checkout, 'package.json'), 'utf8')) as Record<string, unknown>;
  const kept = Object.fromEntries(KEPT.map((key) => [key, all[key]]));
  const packageJson = {
    ...kept,
    version: release.version,
    homepage: release.homepage,
    repository: { type: 'git', url: `git+${release.homepage}.git` },
    files: FILES.filter((file) => readdirSync(folder).includes(file)),
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(packageJson, null, 2)}\n`);
  run(release, 'npm', 'pack', folder, '--ignore-scripts', '--pack-destination', release.scratch);
  // the chart's archive has the same name
  renameSync(join(release.scratch, `kubelet-guard-${release.version}.tgz`), join(release.output, npmName(release)));
}

/** The name of the package's file. */
export function npmName({ version }: Release): string {
  return `kubelet-guard-npm-${version}.tgz`;
}
