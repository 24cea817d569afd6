// Every command of the pages, in blocks and in sentences, has flags that its help lists.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { docPages } from '../support/doc-blocks.ts';
import { CHECKOUT } from '../support/dockerfile.ts';

/** The help of each command, by its name. */
const helps = new Map(
  readFileSync(join(CHECKOUT, 'docs/commands.md'), 'utf8')
    .split(/^## kubelet-guard */m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section] as const),
);

/** The parts of a page that may be commands: lines of blocks, and code in sentences. */
function codeIn(page: string): readonly string[] {
  const text = readFileSync(join(CHECKOUT, page), 'utf8').replaceAll('\\\n', ' ');
  const blocks = [...text.matchAll(/^( *)```(?:sh|console|crontab|ini)[^\n]*\n([\s\S]*?)^\1```$/gm)];
  const sentences = text.replaceAll(/^( *)```[^\n]*\n[\s\S]*?^\1```$/gm, '');
  return [
    ...blocks.flatMap(([, , block = '']) => block.split('\n')),
    ...[...sentences.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code),
  ];
}

/** The flags in a piece of code that the help of their command does not list. */
function unknownFlags(code: string): readonly string[] {
  return [...code.matchAll(/(?:^|[\s/])kubelet-guard (?:-- )?([^|;&`>]*)/g)].flatMap(([, rest = '']) => {
    const words = rest.split(/\s+/).map((word) => word.replace(/=.*$/, ''));
    const [first = '', second = ''] = words;
    const name = helps.has(`${first} ${second}`) ? `${first} ${second}` : first;
    const help = helps.get(name);
    if (help === undefined) return [];
    return words
      .filter((word) => /^--[a-z]/.test(word) && word !== '--help')
      .filter((flag) => !new RegExp(`${flag}(?![\\w-])`).test(help))
      .map((flag) => `kubelet-guard ${name} has no ${flag}`);
  });
}

test.each([
  ['kubelet-guard check --baseline old.json .', []],
  ['$ sudo kubelet-guard node --rooot x | tail', ['kubelet-guard node has no --rooot']],
  ['npm run -s kubelet-guard -- sweep --output=json --every', ['kubelet-guard sweep has no --every']],
])('%s has the unknown flags %j', (code, flags) => {
  expect(unknownFlags(code)).toEqual(flags);
});

test('every flag of a command in the pages exists', () => {
  expect(helps.size).toBeGreaterThan(12);
  const faults = docPages().flatMap((page) =>
    codeIn(page).flatMap((code) => unknownFlags(code).map((fault) => `${page}: ${fault}`)),
  );
  expect(faults).toEqual([]);
});
