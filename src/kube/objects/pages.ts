import { ApiFault } from '../api.ts';

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** The token of the next page; undefined or empty on the last one. */
  readonly next?: string | undefined;
}

/** More than any list of ours has; what never ends is no list. */
const MOST_PAGES = 1000;
const GONE = 410;

/**
 * Asks for a list page by page. A token that expired on the way goes on with the one that the answer carries, which continues
 * at the state of now; where it carries none, the list starts again, once, and what was told already is left out.
 *
 * @param ask for the page of a token, the first one without
 * @param idOf what is the same object in both tries
 * @throws what `ask` throws, and an ApiFault where the list does not end: it is then not complete
 */
export async function* pagesOf<T>(
  ask: (next: string | undefined) => Promise<Page<T>>,
  idOf: (item: T) => string,
): AsyncGenerator<readonly T[], void, undefined> {
  const told = new Set<string>();
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
    const fresh = page.items.filter((item) => !told.has(idOf(item)));
    for (const item of fresh) told.add(idOf(item));
    yield fresh;
    next = page.next === '' ? undefined : page.next;
    if (next === undefined) return;
  }
  throw new ApiFault('the list does not end');
}
