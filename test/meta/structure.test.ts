// Limits that keep the source readable, and the first line that describes each file. ESLint limits the length of functions.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { CHECKOUT } from '../support/dockerfile.ts';

const LINES = 250;
const LOOSE_FILES = 12;

const source = join(CHECKOUT, 'src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
const textOf = (path: string): string => readFileSync(join(source, path), 'utf8');

/** Whether a file begins with a comment. */
function hasHeader(text: string): boolean {
  const [first = ''] = text.replace(/^#!.*\n/, '').split('\n');
  return /^(?:\/\/ |\/\*\* ).{20,}/.test(first);
}

describe('each file of src', () => {
  test('exists: there are more than 200', () => {
    expect(files.length).toBeGreaterThan(200);
  });

  test(`has at most ${String(LINES)} lines`, () => {
    const long = files.filter((path) => textOf(path).split('\n').length - 1 > LINES);
    expect(long).toEqual([]);
  });

  test('has a first line that describes it', () => {
    expect(files.filter((path) => !hasHeader(textOf(path)))).toEqual([]);
  });

  test('does not have the name of a folder beside it', () => {
    const folders = new Set(files.map((path) => dirname(path)));
    expect(files.filter((path) => folders.has(join(dirname(path), basename(path, '.ts'))))).toEqual([]);
  });
});

test(`no folder of src has more than ${String(LOOSE_FILES)} files`, () => {
  const counts = new Map<string, number>();
  for (const path of files) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  expect([...counts].filter(([, count]) => count > LOOSE_FILES)).toEqual([]);
});

/** Names that are exported in more than one file, with the files. */
function exportedTwice(): string[] {
  const places = new Map<string, Set<string>>();
  for (const path of files) {
    for (const [, name = ''] of textOf(path).matchAll(
      /^export (?:async )?(?:const|function\*?|class|interface|type) (\w+)/gm,
    )) {
      places.set(name, (places.get(name) ?? new Set()).add(path));
    }
  }
  return [...places]
    .filter(([, where]) => where.size > 1)
    .map(([name, where]) => `${name}: ${[...where].sort().join(', ')}`)
    .sort();
}

test('no name is exported by two files', () => {
  expect(exportedTwice()).toEqual([]);
});
