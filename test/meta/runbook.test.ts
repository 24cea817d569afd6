// The incidents of the runbook: their commands are run by a test.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { CHECKOUT } from '../support/dockerfile.ts';

const read = (path: string): string => readFileSync(join(CHECKOUT, path), 'utf8');

/** The heading of a page that has this anchor, and its section. */
function sectionOf(page: string, anchor: string): { readonly heading: string; readonly text: string } {
  const sections = read(`docs/${page}`).split(/^#+ (?=\S.*$)/m);
  const anchorOf = (text: string): string =>
    (text.split('\n')[0] ?? '')
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(' ', '-');
  const text = sections.find((section) => anchorOf(section) === anchor) ?? '';
  return { heading: text.split('\n')[0] ?? '', text };
}

test('the commands of every incident are run by test/e2e/incidents.e2e.ts', () => {
  const [, incidents = ''] = read('docs/runbook.md').split('## Incidents\n');
  const links = [...incidents.matchAll(/\]\(([\w-]+\.md)#([\w-]+)\)/g)];
  const sections = links.map(([, page = '', anchor = '']) => ({ page, ...sectionOf(page, anchor) }));
  const hasCommands = sections.filter(({ text }) => /^```(?:sh|console)/m.test(text));
  expect(sections.map(({ text }) => text !== '')).toEqual(Array<boolean>(6).fill(true));
  for (const { page, heading } of hasCommands) {
    expect(read('test/e2e/incidents.e2e.ts')).toContain(`commandsUnder('${page}', '${heading}')`);
  }
  expect(sections.filter((section) => !hasCommands.includes(section)).map(({ heading }) => heading)).toEqual([
    'The certificate has expired',
  ]);
});
