import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync, cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { parse } from 'yaml';

import { CHECKOUT } from '../support/dockerfile.ts';

jest.setTimeout(60_000);

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly outputs: Readonly<Record<string, object>>;
  readonly runs: { readonly steps: readonly Step[] };
}

interface Step {
  readonly name: string;
  readonly shell: string;
  readonly run: string;
  readonly env: Readonly<Record<string, string>>;
}

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly summary: string;
  readonly outputs: Readonly<Record<string, string>>;
}

const text = readFileSync(join(CHECKOUT, 'action.yml'), 'utf8');
const action = parse(text) as Action;
const SAMPLES = join(CHECKOUT, 'samples/cluster');

let home: string;
let repository: string;
let base: string;

const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
    cwd: repository,
    encoding: 'utf8',
  }).trim();

/** Adds everything to a commit. */
function commit(): string {
  git('add', '-A');
  git('commit', '-qm', 'change');
  return git('rev-parse', 'HEAD');
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'kubelet-guard-action-'));
  repository = join(home, 'repository');
  // the action as the runner has it, with the program of this checkout
  for (const folder of [repository, join(home, 'action/dist')]) mkdirSync(folder, { recursive: true });
  symlinkSync(join(CHECKOUT, 'scripts'), join(home, 'action/scripts'));
  writeFileSync(join(home, 'action/package.json'), '{ "type": "module" }');
  writeFileSync(join(home, 'action/dist/main.js'), `await import(${JSON.stringify(join(CHECKOUT, 'src/main.ts'))});\n`);
  git('init', '-q');
  cpSync(join(SAMPLES, 'worker-1/config.yaml'), join(repository, 'old.yaml'));
  writeFileSync(join(repository, 'README.md'), 'Set --kubelet-client-key.\n');
  base = commit();
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

/** Runs the steps as a runner does: expressions filled in, environment files given, the first failure ends it. */
function runAction(given: Readonly<Record<string, string>> = {}, before = base): Outcome {
  const inputs = Object.fromEntries(Object.entries(action.inputs).map(([name, input]) => [name, input.default]));
  const values: Readonly<Record<string, string>> = {
    'github.action_path': join(home, 'action'),
    'github.event.pull_request.base.sha || github.event.before': before,
    ...Object.fromEntries(Object.entries({ ...inputs, ...given }).map(([name, value]) => [`inputs.${name}`, value])),
  };
  const filled = (value: string): string =>
    value.replace(/\$\{\{ (.*?) \}\}/g, (_, expression: string) => {
      const found = values[expression];
      if (found === undefined) throw new Error(`no value for ${expression}`);
      return found;
    });
  const files = { GITHUB_OUTPUT: join(home, 'output'), GITHUB_STEP_SUMMARY: join(home, 'summary') };
  for (const file of Object.values(files)) writeFileSync(file, '');
  let stdout = '';
  let status = 0;
  for (const { shell, run, env } of action.runs.steps) {
    expect(shell).toBe('bash');
    const own = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, filled(value)]));
    const result = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', run], {
      cwd: repository,
      encoding: 'utf8',
      env: { PATH: `${join(process.execPath, '..')}:${process.env.PATH ?? ''}`, ...files, ...own },
    });
    stdout += result.stdout;
    status = result.status ?? -1;
    if (status !== 0) break;
  }
  const outputs = readFileSync(files.GITHUB_OUTPUT, 'utf8').trim().split('\n').filter(Boolean);
  return {
    status,
    stdout,
    summary: readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8'),
    outputs: Object.fromEntries(outputs.map((line) => line.split('=', 2) as [string, string])),
  };
}

