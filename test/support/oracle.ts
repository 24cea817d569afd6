// Asks the oracle, a program that parses command lines and configurations with the real components' own packages.

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Writable } from 'node:stream';

/** A question to the oracle; in args and files, `$DIR` stands for the folder of the files. */
export type Query =
  | { readonly component: 'kube-apiserver'; readonly args: readonly string[] }
  | {
      readonly component: 'kubelet';
      readonly args: readonly string[];
      readonly files?: Readonly<Record<string, string>>;
    }
  | { readonly component: 'kubeadm' | 'pod'; readonly document: string };

/** The oracle's answer; a part that does not belong to the query is empty. */
export interface Answer {
  readonly parses: boolean;
  readonly error?: string;
  readonly argv?: readonly string[];
  readonly containers?: Readonly<Record<string, readonly string[]>>;
  readonly kubeletClientCertificate?: string;
  readonly kubeletClientKey?: string;
  readonly kubeletCertificateAuthority?: string;
  readonly clientCAFile?: string;
  readonly anonymousEnabled?: boolean;
  readonly authorizationMode?: string;
  /** The component's code panicked on this query, and the oracle with it. */
  readonly died?: true;
}

interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines: Interface;
  readonly answers: AsyncIterator<string>;
}

/** One oracle process at a time; one that dies is replaced, and its query counts as not parsed. */
export class Oracle {
  readonly #program: string;
  #running: Running | undefined;

  constructor(program: string) {
    this.#program = program;
  }

  /** Asks all queries and returns their answers in the same order. */
  async ask(queries: readonly Query[]): Promise<Answer[]> {
    const answers: Answer[] = [];
    while (answers.length < queries.length) {
      answers.push(...(await this.#askUntilDeath(queries.slice(answers.length))));
      if (answers.length < queries.length) {
        answers.push({ parses: false, died: true });
        await this.close();
      }
    }
    return answers;
  }

  async close(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running?.child.exitCode !== null || running.child.signalCode !== null) return;
    const ended = once(running.child, 'exit');
    running.child.stdin.end();
    await ended;
  }

  async #askUntilDeath(queries: readonly Query[]): Promise<Answer[]> {
    const { child, answers } = (this.#running ??= this.#start());
    void feed(child, queries);
    const received: Answer[] = [];
    while (received.length < queries.length) {
      const next = await answers.next();
      if (next.done === true) break;
      received.push(JSON.parse(next.value) as Answer);
    }
    return received;
  }

  #start(): Running {
    const child = spawn(this.#program, [], { stdio: 'pipe' });
    // Its output on a panic is of no use here, and a full pipe would block it.
    child.stderr.resume();
    // Writing to a dead oracle fails; the missing answers show that.
    child.stdin.on('error', () => undefined);
    const lines = createInterface({ input: child.stdout, crlfDelay: Infinity });
    return { child, lines, answers: lines[Symbol.asyncIterator]() };
  }
}

/** Resolves when the pipe accepts more, or is closed. */
function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}

async function feed(child: ChildProcessWithoutNullStreams, queries: readonly Query[]): Promise<void> {
  for (const query of queries) {
    if (child.stdin.destroyed || child.exitCode !== null) return;
    if (!child.stdin.write(`${JSON.stringify(query)}\n`)) await drained(child.stdin);
  }
}
