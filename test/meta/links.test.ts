// Every relative link of the pages leads to a file that exists, and to a heading of it if it names one.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

import { expect, test } from '@jest/globals';

import { docPages } from '../support/doc-blocks.ts';
import { CHECKOUT } from '../support/dockerfile.ts';

const pages = [...docPages(), 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'];

/** The text of a page without its code. */
function proseOf(page: string): string {
  return readFileSync(join(CHECKOUT, page), 'utf8').replaceAll(/^( *)```[^\n]*\n[\s\S]*?^\1```$/gm, '');
}

/** The anchors that GitHub gives the headings of a page. */
function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of proseOf(page).matchAll(/^#+ (.*)$/gm)) {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = words.replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-');
    const again = [anchor, ...[1, 2, 3].map((at) => `${anchor}-${String(at)}`)].find((name) => !anchors.has(name));
    anchors.add(again ?? anchor);
  }
  return anchors;
}

function linksOf(page: string): readonly string[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link));
}

function faultOf(page: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), path));
  const file = join(CHECKOUT, target);
  if (!existsSync(file)) return `${page}: there is no ${target}`;
  if (anchor === undefined || statSync(file).isDirectory() || anchorsOf(target).has(anchor)) return undefined;
  return `${page}: ${target} has no heading #${anchor}`;
}

test.each([
  ['docs/install.md#with-helm', undefined],
  ['docs/install.md#without-helm', 'README.md: docs/install.md has no heading #without-helm'],
  ['docs/nowhere.md', 'README.md: there is no docs/nowhere.md'],
])('a link to %s has the fault %j', (link, fault) => {
  expect(faultOf('README.md', link)).toBe(fault);
});

test('every page is linked from another page', () => {
  const linked = new Set(
    pages.flatMap((page) =>
      linksOf(page)
        .map((link) => normalize(join(dirname(page), link.replace(/#.*/, ''))))
        .filter((to) => to !== page),
    ),
  );
  expect(docPages().filter((page) => page !== 'README.md' && !page.includes('/adr/') && !linked.has(page))).toEqual([]);
});

test('every relative link of the pages resolves', () => {
  const links = pages.flatMap((page) => linksOf(page).map((link) => [page, link] as const));
  expect(links.length).toBeGreaterThan(60);
  expect(links.map(([page, link]) => faultOf(page, link)).filter((fault) => fault !== undefined)).toEqual([]);
});