describe('the action', () => {
  test('checks the repository, with a summary of the step and a SARIF file', () => {
    const { status, stdout, summary, outputs } = runAction({ 'sarif-file': 'results.sarif' });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^FAIL.*\n?.*kubelet-client-ca/m);
    expect(summary).toMatch(/^kubelet-guard: \*\*1 failed\*\*/);
    expect(outputs).toEqual({ 'sarif-file': 'results.sarif', 'exit-code': '1' });
    expect(existsSync(join(repository, 'results.sarif'))).toBe(true);
  });

  test('takes paths and arguments, one a line, and none of them is shell code', () => {
    writeFileSync(
      join(repository, 'a $(touch injected) b.yaml'),
      readFileSync(join(SAMPLES, 'cp-1/kube-apiserver.yaml')),
    );
    const given = { path: 'a $(touch injected) b.yaml\n', args: '--fail-on=fail\n\n--exclude=$(touch injected)\n' };
    expect(runAction(given)).toMatchObject({ status: 0, outputs: { 'exit-code': '0' } });
    expect(existsSync(join(repository, 'injected'))).toBe(false);
  });

  test('with changed-only checks only what changed, and not documentation', () => {
    writeFileSync(join(repository, 'README.md'), 'Do not set --kubelet-client-key.\n');
    commit();
    expect(runAction({ 'changed-only': 'true' })).toMatchObject({ status: 0, outputs: { 'exit-code': '0' } });
    cpSync(join(SAMPLES, 'cp-2/kube-apiserver.yaml'), join(repository, 'new file.yaml'));
    writeFileSync(join(repository, 'unrelated.json'), '{}');
    commit();
    const { status, stdout } = runAction({ 'changed-only': 'true' });
    expect(status).toBe(1);
    expect(stdout).toContain('new file.yaml');
    expect(stdout).not.toContain('old.yaml');
  });

  test('with changed-only, a clone without the commit to compare with is wrong use', () => {
    const { status, stdout, outputs } = runAction({ 'changed-only': 'true' }, '1'.repeat(40));
    expect([status, outputs]).toEqual([2, { 'exit-code': '2' }]);
    expect(stdout).toMatch(/^::error::.*fetch-depth: 0$/m);
  });

  test.each([
    ['a scheduled run', ''],
    ['a new branch', '0'.repeat(40)],
  ])('with changed-only, %s checks everything', (_name, before) => {
    expect(runAction({ 'changed-only': 'true' }, before)).toMatchObject({ status: 1, outputs: { 'exit-code': '1' } });
  });

  test('is used in docs/ci.md with its own inputs and outputs, and each has a row there', () => {
    const page = readFileSync(join(CHECKOUT, 'docs/ci.md'), 'utf8');
    const block = /^```yaml\n(permissions:[\s\S]*?)^```$/m.exec(page)?.[1] ?? '';
    const { jobs } = parse(block) as { jobs: Record<string, { steps: { uses: string; with?: object }[] }> };
    const step = jobs['kubelet-guard']?.steps.find(({ uses }) => uses.startsWith('OWNER/kubelet-guard@'));
    expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(step?.with ?? {})));
    const rows = [...page.matchAll(/^\| `([\w-]+)` +\|/gm)].map(([, name]) => name);
    expect(rows).toEqual(Object.keys(action.inputs));
    const used = [...block.matchAll(/steps\.kubelet-guard\.outputs\.([\w-]+)/g)].map(([, name]) => name);
    expect(Object.keys(action.outputs)).toEqual(expect.arrayContaining(used));
  });

  test('switches commands of the runner off while it prints what files hold', () => {
    const [first = '', ...lines] = runAction().stdout.trim().split('\n');
    const token = /^::stop-commands::([a-f0-9]{32})$/.exec(first)?.[1];
    expect(token).toBeDefined();
    expect(lines.at(-1)).toBe(`::${token ?? ''}::`);
  });

  test('has no expression in a shell command', () => {
    expect(action.runs.steps.filter(({ run }) => run.includes('${{'))).toEqual([]);
  });
});

describe('the hook of pre-commit', () => {
  const [hook] = parse(readFileSync(join(CHECKOUT, '.pre-commit-hooks.yaml'), 'utf8')) as [
    { readonly entry: string; readonly files: string; readonly language: string },
  ];

  test('is given the same files as the action', () => {
    const script = readFileSync(join(CHECKOUT, 'scripts/action.sh'), 'utf8');
    expect(/^PATTERN='(.*)'$/m.exec(script)?.[1]).toBe(hook.files);
  });

  test('runs a command that passes what has nothing to check, and fails for a violation', () => {
    expect(hook.language).toBe('node');
    const [program, ...args] = hook.entry.split(' ');
    expect(program).toBe('kubelet-guard');
    const main = join(home, 'action/dist/main.js');
    const run = (...paths: string[]): number | null =>
      spawnSync(process.execPath, [main, ...args, ...paths], { cwd: repository }).status;
    writeFileSync(join(repository, 'chart.yaml'), 'a: {{ .Values.a }}\n');
    expect(run('README.md', 'chart.yaml')).toBe(0);
    expect(run('README.md', 'chart.yaml', 'old.yaml')).toBe(1);
  });
});
