#!/usr/bin/env node
// The only file that reads env and argv, has the real streams, and exits.

import { fstatSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { crashText, run } from './cli.ts';
import type { TerminalDeps } from './commands/terminal.ts';

let isOutputLost = false;

const terminal: TerminalDeps = {
  env: process.env,
  // beside src in a checkout, beside dist when built
  root: join(import.meta.dirname, '..'),
  stdin: () => process.stdin,
  stdout,
  print,
  printError: (text) => {
    stderr().write(text);
  },
  isTerminal: (stream) => {
    // process.stdin would start to read, and take input that is meant for a credential plugin
    // (node:tty is slow to load, and so are the other streams: only for what can be a terminal)
    if (stream === 'stdin') return isDevice(0) && process.getBuiltinModule('node:tty').isatty(0);
    return isDevice(stream === 'stdout' ? 1 : 2) && process[stream].isTTY;
  },
  columns: () => (terminal.isTerminal('stdout') ? process.stdout.columns : undefined),
  onSignal: (names, handler) => {
    for (const name of names) process.on(name, handler);
  },
  exitNow: (code) => process.exit(code),
};

function isDevice(descriptor: 0 | 1 | 2): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice();
  } catch {
    // the caller closed it
    return false;
  }
}

/** Writes to standard output, without its stream if possible: to set that up takes longer than to check a file. */
function print(text: string): void {
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(1, bytes, written);
  } catch (cause) {
    const error = cause as NodeJS.ErrnoException;
    // a non-blocking pipe is full: the stream waits for it
    if (error.code === 'EAGAIN') stdout().write(bytes.subarray(written));
    else outputLost(error);
  }
}

function stdout(): NodeJS.WriteStream {
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', outputLost);
  return process.stdout;
}

function stderr(): NodeJS.WriteStream {
  // nobody is left to hear of it
  if (process.stderr.listenerCount('error') === 0) process.stderr.on('error', () => undefined);
  return process.stderr;
}

/** A reader that stops early (`| head`) is no failure; any other lost output is. */
function outputLost(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  isOutputLost = true;
  process.exitCode = 3;
  terminal.printError(`kubelet-guard: standard output cannot be written: ${error.message}\n`);
}

// Node's own exit code would be 1, which means a violation
process.on('uncaughtException', (error: unknown) => {
  terminal.printError(
    `kubelet-guard: ${crashText(error)}\n${error instanceof Error ? `${String(error.stack)}\n` : ''}`,
  );
  process.exit(3);
});
// a process that ends before its command has decided nothing
process.exitCode = 3;
// no process.exit: it would cut off output that a pipe has not taken yet
void run(process.argv.slice(2), terminal).then((code) => {
  process.exitCode = isOutputLost ? 3 : code;
});
