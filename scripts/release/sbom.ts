// The bill of materials (CycloneDX): the packages that are in dist, and Node, which is in the executables.

import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Release } from './release.ts';

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly license?: string;
}

/** A package in dist. */
export interface Bundled {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

/** Reads which packages are in dist: the build lists them with their licenses. */
export function bundledPackages(licenses: string): readonly Bundled[] {
  return [...licenses.matchAll(/^=== (\S+) (\S+) \(([^()\n]+)\)$/gm)].map(
    ([, name = '', version = '', license = '']) => ({
      ...{ name, version, license },
    }),
  );
}

/** Writes it. */
export function writeSbom(release: Release): void {
  const { version, checkout, output } = release;
  const bundled = bundledPackages(readFileSync(join(checkout, 'dist/LICENSES.txt'), 'utf8'));
  const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const node = readFileSync(join(checkout, '.nvmrc'), 'utf8').trim();
  const components = bundled.map((one) => component(one, hashOf(one, lock.packages)));
  const own = component({ name: 'kubelet-guard', version, license: 'Apache-2.0' }, undefined);
  const text = JSON.stringify([own, components, release.epoch]);
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(text)}`,
    version: 1,
    metadata: { timestamp: new Date(release.epoch * 1000).toISOString(), component: { ...own, type: 'application' } },
    components: [
      ...components,
      {
        ...{ type: 'platform', 'bom-ref': `node@${node}`, name: 'node', version: node },
        ...{ description: 'only in the executables, the deb and the rpm packages' },
        licenses: [{ license: { id: 'MIT' } }],
      },
    ],
    dependencies: [{ ref: own['bom-ref'], dependsOn: components.map((one) => one['bom-ref']) }],
  };
  writeFileSync(join(output, `kubelet-guard-${version}.cdx.json`), `${JSON.stringify(document, null, 2)}\n`);
}

function component({ name, version, license }: Bundled, hash: string | undefined) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return {
    ...{ type: 'library', 'bom-ref': purl, name, version, purl },
    licenses: [/\s/.test(license) ? { expression: license } : { license: { id: license } }],
    ...(hash === undefined ? {} : { hashes: [{ alg: 'SHA-512', content: hash }] }),
  };
}

function hashOf({ name, version }: Bundled, packages: Readonly<Record<string, Locked>>): string | undefined {
  const entry = Object.entries(packages).find(
    ([path, locked]) => path.endsWith(`node_modules/${name}`) && locked.version === version,
  );
  const [algorithm, digest = ''] = entry?.[1].integrity?.split('-') ?? [];
  return algorithm === 'sha512' ? Buffer.from(digest, 'base64').toString('hex') : undefined;
}

function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
