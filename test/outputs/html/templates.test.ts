// What the template `html` cannot check by itself: where its values stand, and that nothing goes around it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { CHECKOUT } from '../../support/dockerfile.ts';

const FAULTS: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a value of an attribute without quotes', /<\w[^<>"]*(?:"[^"]*"[^<>"]*)*\s[\w-]+=\$\{/g],
  ['an attribute with code or style, which the Content-Security-Policy forbids', /<\w[^<>]*\s(?:style|on\w+)=/g],
  ['a link that does not begin with #', /\s(?:href|src|action|data|xlink:href)="(?!#)/g],
  ['a value in a comment', /<!--[^>]*\$\{/g],
  ['a value in a script or a style', /<(?:script|style)[^>]*>[^<]*\$\{(?!(?:new Html\()?assets\.)/g],
  ['text that is taken for HTML', /new Html\((?!assets\.)/g],
];

const folder = join(CHECKOUT, 'src/outputs/html');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.startsWith('browser/') && path !== 'html.ts')
  .map((path) => [path, readFileSync(join(folder, path), 'utf8')] as const);

function faultsIn(text: string): readonly string[] {
  return FAULTS.flatMap(([what, pattern]) => [...text.matchAll(pattern)].map(([found]) => `${what}: ${found}`));
}

test.each([
  ['<p id=${id}>', 1],
  ['<p style="color:red" class="${c}">', 1],
  ['<a href="${url}">', 1],
  ['<!-- ${name} -->', 1],
  ['new Html(name)', 1],
  ['<p id="${id}" class="fail"><a href="#${id}">${name}</a></p><style>${new Html(assets.style)}</style>', 0],
])('a template %s has %d faults', (text, count) => {
  expect(faultsIn(text)).toHaveLength(count);
});

test('each value of the page stands between tags or in quotes, and nothing but its own script and style is inline', () => {
  expect(files.length).toBeGreaterThan(8);
  expect(files.flatMap(([path, text]) => faultsIn(text).map((fault) => `${path}: ${fault}`))).toEqual([]);
});
