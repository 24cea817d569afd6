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
  readonly uses?: string;
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = join(CHECKOUT, '.github/workflows');
const read = (file: string) => parse(readFileSync(join(folder, file), 'utf8'), { uniqueKeys: true }) as Workflow;
const release = read('release.yml');

function stepsOf(job: string): readonly Step[] {
  return release.jobs[job]?.steps ?? [];
}

function stepWith(job: string, action: string): Step {
  const step = stepsOf(job).find(({ uses }) => uses?.startsWith(`${action}@`));
  if (step === undefined) throw new Error(`the job ${job} has no step of ${action}`);
  return step;
}

describe('a release', () => {
  test('is made of a tag alone, and of nothing that CI does not pass', () => {
    expect(release.on).toEqual({ push: { tags: ['v*'] } });
    expect(release.jobs.verify?.uses).toBe('./.github/workflows/ci.yml');
    expect(read('ci.yml').on).toHaveProperty('workflow_call');
    for (const job of ['image', 'packages']) expect(release.jobs[job]?.needs).toBe('verify');
    expect(release.jobs.publish?.needs).toEqual(['image', 'packages']);
  });

  test('gives each job the rights that it needs, and none by default', () => {
    expect(release.permissions).toEqual({});
    expect(Object.entries(release.jobs).map(([name, { permissions }]) => [name, permissions])).toEqual([
      ['verify', { contents: 'read' }],
      ['image', { contents: 'read', packages: 'write', 'id-token': 'write' }],
      ['packages', { contents: 'read', 'id-token': 'write' }],
      ['publish', { contents: 'write' }],
    ]);
  });

  test('names the full version of every action', () => {
    const actions = Object.keys(release.jobs).flatMap((job) => stepsOf(job).flatMap(({ uses }) => uses ?? []));
    expect(actions.filter((action) => !/^[\w-]+\/[\w-]+@(v\d+\.\d+\.\d+|[0-9a-f]{40})$/.test(action))).toEqual([]);
  });

  test('builds the image for two kinds of machines, with what is in it and how it was made', () => {
    expect(stepWith('image', 'docker/build-push-action').with).toMatchObject({
      platforms: 'linux/amd64,linux/arm64',
      push: true,
      sbom: true,
      provenance: 'mode=max',
    });
  });

  test('signs the image by its digest and without a key, after it was built', () => {
    const steps = stepsOf('image');
    const signs = steps.findIndex(({ run }) => run?.startsWith('cosign sign '));
    expect(steps[signs]?.env).toEqual({ DIGEST: '${{ steps.build.outputs.digest }}' });
    expect(steps[signs]?.run).toMatch(/@\$DIGEST"$/);
    expect(steps[signs]?.run).not.toContain('--key');
    expect(signs).toBeGreaterThan(steps.indexOf(stepWith('image', 'docker/build-push-action')));
  });

  test('has the packages of npm and Helm, and signed checksums', () => {
    const commands = stepsOf('packages')
      .map(({ run }) => run ?? '')
      .join('\n');
    for (const part of [
      'npm pack ',
      'helm package manifests/chart/kubelet-guard ',
      'sha256sum ',
      'cosign sign-blob ',
    ]) {
      expect(commands).toContain(part);
    }
  });
});

test('no expression of a workflow gets into a shell: what a tag or a branch is called is no code', () => {
  const commands = readdirSync(folder)
    .flatMap((file) => Object.values(read(file).jobs))
    .flatMap(({ steps = [] }) => steps.flatMap(({ run }) => run ?? []));
  expect(commands.filter((command) => command.includes('${{'))).toEqual([]);
});
