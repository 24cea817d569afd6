// Tests of `version`.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { runCli } from '../support/run-cli.ts';

const data = join(import.meta.dirname, '../../src/facts/data');
const { versions } = JSON.parse(readFileSync(join(data, 'flags.json'), 'utf8')) as { versions: string[] };

test('version says which versions the data covers', async () => {
  const minors = versions.map((version) => version.split('.').slice(0, 2).join('.'));
  const { status, stdout } = await runCli(['version']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^kubelet-guard +\d+\.\d+\.\d+\nNode\.js +\d+\.\d+\.\d+\n/);
  expect(stdout).toMatch(new RegExp(`^Kubernetes flags +${String(minors[0])} to ${String(minors.at(-1))}$`, 'm'));
  expect(stdout).toMatch(/^CIS Kubernetes Benchmark +v1\.5 to v1\.24, v1\.7 to v2\.0$/m);
});

test('version -o json has every version for programs', async () => {
  const { stdout } = await runCli(['version', '-o', 'json']);
  expect(JSON.parse(stdout)).toMatchObject({
    version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    node: process.versions.node,
    kubernetes: { flags: versions },
    benchmarks: expect.arrayContaining([
      expect.objectContaining({ name: 'cis-aks', versions: expect.arrayContaining(['1.8']) }),
    ]),
  });
});
