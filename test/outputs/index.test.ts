import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from '@jest/globals';

import { outputs, renderOf } from '../../src/outputs/index.ts';
import { runCli } from '../support/run-cli.ts';

const FOLDER = join(import.meta.dirname, '../../src/outputs');
interface Properties {
  readonly properties: Readonly<Record<string, unknown>>;
}

interface ReportSchema extends Properties {
  readonly definitions: { readonly finding: Properties };
}

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

/** The names in the first column of a table of docs/reports.md. */
function rowsBelow(heading: string): string[] {
  const page = readFileSync(join(FOLDER, '../../docs/reports.md'), 'utf8');
  const table = new RegExp(`^\\| ${heading} +\\|.*\\n((?:\\|.*\\n)+)`, 'm').exec(page)?.[1] ?? '';
  const cells = table.split('\n').map((row) => row.split('|')[1] ?? '');
  return cells.flatMap((cell) => [...cell.matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name)).sort();
}

test('docs/reports.md has a row for each format', () => {
  expect(rowsBelow('Format')).toStrictEqual([...names].sort());
});

test('docs/reports.md has each field of a report and of a finding', () => {
  const path = join(FOLDER, '../../schema/guard-report.schema.json');
  const { properties, definitions } = JSON.parse(readFileSync(path, 'utf8')) as ReportSchema;
  const { apiVersion: _version, kind: _kind, ...fields } = properties;
  expect(rowsBelow('Field')).toStrictEqual(Object.keys(fields).sort());
  expect(rowsBelow('Field of a finding')).toStrictEqual(Object.keys(definitions.finding.properties).sort());
});
