// YAML and JSON texts that are expensive to read.

/** Creates a text of about this length. */
export type Make = (length: number) => string;

/** Repeats a part. */
export const repeat =
  (before: string, part: string, after = ''): Make =>
  (length) =>
    before + part.repeat(Math.ceil(length / part.length)) + after;

/** Joins parts that are created from their index. */
export const count =
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

/** By kind. */
export const TEXTS: Readonly<Record<string, Make>> = {
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
