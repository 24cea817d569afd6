import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { outputs, renderOf } from '../../src/outputs/index.ts';
import { runCli } from '../support/run-cli.ts';

const FOLDER = join(import.meta.dirname, '../../src/outputs');
const names = outputs.map(({ name }) => name);

test('every file of an output format is in the list of formats', () => {
  const written = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => /^\/\/ The output format `([\w-]+)`/.exec(readFileSync(join(FOLDER, file), 'utf8'))?.[1] ?? []);
  expect(written.sort()).toStrictEqual([...names].sort());
});

test('each name gives the renderer of its format', () => {
  expect(names.map(renderOf)).toStrictEqual(outputs.map(({ render }) => render));
});

test.each(['check', 'node', 'sweep'])('the help of %s lists each format', async (command) => {
  const { stdout } = await runCli([command, '--help']);
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(`--output <format> format of the report: ${names.join(', ')};`);
});

test('docs/reports.md has a row for each format', () => {
  const page = readFileSync(join(FOLDER, '../../docs/reports.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([\w-]+)` +\|/gm)].map(([, name]) => name);
  expect(rows.sort()).toStrictEqual([...names].sort());
});
