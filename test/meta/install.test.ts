import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { CHECKOUT } from '../support/dockerfile.ts';
import { OVERLAYS } from '../support/manifests.ts';

const page = readFileSync(join(CHECKOUT, 'docs/install.md'), 'utf8');
const { version } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { version: string };

test('docs/install.md names every overlay', () => {
  expect(OVERLAYS.filter((overlay) => !page.includes(`| \`${overlay}\``))).toEqual([]);
});

test('docs/install.md names only folders and pages that exist', () => {
  const folders = [...page.matchAll(/(?<![./\w])manifests\/[\w./-]*\w/g)].map(([path]) => path);
  const pages = [...page.matchAll(/\]\(([\w./-]+)(?:#[\w-]+)?\)/g)].map(([, path = '']) => join('docs', path));
  expect(folders.length).toBeGreaterThan(5);
  expect(pages.length).toBeGreaterThan(5);
  expect([...folders, ...pages].filter((path) => !existsSync(join(CHECKOUT, path)))).toEqual([]);
});

test('docs/install.md names the image of this version', () => {
  const versions = new Set([...page.matchAll(/kubelet-guard[:-](\d+\.\d+\.\d+)/g)].map(([, found]) => found));
  expect([...versions]).toEqual([version]);
});
