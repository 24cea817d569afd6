// Writes everything that the page of a release has. dist is built already (npm run build).
//
//   node scripts/release/main.ts --version 0.1.0 --image REGISTRY/kubelet-guard@sha256:... --homepage URL --output DIR

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { buildExecutables } from './executable.ts';
import { digestOf, writeInstallers } from './installers.ts';
import { buildLinuxPackages } from './linux-packages.ts';
import { writeManifests } from './manifests.ts';
import { packNpm } from './npm-package.ts';
import type { Release } from './release.ts';
import { writeSbom } from './sbom.ts';

const { values } = parseArgs({
  options: {
    version: { type: 'string' },
    image: { type: 'string' },
    homepage: { type: 'string' },
    output: { type: 'string' },
  },
});
const checkout = join(import.meta.dirname, '../..');
const release = releaseOf(values);
try {
  mkdirSync(release.output, { recursive: true });
  if (readdirSync(release.output).length > 0) throw new Error(`${release.output} is not empty`);
  for (const write of [packNpm, writeManifests, writeExecutables, writeInstallers, writeSbom, copySchemas, writeSums]) {
    const start = performance.now();
    write(release);
    console.log(`${write.name}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
} finally {
  rmSync(release.scratch, { recursive: true });
}

function releaseOf({ version, image, homepage, output }: Partial<Record<string, string>>): Release {
  const [, repository, digest] = /^([^@\s]+)@(sha256:[0-9a-f]{64})$/.exec(image ?? '') ?? [];
  const { version: wanted } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { version: string };
  if (version !== wanted) throw new Error(`--version must be that of package.json: ${wanted}`);
  if (repository === undefined || digest === undefined) throw new Error('--image must be REGISTRY/NAME@sha256:DIGEST');
  if (!homepage?.startsWith('https://')) throw new Error('--homepage must be the https:// URL of the project');
  if (output === undefined) throw new Error('--output must be a new folder');
  const commit = ['-C', checkout, 'log', '-1', '--format=%ct'];
  return {
    ...{ checkout, version, repository, digest, homepage },
    downloads: `${homepage}/releases/download/v${version}`,
    epoch: Number(process.env.SOURCE_DATE_EPOCH ?? execFileSync('git', commit, { encoding: 'utf8' })),
    output: resolve(output),
    scratch: mkdtempSync(join(tmpdir(), 'kubelet-guard-release-')),
  };
}

function writeExecutables(to: Release): void {
  for (const [machine, folder] of buildExecutables(to)) buildLinuxPackages(to, machine, folder);
}

function copySchemas(to: Release): void {
  cpSync(join(checkout, 'schema'), to.output, { recursive: true });
}

function writeSums({ output }: Release): void {
  const files = readdirSync(output).sort();
  const lines = files.map((file) => `${digestOf(join(output, file))}  ${file}\n`);
  writeFileSync(join(output, 'SHA256SUMS'), lines.join(''));
}
