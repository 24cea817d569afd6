// A pool of limited concurrency.

/**
 * Works on all items in order, several at the same time. An item that takes long delays no other.
 *
 * @param limit how many items are worked on at the same time, at least 1
 * @param nextTurn resolves when the next item may be started
 * @throws what `nextTurn` throws, or else the first error of an item, once all started items have ended
 */
export async function forEachConcurrently<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
  nextTurn: () => Promise<unknown>,
): Promise<void> {
  let running = 0;
  let wake: (() => void) | undefined;
  let broken: { readonly cause: unknown } | undefined;
  const change = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  const begin = async (item: T): Promise<void> => {
    try {
      await work(item);
    } catch (cause) {
      broken ??= { cause };
    }
    running -= 1;
    wake?.();
  };
  try {
    for (const item of items) {
      while (running >= limit) await change();
      await nextTurn();
      running += 1;
      void begin(item);
    }
  } finally {
    while (running > 0) await change();
  }
  throwFirst(broken);
}

function throwFirst(broken: { readonly cause: unknown } | undefined): void {
  if (broken !== undefined) throw broken.cause;
}
