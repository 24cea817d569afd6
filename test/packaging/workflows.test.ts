import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';

import { CHECKOUT } from '../support/dockerfile.ts';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly needs?: string | readonly string[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly uses?: string;
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = join(CHECKOUT, '.github/workflows');
const files = readdirSync(folder);
const textOf = (file: string) => readFileSync(join(folder, file), 'utf8');
const read = (file: string) => parse(textOf(file), { uniqueKeys: true }) as Workflow;
const release = read('release.yml');
const jobs = files.flatMap((file) => Object.entries(read(file).jobs).map(([name, job]) => ({ file, name, job })));

function stepsOf(job: string): readonly Step[] {
  return release.jobs[job]?.steps ?? [];
}

function stepWith(job: string, action: string): Step {
  const step = stepsOf(job).find(({ uses }) => uses?.startsWith(`${action}@`));
  if (step === undefined) throw new Error(`the job ${job} has no step of ${action}`);
  return step;
}

function commandsOf({ steps = [] }: Job): string {
  return steps.map(({ run }) => run ?? '').join('\n');
}

/** The position of the first step of a job whose command contains a text. */
function placeOf(job: string, command: string): number {
  const place = stepsOf(job).findIndex(({ run }) => run?.includes(command));
  if (place < 0) throw new Error(`the job ${job} has no step with ${command}`);
  return place;
}

describe('a release', () => {
  test('is built only for a tag, and only if CI passes', () => {
    expect(release.on).toEqual({ push: { tags: ['v*'] } });
    expect(release.jobs.verify?.uses).toBe('./.github/workflows/ci.yml');
    expect(read('ci.yml').on).toHaveProperty('workflow_call');
    expect(Object.entries(release.jobs).map(([name, { needs }]) => [name, needs])).toEqual([
      ['verify', undefined],
      ['build', 'verify'],
      ['sign', 'build'],
      ['publish', ['build', 'sign']],
      ['npm', ['build', 'sign']],
    ]);
  });

  test('gives each job only the rights that it needs, and none by default', () => {
    expect(release.permissions).toEqual({});
    expect(Object.entries(release.jobs).map(([name, { permissions }]) => [name, permissions])).toEqual([
      ['verify', { contents: 'read' }],
      ['build', { contents: 'read' }],
      ['sign', { packages: 'write', 'id-token': 'write' }],
      ['publish', { contents: 'write' }],
      ['npm', { 'id-token': 'write' }],
    ]);
  });

  test('builds the image for two platforms, with SBOM and provenance, and does not push it', () => {
    const { with: given } = stepWith('build', 'docker/build-push-action');
    expect(given).toMatchObject({
      platforms: 'linux/amd64,linux/arm64',
      outputs: 'type=oci,dest=image/image.tar',
      provenance: 'mode=max',
    });
    expect(given).toHaveProperty('sbom');
    expect(given).not.toHaveProperty('push');
  });

  test('pins the base image and the build tools by digest', () => {
    const { with: given } = stepWith('build', 'docker/build-push-action');
    expect(given?.['build-args']).toMatch(/^NODE_DIGEST=@sha256:[0-9a-f]{64}$/m);
    const images = [
      stepWith('build', 'docker/setup-qemu-action').with?.image,
      stepWith('build', 'docker/setup-buildx-action').with?.['driver-opts'],
      given?.sbom,
    ];
    for (const image of images) expect(image).toMatch(/^[\w=]*[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
  });

  test('runs no scripts of packages in the build job', () => {
    expect(commandsOf(release.jobs.build ?? {}).match(/npm (ci|pack).*/g)).toEqual([
      expect.stringContaining('npm ci --ignore-scripts '),
    ]);
    const scripts = ['npm-package.ts', 'node-program.ts'].map((name) =>
      readFileSync(join(CHECKOUT, 'scripts/release', name), 'utf8'),
    );
    for (const script of scripts) expect(script).toMatch(/'npm',\s*'pack',[^;]*'--ignore-scripts'/);
  });

  test('signs the built image by its digest, without a key', () => {
    expect(release.jobs.build?.outputs).toEqual({
      image: '${{ steps.sums.outputs.image }}',
      packages: '${{ steps.sums.outputs.packages }}',
      digest: '${{ steps.image.outputs.digest }}',
    });
    const check = placeOf('sign', 'sha256sum --check --strict');
    const push = placeOf('sign', 'skopeo copy --all --preserve-digests ');
    const sign = placeOf('sign', 'cosign sign --yes ');
    expect([check, push, sign]).toEqual([check, push, sign].toSorted((a, b) => a - b));
    expect(stepsOf('sign')[sign]?.env).toEqual({ DIGEST: '${{ needs.build.outputs.digest }}' });
    expect(stepsOf('sign')[sign]?.run).toMatch(/@\$DIGEST"$/);
    expect(commandsOf(release.jobs.sign ?? {})).not.toContain('--key');
  });

  test('has the files of scripts/release, with the image by its digest, and signed checksums', () => {
    const commands = Object.values(release.jobs).map(commandsOf).join('\n');
    for (const part of [
      'node scripts/release/main.ts --version "$VERSION" --image "${IMAGE,,}@$DIGEST" ',
      'helm push packages/kubelet-guard-chart-',
      'cosign sign-blob ',
    ]) {
      expect(commands).toContain(part);
    }
    expect(placeOf('publish', 'sha256sum --check --strict SHA256SUMS')).toBe(placeOf('publish', 'gh release create'));
  });
});

test('the npm package is published from the verified files, with provenance and without a token', () => {
  const job = release.jobs.npm ?? {};
  const publish = placeOf('npm', 'npm publish --ignore-scripts --provenance ');
  expect(placeOf('npm', 'sha256sum --check --strict SHA256SUMS')).toBe(publish);
  expect(commandsOf(job).match(/npm .*/g)).toHaveLength(1);
  expect(JSON.stringify(job)).not.toContain('secrets.');
  const { with: given } = stepWith('npm', 'actions/setup-node');
  expect(given).toMatchObject({ 'node-version': readFileSync(join(CHECKOUT, '.nvmrc'), 'utf8').trim() });
});

describe('every workflow', () => {
  /** The only actions of a job that can write, sign or publish. None uses the checkout or builds something. */
  const TRUSTED = new Set([
    'actions/download-artifact',
    'actions/setup-node',
    'actions/upload-artifact',
    'azure/setup-helm',
    'docker/login-action',
    'sigstore/cosign-installer',
  ]);
  const PROGRAMS = [
    ...[
      'cat',
      'cd',
      'cosign',
      'cut',
      'echo',
      'gh',
      'grep',
      'helm',
      'mapfile',
      'npm',
      'repository',
      'sha256sum',
      'skopeo',
    ],
    ...['tee', 'test'],
  ];

  test('pins each action to a commit, with the version beside it', () => {
    const lines = files.flatMap((file) => textOf(file).match(/uses: .*/g) ?? []);
    const pinned = /^uses: ([\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\.\/\.github\/workflows\/\w+\.yml)$/;
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.filter((line) => !pinned.test(line))).toEqual([]);
  });

  test('uses the same commit of an action everywhere', () => {
    const names = new Set(files.flatMap((file) => textOf(file).match(/[\w-]+\/[\w-]+@[0-9a-f]{40}/g) ?? []));
    const actions = [...names].map((name) => name.split('@', 1)[0]);
    expect(actions).toEqual([...new Set(actions)]);
  });

  test('uses no version that can change', () => {
    const texts = [...files.map(textOf), readFileSync(join(CHECKOUT, '.ci/run'), 'utf8')];
    expect(texts.flatMap((text) => text.match(/[\w./:-]*(@latest|:latest|-latest)\b/g) ?? [])).toEqual([]);
  });

  test('lists its rights', () => {
    expect(files.filter((file) => typeof read(file).permissions !== 'object')).toEqual([]);
    const unnamed = jobs.filter(
      ({ file, job }) => job.permissions === undefined && read(file).permissions === undefined,
    );
    expect(unnamed).toEqual([]);
  });

  const writers = jobs.filter(({ file, job }) =>
    Object.values(job.permissions ?? read(file).permissions ?? {}).includes('write'),
  );
  test.each(writers)(
    'in $file, the job $name can write, so it runs nothing from the checkout, npm or an image',
    ({ job }) => {
      const actions = (job.steps ?? []).flatMap(({ uses }) => uses?.split('@', 1) ?? []);
      expect(actions.filter((action) => !TRUSTED.has(action))).toEqual([]);
      expect(job.uses).toBeUndefined();
      const begun = commandsOf(job)
        .replaceAll(/\\\n\s*/g, ' ')
        .split(/\n|&&|\|\||[|(]/)
        .flatMap((command) => /^\s*([\w./-]+)/.exec(command)?.[1] ?? []);
      expect(begun.filter((program) => !PROGRAMS.includes(program))).toEqual([]);
    },
  );

  test('can write only in the jobs sign, publish and npm', () => {
    expect(writers.map(({ name }) => name)).toEqual(['sign', 'publish', 'npm']);
  });

  test('has no expression in a shell command, so the name of a tag or branch cannot run code', () => {
    expect(jobs.filter(({ job }) => commandsOf(job).includes('${{'))).toEqual([]);
  });
});
