import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { CHECKOUT } from '../support/dockerfile.ts';
import { faultOf, type NamedTest } from '../support/named-tests.ts';

const page = readFileSync(join(CHECKOUT, 'docs/security.md'), 'utf8');

test('every test that docs/security.md names exists', () => {
  const named = [...page.replaceAll(/\s*\n\s*/g, ' ').matchAll(/`(test\/[^`]+)`((?:,? "[^"]+")*)/g)].flatMap(
    ([, file = '', titles = '']): NamedTest[] => [
      [file],
      ...[...titles.matchAll(/"([^"]+)"/g)].map(([, title]): NamedTest => [file, title]),
    ],
  );
  expect(named.length).toBeGreaterThan(20);
  expect(named.flatMap((name) => faultOf(name) ?? [])).toEqual([]);
});

test('docs/security.md names every service account of the manifests', () => {
  const manifests = ['base/rbac.yaml', 'components/node-agent/rbac.yaml', 'components/node-agent/namespace.yaml'].map(
    (path) => readFileSync(join(CHECKOUT, 'manifests', path), 'utf8'),
  );
  const accounts = manifests.flatMap((text) =>
    [...text.matchAll(/^kind: ServiceAccount\nmetadata:\n {2}name: (\S+)/gm)].map(([, name = '']) => name),
  );
  expect(accounts.length).toBeGreaterThan(2);
  expect(accounts.filter((name) => !page.includes(`| \`${name}\``))).toEqual([]);
});

test('docs/security.md describes what the capabilities of the agents allow', () => {
  expect(page).toContain('`/proc/PID/root`');
  expect(page).toContain('`SYS_PTRACE`');
});

test('SECURITY.md says how to report a vulnerability, and which versions are supported', () => {
  const text = readFileSync(join(CHECKOUT, 'SECURITY.md'), 'utf8');
  for (const part of ['Report a vulnerability', 'Supported versions', 'docs/security.md']) expect(text).toContain(part);
});
