// A worker thread for jobs that may take long, so that the event loop goes on meanwhile.

import { Worker, type WorkerOptions as ThreadOptions } from 'node:worker_threads';

/** A job for the thread. */
export interface WorkerTask<Job> {
  readonly job: Job;
  /** The address of the caller. The caller with the fewest waiting jobs is served first. */
  readonly address: string;
  /** Memory that is transferred to the thread. */
  readonly transfer: readonly ArrayBuffer[];
  /** Aborts when nobody waits for the result any more. */
  readonly signal: AbortSignal;
}

/** A result, or why there is none: the job waited too long, took too long, or ended the thread. */
export type WorkerOutcome<Result> = { readonly result: Result } | { readonly failed: 'waited' | 'slow' | 'ended' };

/** The script of a thread. */
export type WorkerScript = { readonly file: string } | { readonly text: string };

/** The limits of a thread. */
export interface WorkerOptions {
  /** Milliseconds for which a job may wait. */
  readonly waitLimit: number;
  /** Milliseconds for which a job may wait and run. */
  readonly timeLimit: number;
  /** MiB of heap. */
  readonly heap: number;
}

/** Milliseconds before a thread that ended without a job is started again. */
const RESTART_DELAY = 1000;

interface Entry<Job, Result> extends WorkerTask<Job> {
  readonly since: number;
  readonly resolve: (outcome: WorkerOutcome<Result> | undefined) => void;
}

/** Runs jobs one at a time in a thread. A thread that takes too long or too much memory is replaced. */
export class WorkerThread<Job, Result> {
  /** Resolves when the thread is loaded. */
  readonly ready: Promise<undefined>;
  readonly #script: WorkerScript;
  readonly #options: WorkerOptions;
  readonly #waiting = new Set<Entry<Job, Result>>();
  readonly #onReady: (value: undefined) => void;
  #current: Entry<Job, Result> | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #worker: Worker;
  #isLoaded = false;
  #isStopped = false;

  /** @param script it sends one message when it is loaded, and answers each message with one */
  constructor(script: WorkerScript, options: WorkerOptions) {
    this.#script = script;
    this.#options = options;
    ({ promise: this.ready, resolve: this.#onReady } = Promise.withResolvers<undefined>());
    this.#worker = this.#start();
  }

  /** Runs a job. It never rejects. Undefined means that nobody waits for the result any more. */
  readonly run = (task: WorkerTask<Job>): Promise<WorkerOutcome<Result> | undefined> =>
    new Promise((resolve) => {
      const entry = { ...task, since: performance.now(), resolve };
      this.#waiting.add(entry);
      task.signal.addEventListener('abort', () => {
        if (this.#waiting.delete(entry)) resolve(undefined);
      });
      this.#runNext();
    });

  /** Ends the thread and all jobs. */
  readonly stop = async (): Promise<void> => {
    this.#isStopped = true;
    clearTimeout(this.#deadline);
    for (const { resolve } of [...this.#waiting, ...(this.#current ? [this.#current] : [])]) resolve(undefined);
    this.#waiting.clear();
    await this.#worker.terminate();
  };

  #start(): Worker {
    this.#isLoaded = false;
    const resourceLimits = { maxOldGenerationSizeMb: this.#options.heap };
    const worker = startThread(this.#script, { resourceLimits, stdin: false });
    worker.unref();
    worker.once('message', () => {
      if (worker !== this.#worker) return;
      this.#isLoaded = true;
      worker.on('message', (result: Result) => {
        if (worker === this.#worker) this.#finish({ result });
      });
      this.#onReady(undefined);
      this.#runNext();
    });
    // out of memory, or a bug; the exit event follows
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      this.#onExit(worker);
    });
    return worker;
  }

  #onExit(worker: Worker): void {
    if (this.#isStopped || worker !== this.#worker) return;
    if (this.#current) {
      this.#worker = this.#start();
      this.#finish({ failed: 'ended' });
      return;
    }
    // it ended without a job, and would only end again
    setTimeout(() => {
      if (!this.#isStopped && worker === this.#worker) this.#worker = this.#start();
    }, RESTART_DELAY).unref();
  }

  #runNext(): void {
    while (this.#isLoaded && this.#current === undefined && !this.#isStopped) {
      const next = chooseNext(this.#waiting);
      if (next === undefined) return;
      this.#waiting.delete(next);
      const waited = performance.now() - next.since;
      if (waited > this.#options.waitLimit) {
        next.resolve({ failed: 'waited' });
        continue;
      }
      this.#current = next;
      this.#worker.postMessage(next.job, [...next.transfer]);
      const timeLeft = this.#options.timeLimit - waited;
      this.#deadline = setTimeout(() => {
        this.#replace();
      }, timeLeft).unref();
    }
  }

  #replace(): void {
    const slow = this.#worker;
    this.#worker = this.#start();
    void slow.terminate();
    this.#finish({ failed: 'slow' });
  }

  #finish(outcome: WorkerOutcome<Result>): void {
    clearTimeout(this.#deadline);
    const finished = this.#current;
    this.#current = undefined;
    finished?.resolve(outcome);
    this.#runNext();
  }
}

function startThread(script: WorkerScript, options: ThreadOptions): Worker {
  return 'text' in script ? new Worker(script.text, { ...options, eval: true }) : new Worker(script.file, options);
}

/** The oldest job of the caller with the fewest waiting jobs. */
function chooseNext<T extends { readonly address: string }>(waiting: ReadonlySet<T>): T | undefined {
  const counts = new Map<string, number>();
  for (const { address } of waiting) counts.set(address, (counts.get(address) ?? 0) + 1);
  let chosen: T | undefined;
  for (const entry of waiting)
    if (chosen === undefined || (counts.get(entry.address) ?? 0) < (counts.get(chosen.address) ?? 0)) chosen = entry;
  return chosen;
}
