#!/usr/bin/env node
// The only file that reads env and argv, and that exits. What a command needs is loaded by the command: `check` has to start
// fast, and needs no server and no Kubernetes client.

import { fstatSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isatty } from 'node:tty';

import { Command, CommanderError } from 'commander';

import { addCheck } from './commands/check/command.ts';
import { addConfig } from './commands/config.ts';
import { addDoctor } from './commands/doctor/command.ts';
import { addExplain } from './commands/explain.ts';
import { addExport } from './commands/export.ts';
import { addNodeAgent } from './commands/node/agent-command.ts';
import { addNode } from './commands/node/command.ts';
import { addServe } from './commands/serve/command.ts';
import { addSweep } from './commands/sweep/command.ts';
import type { Terminal } from './commands/terminal.ts';
import { addUninstall } from './commands/uninstall/command.ts';
import { escapeLine } from './outputs/printable.ts';
import { StartError } from './runtime/start-error.ts';

/** Beside src in a checkout, beside dist when built. */
const ROOT = join(import.meta.dirname, '..');

const terminal: Terminal = {
  env: process.env,
  version: () => (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version,
  root: ROOT,
  stdin: () => process.stdin,
  stdout,
  print,
  printError,
  complain,
  isTerminal: (stream) => {
    // its stream would read, and take what is meant for a credential plugin
    if (stream === 'stdin') return isatty(0);
    // the stream, which tells for certain, is loaded only where it can be a terminal
    return fstatSync(stream === 'stdout' ? 1 : 2).isCharacterDevice() && process[stream].isTTY;
  },
  onSignal: (names, handler) => {
    for (const name of names) process.on(name, handler);
  },
  exitWith: (code) => {
    process.exitCode = code;
  },
  exitNow: (code) => process.exit(code),
};

function program(): Command {
  const root = new Command('kubelet-guard')
    .description('Keeps the link between kube-apiserver and kubelets authenticated.')
    .option('-V, --version', 'say the version')
    .on('option:version', () => {
      print(`${terminal.version()}\n`);
      throw new CommanderError(0, 'commander.version', '');
    })
    .exitOverride()
    .configureOutput({
      writeOut: print,
      writeErr: printError,
      outputError: (text, write) => {
        write(wrongUse(text));
      },
    });
  for (const add of [
    addCheck,
    addNode,
    addNodeAgent,
    addSweep,
    addExplain,
    addConfig,
    addExport,
    addServe,
    addDoctor,
    addUninstall,
  ]) {
    add(root, terminal);
  }
  return root;
}

/** Commander's reason in one line of ours. */
function wrongUse(text: string): string {
  const reason = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replaceAll('\n', ' ');
  return `kubelet-guard: ${escapeLine(reason)}; see kubelet-guard --help\n`;
}

function failed(cause: unknown): number {
  // commander has said it already; help and version are no failures
  if (cause instanceof CommanderError) return cause.exitCode === 0 ? 0 : 2;
  if (cause instanceof StartError) {
    complain(cause.faults);
    // they may be there another time: it could not be told
    return cause.code === 'credentials' ? 3 : 2;
  }
  complain([`crashed: ${cause instanceof Error ? cause.message : 'no reason given'}; please report it`]);
  return 3;
}

function complain(lines: readonly string[]): void {
  if (lines.length > 0) printError(lines.map((line) => `kubelet-guard: ${escapeLine(line)}\n`).join(''));
}

function printError(text: string): void {
  // one listener, however often something is written
  if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => undefined);
  process.stderr.write(text);
}

/** Writes to standard output, without its stream where possible: setting that up takes longer than judging a file. */
function print(text: string): void {
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(1, bytes, written);
  } catch (cause) {
    const error = cause as NodeJS.ErrnoException;
    // a pipe that does not block, and is full: the stream waits
    if (error.code === 'EAGAIN') stdout().write(bytes.subarray(written));
    else lostOutput(error);
  }
}

function stdout(): NodeJS.WriteStream {
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', lostOutput);
  return process.stdout;
}

/** A reader that has seen enough (`| head`) is no fault; output that is lost for another reason is. */
function lostOutput(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.exitCode = 3;
  complain([`standard output cannot be written: ${error.message}`]);
}

// no process.exit: it would cut off what a pipe has not taken yet
program()
  .parseAsync()
  .catch((cause: unknown) => {
    process.exitCode = failed(cause);
  });
