// Runs the command line in the test process, with fake streams.

import { Readable, Writable } from 'node:stream';

import { run } from '../../src/cli.ts';

/** The checkout. */
const ROOT = new URL('../../', import.meta.url).pathname;

export interface CliOptions {
  /** Standard input. */
  readonly input?: string;
  /** The working directory. */
  readonly cwd?: string;
  /** Variables in addition to those of the test process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly isTerminal?: boolean;
  /** Receives a function that sends a signal to the command. */
  readonly onStart?: (send: (signal: NodeJS.Signals) => void) => void;
}

/** The output of a command and its exit code. */
export interface CliResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command. One at a time: the working directory and the environment belong to the whole test process. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const { input = '', cwd, env = {}, isTerminal = false, onStart } = options;
  const before = { cwd: process.cwd(), env: { ...process.env } };
  if (cwd !== undefined) process.chdir(cwd);
  // commander reads the variables of flags from here
  Object.assign(process.env, env);
  const written = { stdout: '', stderr: '' };
  const handlers: [NodeJS.Signals, (name: NodeJS.Signals) => void][] = [];
  const { promise: killed, reject: kill } = Promise.withResolvers<never>();
  onStart?.((signal) => {
    for (const [name, handler] of handlers) if (name === signal) handler(name);
  });
  const print = (text: string): void => {
    written.stdout += text;
  };
  const ending = run(args, {
    env: process.env,
    root: ROOT,
    stdin: () => Readable.from([Buffer.from(input)]),
    stdout: () =>
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          print(chunk.toString());
          done();
        },
      }),
    print,
    printError: (text) => {
      written.stderr += text;
    },
    isTerminal: () => isTerminal,
    onSignal: (names, handler) => {
      for (const name of names) handlers.push([name, handler]);
    },
    exitNow: (code) => {
      kill(new Error(`ended at once with ${code}`));
    },
  });
  try {
    const status = await Promise.race([ending, killed]);
    return { status, ...written };
  } finally {
    process.chdir(before.cwd);
    for (const name of Object.keys(env)) {
      if (before.env[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before.env[name];
    }
  }
}
