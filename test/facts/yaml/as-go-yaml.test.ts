// Texts that go-yaml reads differently from other readers. Each expected value is from go-yaml itself.

import { describe, expect, test } from '@jest/globals';

import { Exhausted } from '../../../src/facts/budget.ts';
import { parseFirst, parseStream } from '../../../src/facts/yaml/documents.ts';
import { ample } from '../../support/budget.ts';

function valueOf(text: string): unknown {
  const first = parseFirst(text, ample());
  return first && ('problem' in first ? first.problem.message.replace(/^.*?: /, '') : first.value);
}

const BASE = 'b: &b {k: v}\n';

describe('a key is a merge key by its resolved tag', () => {
  test.each([
    ['<<: *b', { k: 'v' }],
    ['"<<": *b', { '<<': { k: 'v' } }],
    ['!!str <<: *b', { '<<': { k: 'v' } }],
    ['!foo <<: *b', { '<<': { k: 'v' } }],
    ['!!merge "<<": *b', { k: 'v' }],
    ['!!merge <<: *b', { k: 'v' }],
    ['! "<<": *b', { k: 'v' }],
    ['!<tag:yaml.org,2002:merge> "<<": *b', { k: 'v' }],
    ['? <<\n  : *b', { k: 'v' }],
  ])('%j', (entry, expected) => {
    expect(valueOf(`${BASE}x:\n  ${entry}\n`)).toEqual({ b: { k: 'v' }, x: expected });
  });

  test.each(['!!str <<: *b', '!foo <<: *b'])('also in a flow mapping: %j', (entry) => {
    expect(valueOf(`${BASE}x: {${entry}}\n`)).toEqual({ b: { k: 'v' }, x: { '<<': { k: 'v' } } });
  });

  test('also with the tag prefix of a directive', () => {
    expect(valueOf(`%TAG !y! tag:yaml.org,2002:\n---\n${BASE}x: {!y!merge "<<": *b}\n`)).toEqual({
      b: { k: 'v' },
      x: { k: 'v' },
    });
  });
});

describe('ordinary YAML that other readers reject', () => {
  test.each<[string, unknown]>([
    ['a:\n- ? b\n', { a: [{ b: null }] }],
    ['? a\n: b\n', { a: 'b' }],
    ['? |\n  a\n: b\n', { 'a\n': 'b' }],
    ['%YAML 1.1\n---\na: b\n', { a: 'b' }],
    ['%YAML 1.2\n---\na: b\n', 'found incompatible YAML document (line 1)'],
    ['%FOO\n---\na: b\n', 'found unknown directive name (line 1)'],
    ['a: "b"# c\n', { a: 'b' }],
    ["a: 'b'#c\n", { a: 'b' }],
    ['a: b# c\n', { a: 'b# c' }],
    ['? a\n  b\n: c\n', { 'a b': 'c' }],
    ['a\n b: c\n', 'mapping values are not allowed in this context (line 2)'],
    ['a: b\u2028c: d\n', { a: 'b', c: 'd' }],
    ['a: b\u0085c: d\n', { a: 'b', c: 'd' }],
    ['a: b\rc: d\r\ne: f', { a: 'b', c: 'd', e: 'f' }],
    ['\uFEFFa: b\n', { a: 'b' }],
    ['a: "b\n\n  c\\\n  d"\n', { a: 'b\ncd' }],
    ['a: {x: b\n\n  c}\n', { a: { x: 'b\nc' } }],
    ['[a: b]', [{ a: 'b' }]],
    ['a: |+1\n  x\n\n', { a: ' x\n\n' }],
    ['a: >\n x\n  y\n z\n w\n', { a: 'x\n y\nz w\n' }],
    ['a: |\n x', { a: 'x' }],
    ['a: @x\n', 'found character that cannot start any token (line 1)'],
    ['a:\n\tb: c\n', 'found character that cannot start any token (line 2)'],
    ['a: b\n  c: d\n', 'mapping values are not allowed in this context (line 2)'],
    ['a: &x-1 b\nc: *x-1\n', { a: 'b', c: 'b' }],
    ['a: &x.y b\n', 'did not find expected alphabetic or numeric character (line 1)'],
    ['a: *none\n', "unknown anchor 'none' referenced (line 1)"],
    ['a: &a [*a]\n', "anchor 'a' value contains itself (line 1)"],
    ['a: !!int "0x1F"\n', { a: 31 }],
    ['~: a\n~: b\nnull: c\n', 'unsupported map key: null'],
    ['{a: b, a: c} # d', { a: 'c' }],
    ['__proto__: {a: b}\n', JSON.parse('{"__proto__": {"a": "b"}}')],
  ])('%j', (text, expected) => {
    expect(valueOf(text)).toEqual(expected);
  });

  test('nesting is limited by the budget, which is below the 10,000 levels of go-yaml', () => {
    const nested = (levels: number): string => `a: ${'['.repeat(levels)}${']'.repeat(levels)}\n`;
    expect(valueOf(nested(999))).toHaveProperty('a');
    expect(() => valueOf(nested(1001))).toThrow(Exhausted);
  });

  test('keys have at most 1024 characters', () => {
    expect(valueOf(`${'k'.repeat(1024)}: v`)).toEqual({ ['k'.repeat(1024)]: 'v' });
    expect(valueOf(`${'k'.repeat(1025)}: v`)).toBe('mapping values are not allowed in this context (line 1)');
  });
});

