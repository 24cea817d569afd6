// Runs the console blocks of the documentation as a reader would, in a folder of their own, and compares what they print.
// With UPDATE_DOCS=1 it writes into the pages what was printed instead.

import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { expect } from '@jest/globals';

import {
  blocksOf,
  comparable,
  fileOf,
  namedBlock,
  rewriteBlock,
  stepsOf,
  type DocBlock,
  type DocStep,
} from './doc-blocks.ts';
import { CHECKOUT } from './dockerfile.ts';

interface SessionOptions {
  /** The programs that the commands can use, besides those on the PATH: a name and its command line. */
  readonly programs?: Readonly<Record<string, readonly string[]>>;
  /** The kubeconfig of the reader. */
  readonly kubeconfig?: string;
  /** Texts of this run, and what the pages show in their place, in commands and in outputs. */
  readonly shown?: Readonly<Record<string, string>>;
  /** The folders of the checkout that are copied into its folder. */
  readonly holds?: readonly string[];
  /** The time limit of a block in milliseconds. */
  readonly within?: number;
}

/** A shell in a folder with the example files of the pages. */
export interface DocSession {
  readonly folder: string;
  /** Runs the block of this name and compares what it prints; that of the language `sh` has to succeed. */
  readonly run: (name: string) => Promise<void>;
  /** Runs all blocks of a page that have no name. */
  readonly runPage: (page: string) => Promise<void>;
  readonly end: () => void;
}

/** Starts a session. `kubelet-guard` is the source of the checkout, unless the programs have another. */
export function startDocSession({
  programs = {},
  kubeconfig,
  shown = {},
  holds = ['samples'],
  within = 60_000,
}: SessionOptions): DocSession {
  const home = mkdtempSync(join(tmpdir(), 'kubelet-guard-docs-'));
  const folder = join(home, 'work');
  const bin = join(home, 'bin');
  for (const path of [folder, bin]) mkdirSync(path);
  for (const name of holds) cpSync(join(CHECKOUT, name), join(folder, name), { recursive: true });
  const source = [process.execPath, '--disable-warning=ExperimentalWarning', join(CHECKOUT, 'src/main.ts')];
  for (const [name, command] of Object.entries({ 'kubelet-guard': source, ...programs })) {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec ${command.map((word) => `'${word}'`).join(' ')} "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const env = {
    PATH: [bin, dirname(process.execPath), process.env.PATH].join(delimiter),
    HOME: home,
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
  };
  if (kubeconfig !== undefined) {
    mkdirSync(join(home, '.kube'));
    cpSync(kubeconfig, join(home, '.kube/config'));
  }
  const written = new Set<string>();

  const writeFiles = ({ page, index }: DocBlock) => {
    for (const block of blocksOf(page).slice(0, index)) {
      const file = fileOf(block);
      if (file === undefined || written.has(`${page}:${String(block.index)}`)) continue;
      written.add(`${page}:${String(block.index)}`);
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), block.text);
    }
  };
  const runBlock = async (block: DocBlock) => {
    writeFiles(block);
    const real = (command: string) =>
      Object.entries(shown).reduce((text, [from, to]) => (to === '' ? text : text.replaceAll(to, from)), command);
    if (block.language === 'sh') {
      const [output = ''] = await runShell([`(set -e\n${real(block.text)})\necho "exit $?"`], {
        cwd: folder,
        env,
        within,
      });
      expect(output).toMatch(/^exit 0$/m);
      return;
    }
    const steps = stepsOf(block);
    const commands = steps.map(({ command }) => real(command));
    const outputs = await runShell(commands, { cwd: folder, env, within });
    const printed = steps.map(({ command }, at) => ({
      command,
      output: Object.entries({ ...shown, [folder]: '.' }).reduce(
        (text, [from, to]) => text.replaceAll(from, to),
        outputs[at] ?? '',
      ),
    }));
    if (transcript(printed) === transcript(steps)) return;
    if (process.env.UPDATE_DOCS === '1') rewriteBlock(block, printed);
    else expect(`${block.page}\n${transcript(printed)}`).toBe(`${block.page}\n${transcript(steps)}`);
  };
  return {
    folder,
    run: (name) => runBlock(namedBlock(name)),
    runPage: async (page) => {
      for (const { index } of blocksOf(page).filter(isOnFiles)) {
        // an earlier block may have been rewritten
        const block = blocksOf(page)[index];
        if (block !== undefined) await runBlock(block);
      }
    },
    end: () => {
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Whether a block needs nothing but files. */
export function isOnFiles({ language, name }: DocBlock): boolean {
  return language === 'console' && name === undefined;
}

function transcript(steps: readonly DocStep[]): string {
  return steps.map(({ command, output }) => `$ ${command}${comparable(output)}`).join('');
}

/** Runs commands one after the other in one shell; returns what each of them prints, on both streams. */
async function runShell(
  commands: readonly string[],
  { cwd, env, within }: { cwd: string; env: Readonly<Record<string, string>>; within: number },
): Promise<readonly string[]> {
  const end = '--- end of the step ---';
  const script = commands.flatMap((command) => [
    '(exit $status)',
    command.trimEnd().replaceAll('npm run -s kubelet-guard --', 'kubelet-guard'),
    `status=$?; printf '\\n%s\\n' '${end}'`,
  ]);
  const child = spawn('sh', ['-c', ['exec 2>&1', 'status=0', ...script].join('\n')], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: within,
    killSignal: 'SIGKILL',
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  await new Promise((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  // CSV ends its lines with CR and LF, and git leaves only LF
  const lines = output.replaceAll('\r\n', '\n');
  return lines.split(`\n${end}\n`).map((text) => (text === '' || text.endsWith('\n') ? text : `${text}\n`));
}
