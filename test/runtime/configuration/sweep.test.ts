import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { controls } from '../../../src/controls/index.ts';
import { resolveSweep } from '../../../src/runtime/configuration/sweep.ts';
import { readConfiguration } from '../../../src/runtime/configuration/configuration.ts';

function resolved(sweep: object | undefined) {
  const head = { apiVersion: 'kubelet-guard.dev/v1alpha1', kind: 'GuardConfiguration' };
  const text = JSON.stringify({ ...head, ...(sweep !== undefined && { sweep }) });
  return resolveSweep(readConfiguration({ path: 'x', text }, controls).settings.sweep?.value);
}

const DEFAULTS = {
  interval: 600_000,
  jitter: 0.1,
  concurrency: 32,
  timeout: 5000,
  evidence: ['handshake', 'configz', 'kubelet-flagz', 'flagz', 'node-agent'],
  reports: 'auto',
};

describe('the settings of a sweep', () => {
  test('are defaults if the file has none', () => {
    expect(resolveSweep(undefined)).toStrictEqual(DEFAULTS);
    expect(resolved(undefined)).toStrictEqual(DEFAULTS);
    expect(resolved({})).toStrictEqual(DEFAULTS);
  });

  test('are read from the file', () => {
    const evidence = ['configz-proxy', 'flagz'];
    const file = { interval: '90s', jitter: '0%', concurrency: 1, timeout: '250ms', evidence, reports: 'none' };
    expect(resolved(file)).toStrictEqual({ ...file, interval: 90_000, jitter: 0, timeout: 250 });
  });

  test('are within their limits for every accepted file', () => {
    const count = fc.integer({ min: 0, max: 100_000_000 });
    const time = fc.tuple(count, fc.constantFrom('ms', 's', 'm', 'h', '')).map((parts) => parts.join(''));
    const jitter = fc.oneof(count, fc.integer({ min: -1, max: 101 })).map((percent) => `${percent}%`);
    fc.assert(
      fc.property(fc.record({ interval: time, timeout: time, jitter }, { requiredKeys: [] }), (sweep) => {
        let plan;
        try {
          plan = resolved(sweep);
        } catch (cause) {
          expect(cause).toMatchObject({ faults: expect.any(Array) });
          return;
        }
        expect(plan.interval).toBeGreaterThanOrEqual(60_000);
        expect(plan.interval).toBeLessThanOrEqual(86_400_000);
        expect(plan.timeout).toBeGreaterThanOrEqual(100);
        expect(plan.timeout).toBeLessThanOrEqual(60_000);
        expect(plan.jitter).toBeGreaterThanOrEqual(0);
        expect(plan.jitter).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('accept the same evidence and reports as the published schema', () => {
    const path = join(import.meta.dirname, '../../../schema/guard-configuration.schema.json');
    const schema = JSON.parse(readFileSync(path, 'utf8')) as {
      properties: {
        sweep: {
          properties: { evidence: { items: { enum: string[] }; default: unknown }; reports: { enum: string[] } };
        };
      };
    };
    const { evidence, reports } = schema.properties.sweep.properties;
    for (const one of evidence.items.enum) expect(resolved({ evidence: [one] }).evidence).toStrictEqual([one]);
    for (const one of reports.enum) expect(resolved({ reports: one }).reports).toBe(one);
    expect(evidence.default).toStrictEqual(DEFAULTS.evidence);
  });
});
