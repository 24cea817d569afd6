// docs/comparison.md: what kubelet-guard says of each case, and what the quoted rules of the other tools say.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';

import { kubeletCase, podCase } from '../support/comparison.ts';
import { CHECKOUT } from '../support/dockerfile.ts';
import { runCli } from '../support/run-cli.ts';

const FIXTURES = join(CHECKOUT, 'test/fixtures/comparison');
const page = readFileSync(join(CHECKOUT, 'docs/comparison.md'), 'utf8');

/** The rows of the table that begins with this head, by the name of the case. */
function tableOf(head: string): ReadonlyMap<string, readonly string[]> {
  const rows = page
    .slice(page.indexOf(`| ${head} `))
    .split('\n\n')[0]
    ?.split('\n')
    .slice(2)
    .map((row) => row.split('|').map((cell) => cell.trim().replaceAll(/\*\*|`/g, '')));
  return new Map(rows?.map(([, name = '', , ...cells]) => [name, cells.slice(0, -1)]));
}

const pods = tableOf('kube-apiserver');
const kubelets = tableOf('kubelet');

test('the tables have a row for each case', () => {
  expect([...pods.keys()].map((name) => `${name}.yaml`).sort()).toEqual(readdirSync(join(FIXTURES, 'kube-apiserver')));
  expect([...kubelets.keys()].sort()).toEqual(readdirSync(join(FIXTURES, 'kubelet')));
});

async function verdict(folder: string, path: string, control: string): Promise<string | undefined> {
  const { stdout } = await runCli(['check', path, '--control', control, '--output', 'json'], { cwd: folder });
  return (JSON.parse(stdout) as { findings: { result: string }[] }).findings[0]?.result;
}

describe('a kube-apiserver', () => {
  test.each([...pods])('%s', async (name, [, ours, kubeBench, kubescape, trivy, prowler]) => {
    const path = join('kube-apiserver', `${name}.yaml`);
    expect(await verdict(FIXTURES, path, 'apiserver-kubelet-client-cert')).toBe(ours);

    const { containers, argv, starts } = podCase(join(FIXTURES, path));
    const both = (text: string) =>
      text.includes('--kubelet-client-certificate') && text.includes('--kubelet-client-key');
    const say = (passes: boolean) => (passes ? 'pass' : 'fail');
    expect(kubeBench).toBe(say(starts && both(argv.join(' '))));
    const [first] = containers;
    const isSeen = containers.length === 1 && first?.command[0]?.endsWith('kube-apiserver') === true;
    expect(kubescape).toBe(isSeen ? say(both(first.command.join(' '))) : 'none');
    const servers = containers.filter(({ command }) => /^(?:.*\/)?kube-apiserver$/.test(command[0] ?? ''));
    const hasFlags = servers.every(({ command, args }) => both(command.join('\n')) || both(args.join('\n')));
    expect(trivy).toBe(servers.length === 0 ? 'none' : say(hasFlags));
    const lacksBoth = (text: string) =>
      !text.includes('--kubelet-client-certificate') && !text.includes('--kubelet-client-key');
    expect(prowler).toBe(say(!containers.some(({ command }) => lacksBoth(command.join(' ')))));
  });
});

describe('a kubelet', () => {
  test.each([...kubelets])('%s', async (name, [, ours, kubeBench, kubescape, prowler]) => {
    const folder = join(FIXTURES, 'kubelet', name);
    expect(await verdict(folder, '.', 'kubelet-client-ca')).toBe(ours);

    const { args } = kubeletCase(folder);
    const file = join(folder, 'var/lib/kubelet/config.yaml');
    const config = existsSync(file) ? (parse(readFileSync(file, 'utf8')) as Config) : undefined;
    const say = (passes: boolean) => (passes ? 'pass' : 'fail');
    const hasFlag = args.join(' ').includes('--client-ca-file');
    const x509 = config?.authentication?.x509 ?? {};
    expect(kubeBench).toBe(say(hasFlag || (x509.clientCAFile ?? '') !== ''));
    expect(kubescape).toBe(say(hasFlag || 'clientCAFile' in x509));
    expect(prowler).toBe(config === undefined ? 'none' : say('clientCAFile' in x509));
  });
});

interface Config {
  readonly authentication?: { readonly x509?: { readonly clientCAFile?: string } };
}
