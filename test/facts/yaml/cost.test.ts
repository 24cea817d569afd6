// Texts that were made to cost much. None costs more than its budget, and none more than in proportion to its length.

import { describe, expect, test } from '@jest/globals';

import { findMismatchIn } from '../../../src/facts/decoding/decode.ts';
import { ADMISSION_LIMITS, Budget, CHECK_LIMITS, Exhausted } from '../../../src/facts/budget.ts';
import { parseStream } from '../../../src/facts/yaml/documents.ts';

/** Makes a text of about a length. */
type Make = (length: number) => string;

const repeat =
  (before: string, part: string, after = ''): Make =>
  (length) =>
    before + part.repeat(Math.ceil(length / part.length)) + after;

const count =
  (before: string, part: (index: number) => string, after = ''): Make =>
  (length) => {
    const parts: string[] = [];
    for (let size = 0; size < length; size += parts.at(-1)?.length ?? 1) parts.push(part(parts.length));
    return before + parts.join('') + after;
  };

const nested = (open: string, close: string, inner: Make): Make => {
  return (length) => open.repeat(400) + inner(length) + close.repeat(400);
};

const merged = (merges: string): Make => {
  return (length) =>
    count('b: &b {', (index) => `k${index}: v, `, `}\nm:\n`)(length / 2) + repeat('', merges)(length / 2);
};

const TEXTS: Readonly<Record<string, Make>> = {
  'a flow list': repeat('a: [', 'a,', ']'),
  'an open flow list': repeat('a: [', 'a,'),
  'lines of keys': count('', (index) => `k${index}: v\n`),
  'lines that end with CR and LF': count('', (index) => `k${index}: v\r\n`),
  'open brackets': repeat('', '['),
  'open braces': repeat('a: ', '{a: '),
  'nested lines': count('', (index) => `${' '.repeat(index)}a:\n`),
  dashes: repeat('', '- '),
  'question marks': repeat('', '? '),
  'a long comment': repeat('a: b # ', ' ', 'x'),
  comments: repeat('', '# x\n'),
  'leading spaces': repeat('', ' ', 'x'),
  tabs: repeat('a:', '\t', 'b'),
  'a long word': repeat('a: ', 'x'),
  words: repeat('a: ', 'x '),
  'a text of lines': repeat('a: ', 'x\n '),
  'empty lines': repeat('', '\n', 'a: b'),
  'empty lines in a text': repeat('a: x', '\n', ' y'),
  'a literal block': repeat('a: |\n', ' x\n'),
  'a folded block': repeat('a: >\n', ' x\n'),
  'a block of empty lines': repeat('a: |\n', '\n'),
  'a block of spaces': repeat('a: |\n', ' '),
  'a quoted text': repeat('a: "', 'x', '"'),
  escapes: repeat('a: "', '\\u0041', '"'),
  'quoted lines': repeat('a: "', 'x\n', '"'),
  'escaped line breaks': repeat('a: "', '\\\n', '"'),
  'doubled quotes': repeat("a: '", "''", "'"),
  'a quote that does not end': repeat('a: "', 'x'),
  'quoted spaces': repeat("a: '", ' ', "'"),
  anchors: count('', (index) => `&a${index} k${index}: v\n`),
  'one anchor for many keys': count('', (index) => `&a k${index}: v\n`),
  aliases: repeat('a: &a b\nl: [', '*a, ', 'b]'),
  'a billion laughs': count('a0: &a0 [x, x]\n', (index) => `a${index + 1}: &a${index + 1} [*a${index}, *a${index}]\n`),
  merges: merged('  <<: *b\n'),
  'a list of merges': merged('  ? <<\n  : [*b, *b, *b, *b]\n'),
  'merges of a small mapping': repeat('b: &b {k: v}\nm:\n', '  <<: *b\n'),
  'one key many times': repeat('', 'a: b\n'),
  tags: repeat('', '- !!str a\n'),
  'directives of tags': count('', (index) => `%TAG !a${index}! tag:x\n`, '---\na: b'),
  'a long tag': repeat('a: !', '%41', ' b'),
  'a long key': repeat('', 'k', ': v'),
  'a long quoted key': repeat('"', 'k', '": v'),
  'a key in many lines': repeat('? ', 'x\n  ', '\n: v'),
  documents: repeat('', '---\na: b\n'),
  'empty documents': repeat('', '---\n'),
  'broken documents': repeat('', '---\n[\n'),
  colons: repeat('', ':'),
  'pairs in a list': repeat('[', 'a: b,', ']'),
  'empty texts': repeat('[', '"",', ']'),
  'line separators': repeat('', 'a: b\u2028'),
  'next lines': repeat('', '\u0085'),
  digits: repeat('a: ', '9'),
  zeros: repeat('a: 0', '0'),
  'hexadecimal digits': repeat('a: 0x', 'f'),
  underscores: repeat('a: 1', '_'),
  'a long fraction': repeat('a: 1.', '0'),
  base64: repeat('a: !!binary ', 'AAAA'),
  'base64 of line breaks': repeat('a: !!binary "', '\\n', '!"'),
  'JSON: fractions, deep down': nested('{"a":[', ']}', repeat('', '1.0,', '1')),
  'JSON: keys': count('{', (index) => `"k${index}":1,`, '"z":1}'),
  'JSON: one key many times': repeat('{', '"a":{"b":1.0},', '"z":1}'),
  'JSON: a list many times': repeat('{', '"a":[1.0,2],', '"z":1}'),
  'JSON: a growing object': count('{', (index) => `"a":{"k${index}":1},`, '"z":1}'),
  'JSON: a deep key many times': nested('{"a":', '}', repeat('{', '"a":{"b":1.0},', '"z":1}')),
  'JSON: brackets': repeat('{"a":', '['),
  'JSON: a text': repeat('{"a":"', 'x', '"}'),
  'JSON: escapes': repeat('{"a":"', '\\n', '"}'),
  'JSON: white space': repeat('{', ' \n', '}'),
  'JSON: digits': repeat('{"a":', '9', '}'),
  'JSON: with a comment': repeat('{"a":1} # ', 'x'),
  'JSON: not closed': count('{', (index) => `"k${index}":1,`),
};

