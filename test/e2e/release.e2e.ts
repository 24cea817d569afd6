// A rehearsal of a release: everything that its page has is built, verified, installed without a network, and run.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { parse } from 'yaml';

import { bundledPackages } from '../../scripts/release/sbom.ts';
import { CHECKOUT } from '../support/dockerfile.ts';

jest.setTimeout(60_000);

const VERSION = (JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { version: string }).version;
const DIGEST = `sha256:${'5'.repeat(64)}`;
const IMAGE = `registry.example/kubelet-guard@${DIGEST}`;
const HELM = process.env.HELM ?? 'helm';
const NODES = join(process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '', '.cache'), 'kubelet-guard/node-programs');
const SAMPLE = join(CHECKOUT, 'samples/cluster');
const ARM_LIBRARIES = '/usr/aarch64-linux-gnu';

const has = (program: string) => spawnSync('which', [program]).status === 0;
const MISSING = ['kubectl', 'rpmbuild', 'rpm2cpio', 'cpio', 'dpkg-deb', HELM].filter((program) => !has(program));
if (!existsSync(NODES) && process.env.CI === undefined) MISSING.push(`${NODES} (with CI=true it is downloaded)`);
if (!existsSync(join(CHECKOUT, 'dist/server.js'))) MISSING.push('dist: npm run build');

/** Runs a program, and fails with what it printed unless it ends with the exit code. */
function run(command: readonly [string, ...string[]], { cwd = tmpdir(), code = 0, env = {} } = {}): string {
  const [program, ...args] = command;
  const { status, stdout, stderr } = spawnSync(program, args, {
    ...{ cwd, encoding: 'utf8', maxBuffer: 64 << 20, env: { ...process.env, ...env } },
  });
  if (status !== code) throw new Error(`${command.join(' ')} ended with ${String(status)}: ${stderr}${stdout}`);
  return stdout;
}

const reason = MISSING.length === 0 ? '' : ` (skipped: there is no ${MISSING.join(', ')})`;
if (reason !== '') process.stderr.write(`SKIPPED a release${reason}\n`);

