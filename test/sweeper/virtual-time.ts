import { setImmediate } from 'node:timers/promises';

interface Task {
  readonly at: number;
  readonly run: () => void;
}

/** Time that passes only when a test lets it, event by event. */
export class VirtualTime {
  #now = 0;
  #tasks: Task[] = [];

  readonly clock = (): number => this.#now;

  /** Like setTimeout of node:timers/promises: rejects when the signal aborts. */
  readonly pause = (milliseconds: number, signal: AbortSignal): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const abort = (): void => {
      reject(new Error('aborted'));
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    this.at(this.#now + milliseconds, () => {
      signal.removeEventListener('abort', abort);
      resolve(undefined);
    });
    return promise;
  };

  at(at: number, run: () => void): void {
    this.#tasks.push({ at: Math.max(at, this.#now), run });
  }

  /** Lets time pass and runs everything that is due. `each` is called at every moment at which something happened. */
  async pass(milliseconds: number, each?: () => void): Promise<void> {
    const until = this.#now + milliseconds;
    await setImmediate();
    for (;;) {
      const at = this.#tasks.reduce((least, task) => Math.min(least, task.at), Infinity);
      if (at > until) break;
      this.#now = at;
      const due = this.#tasks.filter((task) => task.at <= at);
      this.#tasks = this.#tasks.filter((task) => task.at > at);
      for (const { run } of due) {
        run();
        await setImmediate();
      }
      if (!this.#tasks.some((task) => task.at <= at)) each?.();
    }
    this.#now = until;
    each?.();
  }
}
