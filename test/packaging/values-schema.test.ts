import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';

import { evidenceNames, SWEEP_EVIDENCE } from '../../src/evidence/index.ts';

interface Schema {
  readonly [keyword: string]: unknown;
  readonly properties: Readonly<Record<string, Schema>>;
  readonly $defs: Readonly<Record<string, Schema>>;
}

const configuration = read('schema/guard-configuration.schema.json');
const values = read('manifests/chart/kubelet-guard/values.schema.json');

describe("the chart's schema", () => {
  test('has every setting of the configuration, with the same rules as its schema', () => {
    const { apiVersion: _version, kind: _kind, ...settings } = configuration.properties;
    const { control, ...others } = withoutLookaround(configuration.$defs) as Schema['$defs'];
    const { on, ...fields } = control?.properties ?? {};

    expect(values.properties.config?.properties).toEqual(settings);
    const { control: ownControl, surfaces: ownSurfaces, texts: _texts, ...ownOthers } = values.$defs;
    expect(ownOthers).toEqual(others);
    // Helm reads `on` without quotes as true, so the actions for surfaces have two names here
    const { on: ownOn, true: ownTrue, ...ownFields } = ownControl?.properties ?? {};
    expect({ ...ownControl, properties: ownFields }).toEqual({ ...control, properties: fields });
    expect([ownOn?.$ref, ownTrue?.$ref]).toEqual(['#/$defs/surfaces', '#/$defs/surfaces']);
    expect(ownSurfaces).toEqual(on);
  });

  test.each([
    ['certificates.warnBefore', { certificates: { warnBefore: '14d' } }],
    ['sweep.evidence with only node agents', { sweep: { evidence: ['node-agent'] } }],
    ['all evidence', { sweep: { evidence: evidenceNames(SWEEP_EVIDENCE) } }],
  ])('accepts %s', (_what, config) => {
    expect(new Ajv2020({ strict: false }).compile(values)({ config })).toBe(true);
  });
});

function read(path: string): Schema {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../..', path), 'utf8')) as Schema;
}

/** The regular expressions of Helm are those of Go, without lookaround. kubelet-guard itself rejects what they reject. */
function withoutLookaround(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutLookaround);
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(
    ([keyword, value]) => keyword !== 'pattern' || typeof value !== 'string' || !/\(\?<?[=!]/.test(value),
  );
  return Object.fromEntries(kept.map(([keyword, value]) => [keyword, withoutLookaround(value)]));
}
