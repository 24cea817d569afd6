import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { commandsPage } from '../../scripts/commands.ts';
import { benchmarksPage } from '../../scripts/benchmarks-page.ts';
import { controlPage, controlsIndex, inputsPage, loadControls } from '../../scripts/docs.ts';
import { pageAssets } from '../../scripts/page-assets.ts';
import { controls } from '../../src/controls/index.ts';
import { CHECKOUT } from '../support/dockerfile.ts';

const folder = join(import.meta.dirname, '../../docs/controls');

test('src/controls/index.ts is what `npm run docs` writes from the files of its folder', async () => {
  const index = readFileSync(join(import.meta.dirname, '../../src/controls/index.ts'), 'utf8');
  expect(index).toBe(controlsIndex(await loadControls()));
});

test('docs/controls has a page for each control and no other page', () => {
  expect(readdirSync(folder).sort()).toEqual(controls.map(({ slug }) => `${slug}.md`).sort());
});

test.each(controls.map((control) => [control.slug, control] as const))(
  'the page of %s is what `npm run docs` writes',
  (slug, control) => {
    expect(readFileSync(join(folder, `${slug}.md`), 'utf8')).toBe(controlPage(control));
  },
);

test('the page of the benchmarks is generated from their table', () => {
  expect(readFileSync(join(import.meta.dirname, '../../docs/benchmarks.md'), 'utf8')).toBe(benchmarksPage());
});

test('docs/inputs.md is what `npm run docs` writes from the list of inputs', () => {
  expect(readFileSync(join(import.meta.dirname, '../../docs/inputs.md'), 'utf8')).toBe(inputsPage());
});

test('docs/commands.md is what `npm run docs` writes from the help of each command', async () => {
  expect(readFileSync(join(CHECKOUT, 'docs/commands.md'), 'utf8')).toBe(await commandsPage());
});

test('the README names every control', () => {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  for (const { slug } of controls) expect(readme).toContain(`docs/controls/${slug}.md`);
});

test('docs/architecture.md names only files and folders that exist, and every folder of src', () => {
  const page = readFileSync(join(CHECKOUT, 'docs/architecture.md'), 'utf8');
  const named = [...page.matchAll(/`(src\/[\w./-]*\w)`/g)].map(([, path = '']) => path);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((path) => !existsSync(join(CHECKOUT, path)))).toEqual([]);
  const rooms = readdirSync(join(CHECKOUT, 'src')).map((room) => `src/${room}`);
  expect(rooms.filter((room) => !named.includes(room))).toEqual([]);
});

test('the script and style of the page are what `npm run docs` writes from their sources', async () => {
  expect(readFileSync(join(CHECKOUT, 'src/outputs/html/assets.json'), 'utf8')).toBe(await pageAssets());
});
