// The arguments of launchers that keep them in a map by flag: their own, each replaced by a user's argument of the same name.

import { asRecord, scalarText } from '../../json.ts';
import type { Problem } from '../../policy/reading.ts';
import type { Word } from '../argv/words.ts';
import { pointerOf } from '../values/shape.ts';

/** How a launcher writes its arguments. */
export interface ArgumentOptions {
  /** Whether the words are sorted by flag. Go gives the entries of a map in random order. */
  readonly sorted: boolean;
}

/** The words of a launcher, and what makes their order uncertain. */
export interface LauncherArguments {
  readonly words: readonly Word[];
  readonly doubts: readonly Problem[];
}

/**
 * Merges a user's arguments into those of a launcher.
 *
 * @param own the launcher's arguments, by flag without dashes
 * @param given the user's arguments, a map of flags to a value or a list of values
 * @param names the way to `given` in the document
 */
export function launcherArguments(
  own: Readonly<Record<string, string>>,
  given: unknown,
  names: readonly string[],
  { sorted }: ArgumentOptions,
): LauncherArguments {
  const users = asRecord(given);
  const entries: [name: string, words: readonly Word[]][] = [];
  for (const [name, value] of Object.entries(own)) {
    if (!Object.hasOwn(users, name)) entries.push([name, [{ text: `--${name}=${value}` }]]);
  }
  for (const [name, value] of Object.entries(users)) {
    const pointer = pointerOf([...names, name]);
    const values = Array.isArray(value) ? value : [value];
    entries.push([name, values.map((one) => ({ text: `--${name}=${scalarText(one) ?? ''}`, pointer }))]);
  }
  if (sorted) entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return { words: entries.flatMap(([, words]) => words), doubts: sorted ? [] : doubtsOf(entries, names) };
}

/** Both spellings of a flag are given to the component, and the last one decides. */
function doubtsOf(entries: readonly (readonly [string, unknown])[], names: readonly string[]): Problem[] {
  const seen = new Map<string, string>();
  for (const [name] of entries) {
    const flag = name.replaceAll('_', '-');
    const before = seen.get(flag);
    if (before !== undefined) {
      const message = `--${before} and --${name} are the same flag, and which of them comes last is random; write the flag with dashes only`;
      return [{ code: 'ambiguous', message, origin: { layer: 'flag', pointer: pointerOf([...names, name]) } }];
    }
    seen.set(flag, name);
  }
  return [];
}
