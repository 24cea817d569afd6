import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { accessSync, closeSync, constants, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import type { Cleanup } from './cleanup.ts';
import { note } from './last-resort.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A started program. */
export interface Program {
  readonly name: string;
  readonly pid: number | undefined;
  /** Resolves when the program ends; the exit is undefined until then. */
  readonly ended: Promise<Exit>;
  readonly exit: () => Exit | undefined;
  /** All output so far. */
  readonly log: () => string;
  /** The end of the output, for messages. */
  readonly tail: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
}

/** Starts a program in the background. The cleanup sends SIGTERM, and SIGKILL after `grace` milliseconds. */
export function startProgram(
  cleanup: Cleanup,
  { name, dir, command, grace = 10_000 }: { name: string; dir: string; command: readonly string[]; grace?: number },
): Program {
  const path = join(dir, `${name}.log`);
  const [file = '', ...args] = command;
  const output = openSync(path, 'a');
  const child = spawn(file, args, { cwd: dir, stdio: ['ignore', output, output] });
  closeSync(output);
  const { pid } = child;
  if (pid !== undefined) note('started', pid);

  let exit: Exit | undefined;
  const ended = new Promise<Exit>((resolve) => {
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      exit = { code, signal };
      if (pid !== undefined) note('ended', pid);
      resolve(exit);
    };
    child.once('exit', end);
    child.once('error', () => {
      end(127, null);
    });
  });
  const log = () => readFileSync(path, 'utf8');
  cleanup.add(async () => {
    if (exit !== undefined) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), grace);
    await ended;
    clearTimeout(timer);
  });
  return {
    name,
    pid,
    ended,
    exit: () => exit,
    log,
    tail: () => `--- end of the log of ${name}:\n${log().slice(-3000)}`,
    kill: (signal) => child.kill(signal),
  };
}

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Written by Helm and kubectl if an object changes just when they end their own watch: client-go takes that for an error. */
const ENDED_WATCH = /^[IWE]\d{4} .*"Warning: watch ended with error".*context canceled.*\n/gm;

/** Runs a program to its end, and kills it after `within` milliseconds, or when the signal says so. */
export async function run(
  command: readonly string[],
  { input = '', within = 30_000, signal }: { input?: string; within?: number; signal?: AbortSignal } = {},
): Promise<Result> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    stdio: 'pipe',
    timeout: within,
    killSignal: 'SIGKILL',
    ...(signal !== undefined && { signal }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.stdin.on('error', () => undefined); // a program may leave its input unread
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === null) reject(new Error(`${file} was ended by ${String(signal)}\n${stdout}${stderr}`));
      else resolve({ code, stdout, stderr: stderr.replace(ENDED_WATCH, '') });
    });
  });
}

/** Runs a program that must succeed. */
export async function must(...command: string[]): Promise<void> {
  const { code, stdout, stderr } = await run(command);
  if (code !== 0) throw new Error(`${command.join(' ')} exited with ${code}: ${stdout}${stderr}`);
}

/** The path of a program, or undefined. */
export function findProgram(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** How many ports a process has, and how many processes have ports of their own. */
const [PORTS, PROCESSES] = [100, 180];
/** Linux gives ports from 32768 on to whoever asks for any, also the port of a program that is about to start. */
const FIRST_PORT = 12_000 + (process.pid % PROCESSES) * PORTS;
let turn = randomInt(PORTS);

/** A free TCP port, on loopback or another address of this host, that nothing else is given until a program listens on it. */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  for (let tries = 0; tries < PORTS; tries += 1) {
    turn = (turn + 1) % PORTS;
    const port = FIRST_PORT + turn;
    if (await isFree(port, address)) return port;
  }
  throw new Error(`all ports from ${FIRST_PORT} to ${FIRST_PORT + PORTS - 1} are taken`);
}

async function isFree(port: number, address: string): Promise<boolean> {
  const server = createServer();
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.once('error', resolve).listen(port, address, () => {
      resolve(undefined);
    });
  });
  if (error?.code === 'EADDRINUSE') return false;
  if (error !== undefined) throw error;
  await new Promise((resolve) => server.close(resolve));
  return true;
}
