// Tests of the completion scripts in the real shells. A shell that is not installed is skipped.

import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { COMPLETION_SCRIPTS } from '../../../src/commands/completion/scripts.ts';
import { CHECKOUT } from '../../support/dockerfile.ts';
import { runCli } from '../../support/run-cli.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-shells-'));
  const command = join(folder, 'kubelet-guard');
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${join(CHECKOUT, 'src/main.ts')}' "$@"\n`);
  chmodSync(command, 0o755);
  writeFileSync(join(folder, 'guard one.yaml'), '');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function inShell(shell: string, args: readonly string[], script: string): string {
  const { PATH = '', ...others } = process.env;
  const env = { ...others, PATH: `${folder}${delimiter}${PATH}`, TERM: 'dumb' };
  const { stdout, stderr } = spawnSync(shell, [...args, script], {
    cwd: folder,
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(stderr).toBe('');
  return stdout;
}

function testIn(shell: string): typeof test.skip {
  return spawnSync(shell, ['--version']).status === 0 ? test : test.skip;
}

test.each(Object.keys(COMPLETION_SCRIPTS))(
  'completion %s prints a script and its help says how to use it',
  async (shell) => {
    expect(await runCli(['completion', shell])).toMatchObject({
      status: 0,
      stdout: COMPLETION_SCRIPTS[shell as 'bash'],
      stderr: '',
    });
    const { stdout } = await runCli(['completion', shell, '--help']);
    expect(stdout).toContain('# in every shell of this user');
  },
);

testIn('bash')('bash completes commands, options, values and words with = and :', () => {
  const lines = [
    ['expl'],
    ['check', '--outp'],
    // bash cuts --fail-on=nev in three
    ['check', '--fail-on', '=', 'nev'],
    ['check', '--fail-on', '='],
    ['explain', 'kubelet-cl'],
    ['check', 'gua'],
  ];
  const script = `source <(kubelet-guard completion bash)
    complete -p kubelet-guard
    try() {
      COMP_WORDS=(kubelet-guard "$@"); COMP_CWORD=$#; COMPREPLY=()
      # what it says about files works only while a key is pressed
      _kubelet_guard 2> /dev/null
      echo "$* > \${COMPREPLY[*]}"
    }
    ${lines.map((words) => `try ${words.join(' ')}`).join('\n')}`;
  expect(inShell('bash', ['--norc', '-c'], script).trimEnd().split('\n')).toEqual([
    'complete -o default -F _kubelet_guard kubelet-guard',
    'expl > explain',
    'check --outp > --output --output-file',
    'check --fail-on = nev > never',
    'check --fail-on = > fail unknown never',
    'explain kubelet-cl > kubelet-client-ca',
    'check gua >',
  ]);
});

testIn('zsh')('zsh completes commands, options, values and files on the real line', () => {
  const keys = [
    ['explain kubelet-cl', 'kubelet-client-ca'],
    ['completion pow', 'powershell'],
    ['check --fail-on=nev', 'fail-on=never'],
    ['check gua', 'guard\\ one.yaml'],
    ['check --config=gua', 'config=guard\\ one.yaml'],
  ];
  // a terminal of its own: a key is sent, and what the line has then is awaited
  const script = `zmodload zsh/zpty
    zpty z zsh -f -i
    zpty -w z $'PS1=; autoload -Uz compinit; compinit -D; source <(kubelet-guard completion zsh); echo re""ady\\n'
    zpty -r z out '*ready*'
    ${keys
      .map(
        ([typed = '', wanted = '']) =>
          `zpty -w -n z $'\\x15kubelet-guard ${typed}\\t'; zpty -r z out ${JSON.stringify(`*${wanted.replaceAll('\\', '*')}*`)} && echo ${JSON.stringify(typed)}`,
      )
      .join('\n')}
    zpty -d z`;
  expect(inShell('zsh', ['-f', '-c'], script).trimEnd().split('\n')).toEqual(keys.map(([typed]) => typed));
});

testIn('fish')('fish completes commands, options, values and files', () => {
  const lines = ['expl', 'check --outp', 'check --fail-on nev', 'check --config=gua', 'check gua', 'check -o json=gua'];
  const script = `kubelet-guard completion fish | source
    ${lines.map((line) => `complete -C 'kubelet-guard ${line}' | string replace -r '\\t.*' ''`).join('\n')}`;
  expect(inShell('fish', ['--no-config', '-c'], script).trimEnd().split('\n')).toEqual([
    'explain',
    '--output',
    '--output-file',
    'never',
    ...['--config=guard one.yaml', 'guard one.yaml', 'json=guard one.yaml'],
  ]);
});

testIn('pwsh')('PowerShell completes commands and values', () => {
  const script = `kubelet-guard completion powershell | Out-String | Invoke-Expression
    foreach ($line in 'kubelet-guard expl', 'kubelet-guard check --fail-on nev') {
      (TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches.CompletionText
    }`;
  expect(inShell('pwsh', ['-NoProfile', '-Command'], script).trimEnd().split('\n')).toEqual(['explain', 'never']);
});
