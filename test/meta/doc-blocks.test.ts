// Every console block of README.md and docs shows what its commands really print. A block without a name needs only files, and
// runs here. A block with a name (`console name=NAME`) is run by the one end-to-end test that has its name, or is listed below.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, jest, test } from '@jest/globals';

import { blocksOf, comparable, docPages, stepsOf, VARYING, type DocBlock } from '../support/doc-blocks.ts';
import { isOnFiles, startDocSession } from '../support/doc-session.ts';
import { CHECKOUT } from '../support/dockerfile.ts';

jest.setTimeout(60_000);

/** Blocks that no test runs, and why. */
const NOT_RUN: Readonly<Record<string, string>> = {};

const blocks = docPages().flatMap(blocksOf);
const consoles = blocks.filter(({ language }) => language === 'console');
const named = consoles.filter(({ name }) => name !== undefined);
const place = ({ page, line }: DocBlock): string => `${page}:${String(line)}`;

const folder = join(CHECKOUT, 'test');
const tests = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.e2e.ts'))
  .map((path) => [path, readFileSync(join(folder, path), 'utf8')] as const);

describe('a block of a page', () => {
  test('names its language', () => {
    expect(blocks.length).toBeGreaterThan(60);
    expect(blocks.filter(({ language }) => language === '').map(place)).toEqual([]);
  });

  test('of a console begins with a command', () => {
    expect(consoles.filter(({ text }) => !text.startsWith('$ ')).map(place)).toEqual([]);
  });

  test('has a name that no other block has', () => {
    expect(new Set(named.map(({ name }) => name)).size).toBe(named.length);
  });

  test.each(named.map((block) => [block.name ?? '', place(block)]))(
    '%s, in %s, is run by one end-to-end test or has a reason why not',
    (name) => {
      const claims = tests
        .filter(([, text]) => [`.run('${name}')`, `block: '${name}'`].some((claim) => text.includes(claim)))
        .map(([path]) => path);
      expect(name in NOT_RUN ? ['not run', ...claims] : claims).toHaveLength(1);
    },
  );

  test(`that no test runs has a reason: ${JSON.stringify(NOT_RUN)}`, () => {
    expect(Object.keys(NOT_RUN).filter((name) => !named.some((block) => block.name === name))).toEqual([]);
  });
});

describe('the blocks that need only files, in', () => {
  const pages = docPages().filter((page) => blocksOf(page).some(isOnFiles));

  test.each(pages)('%s, show what the commands print', async (page) => {
    const session = startDocSession({});
    try {
      await session.runPage(page);
    } finally {
      session.end();
    }
  });
});

describe('what differs from run to run', () => {
  test.each([
    ['a time', 'at 2026-11-23T11:38:08.711Z', 'at TIME'],
    ['a date', 'until 2026-11-23', 'until DATE'],
    ['a UUID', '38d9c1a0-0f0e-4a53-9d53-7a1f3f1d2b11', 'UUID'],
    ['a SHA-256 digest', 'a'.repeat(64), 'DIGEST'],
    ['a port of this host', 'https://127.0.0.1:6443', 'https://127.0.0.1:PORT'],
    ['a process id', 'process 8780', 'process PID'],
    ["a line's head in a log", 'E1128 00:57:10.524123    4711 kubelet.go:123] x', 'E HEAD] x'],
    ['an age in the last column', 'node-1   1   2m', 'node-1   1 AGE'],
    ['a duration in seconds', 'after 1.25 s', 'after DURATION'],
  ])('%s: %s is compared as %s', (what, text, compared) => {
    expect(VARYING.map(([name]) => name)).toContain(what);
    expect(comparable(text)).toBe(compared);
  });

  test('has an example for each rule', () => {
    expect(VARYING).toHaveLength(9);
  });
});

test('a command goes on after a backslash, and what is printed is its own', () => {
  const block = { ...consoles[0], text: '$ a \\\n  b\nc\\\nd\n$ e\n' } as DocBlock;
  expect(stepsOf(block)).toEqual([
    { command: 'a \\\n  b\n', output: 'c\\\nd\n' },
    { command: 'e\n', output: '' },
  ]);
});