describe('a stream', () => {
  test.each<[string, unknown[]]>([
    ['a: 1\n---\nb: 2\n', [{ a: 1 }, { b: 2 }]],
    ['a: 1\n}\n', ['broken']],
    ['# c\n{a: 1}}\n---\nb: 2\n', [{ a: 1 }, { b: 2 }]],
    ['  a: 1\nb: 2\n', [{ a: 1 }]],
    ['a: "\n---\nb: 2\n', ['broken', { b: 2 }]],
    ['a: [\n---\nb: 2\n', ['broken', { b: 2 }]],
    ['---\n---\nb: 2\n', [{ b: 2 }]],
    ['--- {a: 1}\n--- {"b": 2}\n', [{ a: 1 }, { b: 2 }]],
    ['a: 1\r\n---\r\nb: 2\r\n', [{ a: 1 }, { b: 2 }]],
    ['a: 1\n---x\n', ['broken']],
    ['', []],
    ['# nothing\n', []],
  ])('%j', (text, expected) => {
    const values = parseStream(text, ample()).map((document) => ('value' in document ? document.value : 'broken'));
    expect(values).toEqual(expected);
  });

  test('line numbers count from the start of the whole text, also for embedded texts', () => {
    const text = 'a: 1\n---\n# c\nb:\n  c: |\n    d:\n      e: f\n';
    const [, second] = parseStream(text, ample());
    if (second === undefined || 'problem' in second) throw new Error('not read');
    expect(second.locate({ layer: 'file', pointer: '/b/c' })).toBe(5);
    expect(second.locate({ layer: 'file', pointer: '/b/c', within: '/d/e' })).toBe(7);
  });
});

describe('JSON', () => {
  test.each<[string, unknown]>([
    ['{"a": 1, "a": null}', { a: 1 }],
    ['{"a": {"b": 1}, "a": {"c": 2}}', { a: { b: 1, c: 2 } }],
    ['{"a": [{"b": 1}, 2], "a": [{"c": 2}]}', { a: [{ b: 1, c: 2 }] }],
    ['{"enabled": true, "enabled": null}', { enabled: null }],
    ['{"a": "\\ud800"}', { a: '\ufffd' }],
    ['{"a": "\u007f"}', { a: '\u007f' }],
    ['{"a": 9007199254740993}', { a: 9007199254740993n }],
  ])('%j', (text, expected) => {
    const first = parseFirst(text, ample());
    expect(first).toMatchObject({ value: expected, syntax: 'json' });
  });

  test.each([
    '{"a": 1} # c',
    '{"a": 01}',
    '{"a": "\t"}',
    '{"a": 1,}',
    "{'a': 1}",
    '\u00a0{"a": 1}',
    '{"a": 1}\n---\n{}',
  ])('is broken: %j', (text) => {
    expect(parseFirst(text, ample())).toMatchObject({ syntax: 'broken-json' });
  });

  test('with YAML before or after it is YAML', () => {
    expect(parseFirst('\uFEFF{"a": 1}', ample())).toMatchObject({ value: { a: 1 }, syntax: 'yaml' });
    expect(parseFirst('# c\n{"a": 1}', ample())).toMatchObject({ value: { a: 1 }, syntax: 'yaml' });
  });
});
