// Lists in pages, also where the token of a page expires.

import { ApiFault } from '../api.ts';

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** The token of the next page; undefined or empty on the last one. */
  readonly next?: string | undefined;
}

/** More pages than any list of ours has. */
const MOST_PAGES = 1000;
const GONE = 410;

/**
 * Reads a list page by page. Where a token expires on the way (410), the list goes on with the token in the answer, at the
 * present state. Where the answer has none, the list starts again, once, and leaves out the items that it gave before.
 *
 * @param ask reads the page of a token; the first page has none
 * @param idOf identifies an item
 * @throws what `ask` throws, and an ApiFault where the list does not end
 */
export async function* pagesOf<T>(
  ask: (next: string | undefined) => Promise<Page<T>>,
  idOf: (item: T) => string,
): AsyncGenerator<readonly T[], void, undefined> {
  const given = new Set<string>();
  let next: string | undefined;
  let hasStartedAgain = false;
  for (let count = 0; count < MOST_PAGES; count += 1) {
    let page: Page<T>;
    try {
      page = await ask(next);
    } catch (cause) {
      const isExpired = cause instanceof ApiFault && cause.status === GONE && next !== undefined;
      if (!isExpired || (cause.next === undefined && hasStartedAgain)) throw cause;
      hasStartedAgain ||= cause.next === undefined;
      next = cause.next;
      continue;
    }
    const fresh = page.items.filter((item) => !given.has(idOf(item)));
    for (const item of fresh) given.add(idOf(item));
    yield fresh;
    next = page.next === '' ? undefined : page.next;
    if (next === undefined) return;
  }
  throw new ApiFault('the list does not end');
}
