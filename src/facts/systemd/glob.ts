// Patterns in the path of an `EnvironmentFile=` (glob(7)).

import type { Problem } from '../../policy/reading.ts';
import type { Budget } from '../budget.ts';
import type { UnitFiles } from './unit.ts';

const MAX_PATHS = 1000;
/** A longer pattern is not useful, and could take long to match. */
const MAX_PATTERN = 256;

/** The paths that a pattern names, sorted; a path without a pattern is returned, even if nothing is there. */
export function globPaths(
  pattern: string,
  list: UnitFiles['list'],
  budget: Budget,
): { readonly paths: readonly string[] } | { readonly problem: Problem } {
  let paths = [''];
  for (const segment of pattern.split('/').filter((each) => each !== '')) {
    budget.steps(paths.length);
    budget.characters(paths.length * segment.length);
    if (!/[*?[\\]/.test(segment)) {
      paths = paths.map((path) => `${path}/${segment}`);
      continue;
    }
    const matches = matcherOf(segment);
    if (matches === undefined) return { problem: tooMuch(pattern) };
    const found: string[] = [];
    for (const path of paths) {
      const names = list(path === '' ? '/' : path);
      if ('state' in names) {
        if (names.state === 'unreadable') return { problem: names.problem };
        continue;
      }
      budget.steps(names.length);
      for (const name of names) if (matches(name)) found.push(`${path}/${name}`);
      if (found.length > MAX_PATHS) return { problem: tooMuch(pattern) };
    }
    paths = found;
  }
  return { paths: paths.sort((a, b) => (a < b ? -1 : 1)) };
}

function tooMuch(pattern: string): Problem {
  return {
    code: 'too-large',
    message: `the pattern ${pattern.slice(0, MAX_PATTERN)} of an EnvironmentFile= is too long, or names more than ${String(MAX_PATHS)} files; name one file`,
  };
}

type Matcher = (name: string) => boolean;

/** Tells whether a name matches; it backtracks only to the last `*`, so it takes n·m steps at most. */
function matcherOf(segment: string): Matcher | undefined {
  if (segment.length > MAX_PATTERN) return undefined;
  const tokens = (segment.match(/\\.|\[!?\]?[^\]]*\]|[\s\S]/gu) ?? []).map(tokenOf);
  const startsWithDot = segment.startsWith('.');
  return (name) => (startsWithDot || !name.startsWith('.')) && matchTokens(tokens, name);
}

type Token = '*' | ((character: string) => boolean);

function tokenOf(token: string): Token {
  if (token === '*') return '*';
  if (token === '?') return () => true;
  if (token.startsWith('\\') && token.length > 1) return (character) => character === token.slice(1);
  if (!token.startsWith('[') || token.length === 1) return (character) => character === token;
  const negated = token[1] === '!';
  const ranges = token.slice(negated ? 2 : 1, -1).match(/[\s\S]-[\s\S]|[\s\S]/gu) ?? [];
  return (character) =>
    negated !==
    ranges.some((range) => {
      const [low = '', , high = low] = range;
      return character >= low && character <= high;
    });
}

function matchTokens(tokens: readonly Token[], name: string): boolean {
  const characters = Array.from(name);
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < characters.length) {
    const expected = tokens[token];
    if (expected === '*') {
      star = token++;
      starAt = at;
    } else if (expected?.(characters[at] ?? '') === true) {
      token++;
      at++;
    } else if (star !== -1) {
      token = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (tokens[token] === '*') token++;
  return token === tokens.length;
}
