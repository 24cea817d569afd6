// docs/logs.md quotes messages that the source has.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { CHECKOUT } from '../support/dockerfile.ts';

const SRC = join(CHECKOUT, 'src');
const source = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readFileSync(join(SRC, path), 'utf8'))
  .join('\n');

/** Made of a constant and a word. */
const COMPOSED = ['new finding', 'resolved finding', 'persisting finding'];
const NAME = 'ValidatingWebhookConfiguration kubelet-guard';

test('every message in the tables of docs/logs.md is logged by the source', () => {
  const rows = readFileSync(join(CHECKOUT, 'docs/logs.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const messages = rows
    .flatMap((row) => [...(row.split(' | ')[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, message = '']) => message))
    .filter((message) => !COMPOSED.includes(message));
  expect(messages.length).toBeGreaterThan(20);
  const parts = messages.flatMap((message) =>
    message
      .replace(NAME, '…')
      .split('…')
      .map((part) => part.trim()),
  );
  expect(parts.filter((part) => part !== '' && !source.includes(part))).toEqual([]);
});
