// Trees shaped like seven public repositories: each file is checked, or named with the reason, or rightly left alone.
// UPDATE_GOLDEN=1 rewrites the lists. Read each changed line then, as in golden.test.ts.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { env } from 'node:process';

import { expect, test } from '@jest/globals';

import { inspectDocuments } from '../src/commands/check/inspect-documents.ts';
import { controls } from '../src/controls/index.ts';
import { readPaths } from '../src/evidence/files/read-paths.ts';
import { canMatter, hasRelevantName } from '../src/facts/inputs/unread/relevance.ts';
import { inspect } from '../src/inspect.ts';
import type { RawDocument } from '../src/policy/document.ts';
import type { Inspection } from '../src/policy/finding.ts';
import type { SourceProblem } from '../src/policy/reading.ts';
import { AMPLE } from './support/budget.ts';

const root = join(import.meta.dirname, 'golden-trees');
const LIST = 'files.txt';

/** What `check TREE` reads, with paths that are the same on every machine. */
async function* documentsOf(folder: string, read: Set<string>): AsyncGenerator<RawDocument | SourceProblem> {
  const options = { hasName: hasRelevantName, canMatter };
  for await (const document of readPaths([folder], noInput, options)) {
    if ('problem' in document) yield document;
    else {
      const path = relative(folder, document.path).split(sep).join('/');
      if (path === LIST) continue;
      read.add(path);
      yield { ...document, path, found: { ...document.found, named: '.' } };
    }
  }
}

function noInput(): never {
  throw new Error('standard input was not named');
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== LIST)
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/** A line for each file: what `check` makes of it. */
async function listOf(folder: string): Promise<string> {
  const read = new Set<string>();
  const parts = new Set<string>();
  const inspectOne = (document: RawDocument): Inspection => {
    const inspection = inspect(controls, [document], AMPLE);
    for (const path of inspection.used ?? []) parts.add(path);
    return inspection;
  };
  const { findings, problems } = await inspectDocuments(
    { inspect: inspectOne, documents: documentsOf(folder, read) },
    {},
  );
  const isAt =
    (path: string) =>
    ({ source }: { readonly source: SourceProblem['source'] }) =>
      'path' in source && source.path === path;
  const lines = filesOf(folder).map((path) => {
    const found = findings.filter(isAt(path)).map(({ control, outcome }) => `${control.slug} ${outcome.result}`);
    const named = problems.filter(isAt(path)).map(({ problem }) => `${problem.code}: ${problem.message}`);
    if (found.length + named.length > 0)
      return [path, ...found.map((text) => `  checked: ${text}`), ...named.map((text) => `  named: ${text}`)].join(
        '\n',
      );
    if (parts.has(path)) return `${path}\n  checked: as a part of another file's component`;
    const why = !hasRelevantName(path)
      ? 'source code, documentation or the like'
      : read.has(path)
        ? 'holds nothing that is checked'
        : 'holds none of the words';
    return `${path}\n  left alone: ${why}`;
  });
  return `${lines.join('\n')}\n`;
}

const trees = readdirSync(root).sort();

test('there are seven trees', () => {
  expect(trees).toStrictEqual([
    'amazon-eks-ami',
    'cluster-api',
    'kind',
    'kops',
    'kubespray',
    'machine-config-operator',
    'rancher',
  ]);
});

test.each(trees)('each file of %s is checked, named, or left alone as recorded', async (tree) => {
  const list = await listOf(join(root, tree));
  const path = join(root, tree, LIST);
  if (env.UPDATE_GOLDEN === '1') writeFileSync(path, list);
  expect(readFileSync(path, 'utf8')).toBe(list);
});
