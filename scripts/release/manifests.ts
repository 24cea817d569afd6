// What is installed in a cluster: the chart, the kustomize bases, and one file of them, all with the image by its digest.

import { cpSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { run, scratchFolder, tar, type Release } from './release.ts';

/** The files that `kubectl apply` takes, and the overlay that each is. */
const SINGLE_FILES = { 'install.yaml': 'audit', 'install-node-agent.yaml': 'node-agent' };

/** Writes all of it. */
export function writeManifests(release: Release): void {
  const folder = scratchFolder(release, 'manifests');
  cpSync(join(release.checkout, 'manifests'), folder, { recursive: true });
  packChart(release, join(folder, 'chart/kubelet-guard'));
  const image = `${release.repository}@${release.digest}`;
  for (const path of yamlFiles(folder)) {
    if (!path.includes('/chart/')) edit(path, /(\bimage: )kubelet-guard:\S+/g, `$1${image}`);
  }
  for (const [file, overlay] of Object.entries(SINGLE_FILES)) {
    const text = run(release, 'kubectl', 'kustomize', join(folder, 'overlays', overlay));
    writeFileSync(join(release.output, file), text);
  }
  const bases = scratchFolder(release, 'bases');
  cpSync(folder, join(bases, 'manifests'), { recursive: true, filter: (path) => !path.endsWith('/chart') });
  tar(release, bases, `kubelet-guard-manifests-${release.version}.tar.gz`);
}

function packChart(release: Release, chart: string): void {
  const values = join(chart, 'values.yaml');
  edit(values, /^( {2}repository: )kubelet-guard$/m, `$1${release.repository}`);
  edit(values, /^( {2}digest: )''$/m, `$1${release.digest}`);
  const { version } = release;
  const about = join(chart, 'Chart.yaml');
  edit(about, /\bOWNER\b/g, new URL(release.homepage).pathname.split('/')[1] ?? '');
  edit(about, /^( {6}image: )kubelet-guard:\S+$/m, `$1${release.repository}@${release.digest}`);
  run(
    release,
    process.env.HELM ?? 'helm',
    ...['package', chart, '--version', version, '--app-version', version],
    '-d',
    release.scratch,
  );
  // helm writes the time of now into the archive
  const unpacked = scratchFolder(release, 'chart');
  const archive = join(release.scratch, `kubelet-guard-${version}.tgz`);
  run(release, 'tar', '-xzf', archive, '-C', unpacked);
  renameSync(archive, join(release.scratch, 'chart-by-helm.tgz'));
  tar(release, unpacked, `kubelet-guard-chart-${version}.tgz`);
}

function yamlFiles(folder: string): readonly string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.yaml')).map((name) => join(folder, name));
}

/** Changes a file; nothing matches only where `pattern` is global. */
function edit(path: string, pattern: RegExp, replacement: string): void {
  const text = readFileSync(path, 'utf8');
  if (!pattern.global && !pattern.test(text)) throw new Error(`${path} has nothing like ${String(pattern)}`);
  writeFileSync(path, text.replace(pattern, replacement));
}