/** The steps of a reading, or the limit that ended it. */
function cost(text: string, limits = CHECK_LIMITS): number | Exhausted {
  const budget = new Budget({ limits, now: () => 0 });
  try {
    for (const document of parseStream(text, budget))
      if ('value' in document) findMismatchIn('KubeletConfiguration', document);
    return budget.spent;
  } catch (cause) {
    if (cause instanceof Exhausted) return cause;
    throw cause;
  }
}

/** In milliseconds; what else runs on the machine does not count. */
function processorTime(text: string): number {
  const start = process.cpuUsage();
  cost(text);
  return process.cpuUsage(start).user / 1000;
}

const KI = 1024;

describe.each(Object.entries(TEXTS))('%s', (_, make) => {
  test.each([64 * KI, 1_000_000])('%d characters end within the budget of a review', (length) => {
    const spent = cost(make(length), ADMISSION_LIMITS);
    if (spent instanceof Exhausted) expect(['steps', 'nodes', 'depth']).toContain(spent.limit);
    else expect(spent).toBeLessThanOrEqual(ADMISSION_LIMITS.steps);
  });

  test('twice the text costs about twice the steps and the time', () => {
    const [once, twice] = [cost(make(16 * KI)), cost(make(32 * KI))];
    if (once instanceof Exhausted || twice instanceof Exhausted) return;
    expect(twice).toBeLessThanOrEqual(2.2 * once + 100);
    // sixteen times the text: in square it would be 256 times
    const [short, long] = [make(4 * KI), make(64 * KI)];
    const least = (text: string): number => Math.min(...[0, 1].map(() => processorTime(text)));
    expect(least(long)).toBeLessThanOrEqual(100 * Math.max(least(short), 2));
  });
});

test('what a kubelet configuration really costs is far below the budget of a review', () => {
  const text = count(
    '',
    (index) => `k${index}:\n  clientCAFile: /etc/kubernetes/pki/ca.crt\n  enabled: true # x\n`,
  )(10 * KI);
  expect(cost(text)).toBeLessThan(ADMISSION_LIMITS.steps / 50);
});
