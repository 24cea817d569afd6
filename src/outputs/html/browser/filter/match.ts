// Which items and names of the page match a filter.

import type { PageFilter } from './fragment.ts';

/** What a filter looks at. */
export interface ItemFacts {
  readonly results: readonly string[];
  readonly controls: readonly string[];
  readonly pools: readonly string[];
  /** All text of the item except its names, in lower case. */
  readonly text: string;
  /** The names that the item lists, in lower case. */
  readonly names: readonly string[];
}

/** What is shown of an item: nothing, all names, or the names at these positions. */
export type ShownNames = 'none' | 'all' | ReadonlySet<number>;

/** The words of a query. An item must have all of them. */
export function wordsOf(query: string): readonly string[] {
  return query
    .toLowerCase()
    .split(/\s/)
    .filter((word) => word !== '');
}

/** What a filter shows of an item. Names that have a word of the query hide the other names of their item. */
export function shownNames(
  { results, controls, pools, text, names }: ItemFacts,
  filter: Omit<PageFilter, 'query'>,
  words: readonly string[],
): ShownNames {
  if (filter.results.length > 0 && !filter.results.some((result) => results.includes(result))) return 'none';
  if (filter.control !== '' && !controls.includes(filter.control)) return 'none';
  if (filter.pool !== '' && !pools.includes(filter.pool)) return 'none';
  if (words.length === 0) return 'all';
  const missing = words.filter((word) => !text.includes(word));
  const matching = new Set<number>();
  for (const [index, name] of names.entries()) {
    if (missing.every((word) => name.includes(word)) && words.some((word) => name.includes(word))) matching.add(index);
  }
  if (matching.size > 0) return matching;
  return missing.length === 0 ? 'all' : 'none';
}
