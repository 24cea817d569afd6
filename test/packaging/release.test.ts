// Tests of what makes a release, as far as they need no tools. test/e2e/release.e2e.ts makes one.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { bundledPackages } from '../../scripts/release/sbom.ts';
import { stripped } from '../../scripts/release/strip.ts';
import { CHECKOUT } from '../support/dockerfile.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;
const GOOD = [
  '--version',
  '0.1.0',
  '--image',
  `registry.example/kubelet-guard@${DIGEST}`,
  '--homepage',
  'https://git.example',
];

test.each([
  [['--version', '9.9.9'], '--version must be that of package.json'],
  [['--image', 'registry.example/kubelet-guard:0.1.0'], '--image must be REGISTRY/NAME@sha256:DIGEST'],
  [['--homepage', 'git.example'], '--homepage must be the https:// URL'],
  [[], '--output must be a new folder'],
])('a release with %j is not begun', (args, fault) => {
  const main = join(CHECKOUT, 'scripts/release/main.ts');
  const { status, stderr } = spawnSync(process.execPath, [main, ...GOOD, ...args], { encoding: 'utf8', cwd: tmpdir() });
  expect([status, stderr]).toEqual([1, expect.stringContaining(fault)]);
});

test('a program without symbols ends with its last segment, and has no table of sections', () => {
  const program = readFileSync(process.execPath);
  const short = stripped(program);
  expect(short.length).toBeLessThanOrEqual(program.length);
  expect(short.readBigUInt64LE(0x28)).toBe(0n);
  expect(stripped(short).equals(short)).toBe(true);
});

test('what is no ELF program is not made shorter', () => {
  expect(() => stripped(Buffer.from('#!/bin/sh\n'))).toThrow('not a 64-bit ELF program');
});

test('the packages in dist are read from their licenses', () => {
  const licenses = '=== @a/b 1.2.3 (MIT)\n\ntext\n=== c 2.0.0 (BSD-3-Clause)\n\nc\n';
  expect(bundledPackages(licenses)).toEqual([
    { name: '@a/b', version: '1.2.3', license: 'MIT' },
    { name: 'c', version: '2.0.0', license: 'BSD-3-Clause' },
  ]);
});
