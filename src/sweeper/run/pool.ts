/**
 * Works through items, some at a time, in order. One item that takes long holds up nothing but its own place.
 *
 * @param limit how many at a time, at least 1
 * @param turn resolves when the next one may be begun
 * @throws what a turn throws, or else what was thrown first while an item was worked on, once everything that was begun has ended
 */
export async function workThrough<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
  turn: () => Promise<unknown>,
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
      await turn();
      running += 1;
      void begin(item);
    }
  } finally {
    while (running > 0) await change();
  }
  throwWhatBroke(broken);
}

function throwWhatBroke(broken: { readonly cause: unknown } | undefined): void {
  if (broken !== undefined) throw broken.cause;
}
