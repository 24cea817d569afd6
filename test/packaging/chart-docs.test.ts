// What the chart says of itself: README, schema, metadata for Artifact Hub, and the files that it derives from others.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';

import { chartReadme, chartSchema, chartValues, COPIED } from '../../scripts/chart.ts';
import { CHECKOUT } from '../support/dockerfile.ts';
import { CHART } from '../support/manifests.ts';

interface Schema {
  readonly type?: string;
  readonly additionalProperties?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}

const read = (path: string) => readFileSync(join(CHART, path), 'utf8');
const { version, license } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as Record<string, string>;

describe('the chart is in step (npm run docs)', () => {
  test('README.md has the values of values.yaml', () => {
    expect(read('README.md')).toBe(chartReadme());
  });

  test('values.schema.json has the descriptions of values.yaml', () => {
    expect(JSON.parse(read('values.schema.json'))).toEqual(chartSchema());
  });

  test.each(Object.entries(COPIED))('%s of manifests/monitoring is its file %s', (from, to) => {
    const wanted = readFileSync(join(CHECKOUT, 'manifests/monitoring', from), 'utf8');
    expect(read(`files/${to}`)).toBe(wanted);
  });
});

test('every value has a description, and the schema knows it', () => {
  const values = chartValues();
  expect(values.length).toBeGreaterThan(40);
  expect(
    values.filter(({ description }) => !/^\S.{9,}[.]$/.test(description)).map(({ path }) => path.join('.')),
  ).toEqual([]);
  // config is the schema of the configuration, which values-schema.test.ts compares
  const known = pathsIn(chartSchema()).filter((path) => !path.startsWith('config.') && path !== 'global');
  expect(known.toSorted()).toEqual(values.map(({ path }) => path.join('.')).toSorted());
});

test('has what Artifact Hub shows', () => {
  const chart = parse(read('Chart.yaml')) as Readonly<Record<string, unknown>>;
  const annotations = chart.annotations as Readonly<Record<string, string>>;
  const valueOf = (name: string) => parse(annotations[`artifacthub.io/${name}`] ?? '') as readonly object[];
  expect(chart).toMatchObject({ home: expect.any(String), icon: expect.any(String), sources: [expect.any(String)] });
  expect(chart.kubeVersion).toBe('>=1.30.0-0');
  expect(annotations['artifacthub.io/category']).toBe('security');
  expect(annotations['artifacthub.io/license']).toBe(license);
  expect(valueOf('images')).toMatchObject([{ name: 'kubelet-guard', image: `kubelet-guard:${version}` }]);
  expect(valueOf('changes')).toMatchObject([{ kind: 'added', description: expect.any(String) }]);
  for (const url of read('Chart.yaml').match(/https:\S+v\d\S+/g) ?? []) {
    const [, tag, path] = /[/]v([\d.]+)[/](.*)$/.exec(url) ?? [];
    expect([url, tag, existsSync(join(CHECKOUT, path ?? 'no such file'))]).toEqual([url, version, true]);
  }
});

/** The paths of all values that the schema knows. Objects accept no others. */
function pathsIn({ properties = {} }: Schema, above: readonly string[] = []): readonly string[] {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const path = [...above, key];
    if (schema.properties === undefined || key === 'config') return [path.join('.')];
    expect([path, schema.additionalProperties]).toEqual([path, false]);
    return pathsIn(schema, path);
  });
}
