// What every control must have: a name that its file and its fixtures share, texts, and a fixture for each code.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';

import { controls } from '../../src/controls/index.ts';
import { inspect } from '../../src/inspect.ts';
import type { Control } from '../../src/policy/control.ts';
import type { RawDocument } from '../../src/policy/document.ts';
import type { Finding } from '../../src/policy/finding.ts';
import { CA_CODES } from '../../src/controls/shared/authority-faults.ts';
import { PAIR_CODES } from '../../src/controls/shared/certificate-faults.ts';
import { fixturesOf, type Fixture } from '../support/fixtures.ts';
import { faultyLinks } from '../support/link-documents.ts';
import { AMPLE } from '../support/budget.ts';

const files = readdirSync(join(import.meta.dirname, '../../src/controls'))
  .filter((name) => name.endsWith('.ts') && name !== 'index.ts')
  .map((name) => name.replace(/\.ts$/, ''));

function findingsOf(control: Control, { name, text }: Fixture): readonly Finding[] {
  return inspect([control], [{ form: 'text', path: `${name}.yaml`, text }], AMPLE).findings;
}

/** Documents that are not texts, for codes that no file can produce. */
const asked: readonly RawDocument[] = [
  { form: 'refused-calls', source: { node: 'api.example.com', via: 'configz-proxy' }, kubelets: ['worker-1'] },
  ...(await faultyLinks()),
];

/** The violation and warning codes in findings. */
function codesOf(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ outcome }) => [
    ...(outcome.result === 'fail' ? outcome.violations.map(({ code }) => code) : []),
    ...outcome.warnings.map(({ code }) => code),
  ]);
}

describe('all controls', () => {
  test('name each code of a certificate file as one, so that a process that passes does not hide the fault', () => {
    const ofFiles = Object.keys({ ...CA_CODES, ...PAIR_CODES });
    for (const { slug, codes, fileCodes = new Set() } of controls) {
      expect([slug, ...fileCodes].sort()).toEqual([slug, ...ofFiles.filter((code) => code in codes)].sort());
    }
    expect(controls.filter(({ fileCodes }) => fileCodes !== undefined)).toHaveLength(2);
  });

  test('are in files that have their slugs as names', () => {
    expect(controls.map(({ slug }) => slug).sort()).toStrictEqual([...files].sort());
  });
});

describe.each(controls.map((control) => [control.slug, control] as const))('%s', (slug, control) => {
  const fixtures = fixturesOf(slug);

  test('has texts for people', () => {
    for (const words of [control.title, control.rationale, control.differences]) expect(words.trim()).not.toBe('');
    for (const { text } of [{ text: control.remediation.general }, ...control.remediation.entries])
      expect(text).toMatch(/\S\.$/);
    for (const sentence of Object.values(control.codes)) expect(sentence).toMatch(/\S\.$/);
  });

  test('has fixtures of each result, and nothing else in its folder of fixtures', () => {
    expect([...new Set(fixtures.map(({ result }) => result))]).toStrictEqual(['fail', 'pass', 'unknown']);
    for (const { name } of fixtures) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  });

  test.each(fixtures)('$result: $name', (fixture) => {
    const results = findingsOf(control, fixture).map(({ outcome }) => outcome.result);
    expect(results).toStrictEqual([fixture.result]);
  });

  test('declares exactly the codes that its fixtures produce', () => {
    const ofFixtures = fixtures.flatMap((fixture) => codesOf(findingsOf(control, fixture)));
    const produced = new Set([...ofFixtures, ...codesOf(inspect([control], asked, AMPLE).findings)]);
    expect([...produced].sort()).toStrictEqual(Object.keys(control.codes).sort());
  });
});

test('every folder of fixtures belongs to a control', () => {
  const root = join(import.meta.dirname, '../fixtures');
  const folders = readdirSync(root).filter((name) =>
    ['pass', 'fail'].some((part) => existsSync(join(root, name, part))),
  );
  expect(folders.sort()).toStrictEqual(controls.map(({ slug }) => slug).sort());
});
