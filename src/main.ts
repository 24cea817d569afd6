#!/usr/bin/env node
// The only file that reads env and argv, has the real streams, and exits.

import { fstatSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isatty } from 'node:tty';

import { run } from './cli.ts';
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
    if (stream === 'stdin') return isatty(0);
    // the stream is slow to load, so only if it can be a terminal
    return fstatSync(stream === 'stdout' ? 1 : 2).isCharacterDevice() && process[stream].isTTY;
  },
  onSignal: (names, handler) => {
    for (const name of names) process.on(name, handler);
  },
  exitNow: (code) => process.exit(code),
};

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

// a process that ends before its command has decided nothing
process.exitCode = 3;
// no process.exit: it would cut off output that a pipe has not taken yet
void run(process.argv.slice(2), terminal).then((code) => {
  process.exitCode = isOutputLost ? 3 : code;
});
