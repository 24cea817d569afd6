// The patterns of `.gitignore` and of `--exclude`, as git matches them (gitignore(5), wildmatch.c).

/** One pattern. */
export interface IgnorePattern {
  /** It takes out of the ignored paths what an earlier pattern put there. */
  readonly negated: boolean;
  readonly onlyFolders: boolean;
  /** Whether it matches a path, relative to the folder of the patterns, with `/` between its segments. */
  readonly matches: (segments: readonly string[]) => boolean;
}

/** A longer pattern is not useful, and could take long to match. */
const MAX_PATTERN = 1024;
const MAX_PATTERNS = 10_000;

/** The patterns of a `.gitignore`; the last one that matches decides. */
export function ignorePatterns(text: string): readonly IgnorePattern[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n', MAX_PATTERNS)
    .flatMap((line) => ignorePattern(line.replace(/\r$/, '')) ?? []);
}

/** The pattern of a line; undefined for an empty line and a comment. */
export function ignorePattern(line: string): IgnorePattern | undefined {
  if (line.length > MAX_PATTERN || line.startsWith('#')) return undefined;
  const negated = line.startsWith('!');
  const pattern = withoutTrailingBlanks(negated ? line.slice(1) : line);
  const onlyFolders = pattern.endsWith('/');
  const path = onlyFolders ? pattern.slice(0, -1) : pattern;
  if (path === '') return undefined;
  const anchored = path.includes('/');
  const parts = (path.startsWith('/') ? path.slice(1) : path).split('/');
  return { negated, onlyFolders, matches: anchored ? pathMatcher(parts) : nameMatcher(parts[0] ?? '') };
}

/** Blanks at the end do not count, unless a backslash escapes them. */
function withoutTrailingBlanks(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === ' ' && line[end - 2] !== '\\') end -= 1;
  return line.slice(0, end);
}

/** A pattern without a slash matches the last segment, at any depth. */
function nameMatcher(pattern: string): IgnorePattern['matches'] {
  const matches = segmentMatcher(pattern);
  return (segments) => matches(segments[segments.length - 1] ?? '');
}

function pathMatcher(parts: readonly string[]): IgnorePattern['matches'] {
  const tokens = parts.flatMap((part, index): PatternToken[] => {
    if (part !== '**') return [segmentMatcher(part)];
    // at the end it matches what is in the folder, not the folder itself
    return index === parts.length - 1 ? ['*', () => true] : ['*'];
  });
  return (segments) => matchTokens(tokens, segments);
}

/** Makes what tells whether one segment of a path matches. */
function segmentMatcher(pattern: string): (name: string) => boolean {
  if (!/[*?[\\]/.test(pattern)) return (name) => name === pattern;
  if (/^\*[^*?[\\]*$/.test(pattern)) return (name) => name.endsWith(pattern.slice(1));
  const tokens = characterTokens(pattern);
  return tokens === undefined ? () => false : (name) => matchTokens(tokens, Array.from(name));
}

/** `*` matches any number of elements, a function one. */
type PatternToken = '*' | ((element: string) => boolean);

/** Backtracks only to the last `*`: that suffices, and takes n·m steps at most. */
function matchTokens(tokens: readonly PatternToken[], elements: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < elements.length) {
    const expected = tokens[token];
    if (expected === '*') {
      star = token++;
      starAt = at;
    } else if (expected?.(elements[at] ?? '') === true) {
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

/** Undefined if the pattern is broken: git then lets it match nothing. */
function characterTokens(pattern: string): readonly PatternToken[] | undefined {
  const tokens: PatternToken[] = [];
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? '';
    if (character === '*') tokens.push('*');
    else if (character === '?') tokens.push(() => true);
    else if (character === '\\') {
      const escaped = characters[++at];
      if (escaped === undefined) return undefined;
      tokens.push((element) => element === escaped);
    } else if (character === '[') {
      const found = bracket(characters, at + 1);
      if (found === undefined) return undefined;
      tokens.push(found.matches);
      at = found.end;
    } else tokens.push((element) => element === character);
  }
  return tokens;
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  digit: /[0-9]/,
  lower: /[a-z]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /\s/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** A bracket expression, from behind its `[`. */
function bracket(
  characters: readonly string[],
  start: number,
): { readonly matches: (element: string) => boolean; readonly end: number } | undefined {
  let at = start;
  const negated = characters[at] === '!' || characters[at] === '^';
  if (negated) at += 1;
  const tests: ((element: string) => boolean)[] = [];
  for (const first = at; at < characters.length; at += 1) {
    if (characters[at] === ']' && at > first) {
      return { matches: (element) => negated !== tests.some((test) => test(element)), end: at };
    }
    const named = characters[at] === '[' && characters[at + 1] === ':' ? characters.indexOf(']', at) : -1;
    if (named !== -1 && characters[named - 1] === ':') {
      const expression = CLASSES[characters.slice(at + 2, named - 1).join('')];
      if (expression === undefined) return undefined;
      tests.push((element) => expression.test(element));
      at = named;
      continue;
    }
    if (characters[at] === '\\') at += 1;
    const low = characters[at] ?? '';
    let high = low;
    if (characters[at + 1] === '-' && characters[at + 2] !== undefined && characters[at + 2] !== ']') {
      at += characters[at + 2] === '\\' ? 3 : 2;
      high = characters[at] ?? '';
    }
    tests.push((element) => element >= low && element <= high);
  }
  return undefined;
}
