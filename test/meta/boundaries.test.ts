// Tests of the rules about imports: each rule must find its bad sample.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractConfig from 'dependency-cruiser/config-utl/extract-depcruise-config';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';

const tree = 'test/fixtures/boundaries/src';
const files = readdirSync(tree, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const isBad = (file: string): boolean => basename(file).startsWith('bad-');

const config = await extractConfig(join(process.cwd(), '.dependency-cruiser.mjs'));
const { forbidden = [], allowed = [], allowedSeverity = 'ignore' } = config;
const { output } = await cruise(
  [tree],
  { ...config.options, validate: true, ruleSet: { forbidden, allowed, allowedSeverity } },
  undefined,
  { tsConfig: extractTSConfig('tsconfig.json') },
);
const { violations } = (output as ICruiseResult).summary;
const caught = (file: string): string[] =>
  violations
    .filter(({ from, rule }) => from === `${tree}/${file}` && rule.severity === 'error')
    .map(({ rule }) => rule.name);

describe('the rules about imports', () => {
  test('are tested with good and bad files', () => {
    expect(files.filter(isBad).length).toBeGreaterThan(20);
    expect(files.filter((file) => !isBad(file)).length).toBeGreaterThan(10);
  });

  test.each(files.filter(isBad))('reject %s', (file) => {
    expect(caught(file)).not.toEqual([]);
  });

  test.each(files.filter((file) => !isBad(file)))('accept %s', (file) => {
    expect(caught(file)).toEqual([]);
  });

  test.each([
    ['policy/bad-builtin.ts', 'not-in-allowed'],
    ['policy/bad-cycle.ts', 'no-cycles'],
    ['kube/bad-child.ts', 'no-child-processes'],
    ['sweeper/bad-evidence-both.ts', 'webhook-and-sweeper-only-types-of-io'],
    ['commands/check/bad-other.ts', 'no-command-imports-another'],
  ])('reject %s by the rule %s', (file, rule) => {
    expect(caught(file)).toContain(rule);
  });
});