(reason === '' ? describe : describe.skip)(`a release${reason}`, () => {
  let scratch: string;
  let output: string;
  const fresh = (name: string): string => {
    mkdirSync(join(scratch, name));
    return join(scratch, name);
  };
  const file = (name: string) => join(output, name);

  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'kubelet-guard-rehearsal-'));
    output = join(scratch, 'page');
    const main = join(CHECKOUT, 'scripts/release/main.ts');
    const homepage = 'https://git.example/acme/kubelet-guard';
    const given = ['--version', VERSION, '--image', IMAGE, '--homepage', homepage, '--output', output];
    run([process.execPath, main, ...given]);
  }, 300_000);

  afterAll(() => {
    rmSync(scratch, { recursive: true });
  });

  test('has checksums of all its files', () => {
    expect(run(['sha256sum', '--check', '--strict', 'SHA256SUMS'], { cwd: output }).match(/: OK$/gm)).toHaveLength(
      readdirSync(output).length - 1,
    );
  });

  test('is installed by npm without a network, and brings no other package', () => {
    const folder = fresh('npm');
    run(['npm', 'install', '--offline', '--prefix', folder, file(`kubelet-guard-npm-${VERSION}.tgz`)]);
    expect(readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'kubelet-guard',
    ]);
    const program = join(folder, 'node_modules/.bin/kubelet-guard');
    expect(run([program, '--version'])).toBe(`${VERSION}\n`);
    expect(run([program, 'check', SAMPLE], { code: 1 })).toContain('FAIL     kubelet-client-ca');
  });

  const programs: readonly [string, (folder: string) => string][] = [
    [
      'the executable',
      (folder) => {
        run(['tar', '-xzf', file(`kubelet-guard-${VERSION}-linux-amd64.tar.gz`), '-C', folder]);
        return join(folder, 'kubelet-guard');
      },
    ],
    [
      'the deb package',
      (folder) => {
        run(['dpkg-deb', '-x', file(`kubelet-guard_${VERSION}_amd64.deb`), folder]);
        return join(folder, 'usr/bin/kubelet-guard');
      },
    ],
    [
      'the rpm package',
      (folder) => {
        run(['sh', '-c', `rpm2cpio ${file(`kubelet-guard-${VERSION}-1.x86_64.rpm`)} | cpio -id --quiet`], {
          cwd: folder,
        });
        return join(folder, 'usr/bin/kubelet-guard');
      },
    ],
  ];
  test.each(programs)('%s runs without a Node and without files beside it', (name, unpack) => {
    const program = unpack(fresh(name.replaceAll(' ', '-')));
    const env = { PATH: '/nowhere' };
    expect(run([program, '--version'], { env })).toBe(`${VERSION}\n`);
    expect(run([program, 'check', SAMPLE], { env, code: 1 })).toContain('FAIL     kubelet-client-ca');
  });

  const emulator = has('qemu-aarch64-static') && existsSync(join(ARM_LIBRARIES, 'lib/libatomic.so.1'));
  (emulator ? test : test.skip)(
    `the executable for arm64 runs too${emulator ? '' : ' (skipped: there is no qemu-aarch64-static with libraries)'}`,
    () => {
      const folder = fresh('arm64');
      run(['tar', '-xzf', file(`kubelet-guard-${VERSION}-linux-arm64.tar.gz`), '-C', folder]);
      const program = ['qemu-aarch64-static', join(folder, 'kubelet-guard')] as const;
      const env = { QEMU_LD_PREFIX: ARM_LIBRARIES };
      expect(run([...program, '--version'], { env })).toBe(`${VERSION}\n`);
      expect(run([...program, 'check', SAMPLE], { env, code: 1 })).toContain('FAIL     kubelet-client-ca');
    },
  );

  test('names the digests of its archives in the manifests of krew and Homebrew', () => {
    const sums = new Map(
      readFileSync(file('SHA256SUMS'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => [line.slice(66), line.slice(0, 64)]),
    );
    const krew = parse(readFileSync(file('krew-kubelet-guard.yaml'), 'utf8')) as {
      readonly spec: { readonly platforms: readonly { readonly uri: string; readonly sha256: string }[] };
    };
    for (const { uri, sha256 } of krew.spec.platforms)
      expect(sha256).toBe(sums.get(uri.slice(uri.lastIndexOf('/') + 1)));
    const formula = readFileSync(file('homebrew-kubelet-guard.rb'), 'utf8');
    expect(formula).toContain(`sha256 "${String(sums.get(`kubelet-guard-npm-${VERSION}.tgz`))}"`);
  });

  test('lists exactly the packages that are in dist, each with its digest', () => {
    const { components } = JSON.parse(readFileSync(file(`kubelet-guard-${VERSION}.cdx.json`), 'utf8')) as {
      readonly components: readonly { readonly name: string; readonly version: string; readonly hashes?: unknown }[];
    };
    const bundled = bundledPackages(readFileSync(join(CHECKOUT, 'dist/LICENSES.txt'), 'utf8'));
    const libraries = components.filter(({ name }) => name !== 'node');
    expect(libraries.map(({ name, version }) => `${name} ${version}`)).toEqual(
      bundled.map(({ name, version }) => `${name} ${version}`),
    );
    expect(libraries.filter(({ hashes }) => hashes === undefined)).toEqual([]);
  });

  test('names its project in the chart', () => {
    const chart = run(['tar', '-xzOf', file(`kubelet-guard-chart-${VERSION}.tgz`), 'kubelet-guard/Chart.yaml']);
    expect(chart).not.toContain('OWNER');
    expect(chart).toContain(`image: ${IMAGE}`);
  });

  test('installs its image by its digest everywhere', () => {
    const folder = fresh('manifests');
    run(['tar', '-xzf', file(`kubelet-guard-manifests-${VERSION}.tar.gz`), '-C', folder]);
    const texts = [
      run([HELM, 'template', 'x', file(`kubelet-guard-chart-${VERSION}.tgz`), '--set', 'nodeAgent.enabled=true']),
      run(['kubectl', 'kustomize', join(folder, 'manifests/overlays/enforce')]),
      readFileSync(file('install.yaml'), 'utf8'),
      readFileSync(file('install-node-agent.yaml'), 'utf8'),
    ];
    for (const text of texts) {
      const images = text.match(/\bimage: .*/g) ?? [];
      expect(images.length).toBeGreaterThan(1);
      expect(new Set(images.map((line) => line.replaceAll('"', '')))).toEqual(new Set([`image: ${IMAGE}`]));
    }
  });
});
