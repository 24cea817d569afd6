// Tests of what completion offers, against what the help and the commands themselves say.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { controls } from '../../../src/controls/index.ts';
import { outputs } from '../../../src/outputs/index.ts';
import { runCli } from '../../support/run-cli.ts';

let folder: string;
let kubeconfig: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-completion-'));
  kubeconfig = join(folder, 'config');
  const contexts = ['prod', 'arn:aws:eks:eu-west-1:1:cluster/x'].map((name) => ({ name, context: { cluster: 'c' } }));
  writeFileSync(kubeconfig, JSON.stringify({ apiVersion: 'v1', kind: 'Config', contexts }));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The words that can stand at the end of a command line, and `:files` if a path can. */
async function offered(...words: string[]): Promise<readonly string[]> {
  const current = words.at(-1) ?? '';
  const { status, stdout, stderr } = await runCli(['__complete', '--', `=${current}`, ...words.slice(0, -1)], {
    env: { KUBECONFIG: kubeconfig },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t', 1)[0] ?? '']));
}

async function helpOf(path: readonly string[]): Promise<{ options: string[]; commands: string[] }> {
  const { stdout } = await runCli([...path, '--help']);
  const [, commands = ''] = /^Commands:\n((?: {2}.*\n)*)/m.exec(stdout) ?? [];
  const [, options = ''] = /^Options:\n((?: {2}.*\n)*)/m.exec(stdout) ?? [];
  return {
    options: [...options.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, name = '']) => name),
    commands: [...commands.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name = '']) => name),
  };
}

test('every command and option of the help is offered, at every level', async () => {
  const paths: string[][] = [[]];
  for (const path of paths) {
    const { options, commands } = await helpOf(path);
    expect(options).toContain('--help');
    expect([path, await offered(...path, '-')]).toEqual([path, expect.arrayContaining(options)]);
    if (commands.length > 0) expect([path, await offered(...path, '')]).toEqual([path, commands]);
    paths.push(...commands.filter((name) => name !== 'help').map((name) => [...path, name]));
  }
  expect(paths.length).toBeGreaterThan(15);
});

describe('values', () => {
  const formats = outputs.map(({ name }) => name);
  test.each([
    ['choices', ['check', '--fail-on', ''], ['fail', 'unknown', 'never']],
    ['choices with the option', ['check', '--fail-on=n'], ['--fail-on=never']],
    ['formats', ['check', '-o', ''], formats],
    ['formats behind other options', ['check', '--quiet', 'a.yaml', '--output', 'js'], ['json']],
    ['a path for a format', ['check', '-o', 'json=re'], [':files']],
    ['a path for a file', ['check', '--config', ''], [':files']],
    ['a path with the option', ['check', '--config=gu'], [':files']],
    ['paths for arguments', ['check', 'a.yaml', ''], [':files']],
    ['paths behind --', ['check', '--', '-'], [':files']],
    ['slugs', ['explain', 'kubelet-client-ca', 'kubelet-a'], ['kubelet-anonymous-auth', 'kubelet-authorization-mode']],
    ['evidence', ['sweep', '--evidence', 'hand'], ['handshake']],
    ['evidence in a list', ['sweep', '--evidence', 'handshake,f'], ['handshake,flagz']],
    ['contexts', ['sweep', '--context', ''], ['prod', 'arn:aws:eks:eu-west-1:1:cluster/x']],
    ['benchmarks', ['check', '--benchmark', 'cis-aks-1.8'], ['cis-aks-1.8']],
    ['controls', ['sweep', '--control', 'kubelet-cl'], ['kubelet-client-ca']],
    ['ids', ['sweep', '--benchmark-id', 'V-24242'], ['V-242420']],
    ['shells', ['completion', ''], ['bash', 'zsh', 'fish', 'powershell', 'help']],
    ['nothing for free text', ['sweep', '--namespace', ''], []],
    ['nothing for an unknown option', ['check', '--nope=a'], []],
    ['nothing behind the last argument', ['config', 'check', 'a.yaml', ''], []],
  ])('offers %s', async (_what, words, expected) => {
    expect(await offered(...words)).toEqual(expected);
  });

  test('offers the contexts of the kubeconfig that the line names, or none if it cannot be read', async () => {
    const other = join(folder, 'other');
    writeFileSync(other, JSON.stringify({ contexts: [{ name: 'edge', context: {} }] }));
    expect(await offered('sweep', '--kubeconfig', other, '--context', '')).toEqual(['edge']);
    expect(await offered('sweep', `--kubeconfig=${other}`, '--context', '')).toEqual(['edge']);
    expect(await offered('sweep', '--kubeconfig', join(folder, 'missing'), '--context', '')).toEqual([]);
  });

  test('offers every control to explain', async () => {
    expect(await offered('explain', '')).toEqual(controls.map(({ slug }) => slug));
  });
});
