import { Worker } from 'node:worker_threads';

/** Something to be done in the other thread. */
export interface Task<Job> {
  readonly job: Job;
  /** Who it is for: one who asks for little goes first. */
  readonly from: string;
  /** Memory that goes over to the thread. */
  readonly transfer: readonly ArrayBuffer[];
  /** Aborts where nobody waits for it any more. */
  readonly signal: AbortSignal;
}

/** How a task ended: with a result, too late to begin it, or in a thread that took too long or too much memory. */
export type Done<Result> = { readonly result: Result } | { readonly failed: 'late' | 'slow' | 'ended' };

/** A thread of its own for what may take long. */
export interface Aside<Job, Result> {
  /** Never rejects. Undefined where nobody waits for it any more. */
  readonly run: (task: Task<Job>) => Promise<Done<Result> | undefined>;
  /** Resolves when the thread is loaded. */
  readonly ready: Promise<unknown>;
  readonly stop: () => Promise<void>;
}

/** What the thread may use. */
export interface AsideLimits {
  /** Milliseconds that a task may wait until it is begun. */
  readonly wait: number;
  /** Milliseconds from when a task came until it has to be done. */
  readonly within: number;
  /** MiB of heap. */
  readonly heap: number;
}

/** Milliseconds before a thread is started again that ended by itself. */
const RESTART = 1000;

interface Waiting<Job, Result> extends Task<Job> {
  readonly since: number;
  readonly done: (done: Done<Result> | undefined) => void;
}

/**
 * Runs tasks one at a time in a thread, so that the event loop goes on meanwhile. A thread that takes too long or too much
 * memory is ended, and another one takes its place.
 *
 * @param file the script of the thread: it sends one message when it is loaded, and answers each message with one
 */
export function runAside<Job, Result>(file: string, limits: AsideLimits): Aside<Job, Result> {
  const waiting = new Set<Waiting<Job, Result>>();
  let current: Waiting<Job, Result> | undefined;
  let deadline: NodeJS.Timeout | undefined;
  let isStopped = false;
  let isLoaded = false;
  const { promise: ready, resolve: tellReady } = Promise.withResolvers<undefined>();

  const finish = (done: Done<Result>): void => {
    clearTimeout(deadline);
    const finished = current;
    current = undefined;
    finished?.done(done);
    next();
  };

  const start = (): Worker => {
    isLoaded = false;
    const started = new Worker(file, { resourceLimits: { maxOldGenerationSizeMb: limits.heap }, stdin: false });
    started.unref();
    started.once('message', () => {
      if (started !== worker) return;
      isLoaded = true;
      started.on('message', (result: Result) => {
        if (started === worker) finish({ result });
      });
      tellReady(undefined);
      next();
    });
    // out of memory, or a bug; its end follows
    started.on('error', () => undefined);
    started.on('exit', () => {
      if (isStopped || started !== worker) return;
      if (current) {
        worker = start();
        finish({ failed: 'ended' });
      } else {
        // not for a task: it would only end again
        setTimeout(() => {
          if (!isStopped && started === worker) worker = start();
        }, RESTART).unref();
      }
    });
    return started;
  };

  const next = (): void => {
    while (isLoaded && current === undefined && !isStopped) {
      const chosen = chooseFrom(waiting);
      if (chosen === undefined) return;
      waiting.delete(chosen);
      const waited = performance.now() - chosen.since;
      if (waited > limits.wait) {
        chosen.done({ failed: 'late' });
        continue;
      }
      current = chosen;
      worker.postMessage(chosen.job, [...chosen.transfer]);
      deadline = setTimeout(replace, limits.within - waited).unref();
    }
  };

  const replace = (): void => {
    const slow = worker;
    worker = start();
    void slow.terminate();
    finish({ failed: 'slow' });
  };

  let worker = start();

  return {
    run: (task) =>
      new Promise((resolve) => {
        const entry = { ...task, since: performance.now(), done: resolve };
        waiting.add(entry);
        task.signal.addEventListener('abort', () => {
          if (waiting.delete(entry)) resolve(undefined);
        });
        next();
      }),
    ready,
    stop: async () => {
      isStopped = true;
      clearTimeout(deadline);
      for (const entry of [...waiting, ...(current ? [current] : [])]) entry.done(undefined);
      waiting.clear();
      await worker.terminate();
    },
  };
}

/** The oldest of who waits for least. */
function chooseFrom<T extends { readonly from: string }>(waiting: ReadonlySet<T>): T | undefined {
  const counts = new Map<string, number>();
  for (const { from } of waiting) counts.set(from, (counts.get(from) ?? 0) + 1);
  let chosen: T | undefined;
  for (const entry of waiting)
    if (chosen === undefined || (counts.get(entry.from) ?? 0) < (counts.get(chosen.from) ?? 0)) chosen = entry;
  return chosen;
}
