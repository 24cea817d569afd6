import { describe, expect, test } from '@jest/globals';

import data from '../../src/facts/data/flags.json' with { type: 'json' };
import { KNOWN_TYPES } from '../../src/facts/argv/flag-values.ts';
import { flagTable } from '../../src/facts/argv/flags.ts';
import { PATHS, select, type PathName } from '../../src/facts/select.ts';

test('every kind of flag has a rule for its values', () => {
  const types = new Set([...data['kube-apiserver'], ...data.kubelet].map(({ type }) => type));

  expect([...types].filter((type) => !KNOWN_TYPES.has(type))).toEqual([]);
});

/** A document for each path, with `found` as the value at this path. */
const DOCUMENTS: Readonly<Record<PathName, unknown>> = {
  kubeletconfig: { kubeletconfig: 'found' },
  podTemplate: { spec: { template: 'found' } },
  jobTemplate: { spec: { jobTemplate: { spec: { template: 'found' } } } },
  bareTemplate: { template: 'found' },
  items: { items: 'found' },
  admissionObject: { request: { object: 'found' } },
  apiServerArguments: { apiServerArguments: 'found' },
};

describe('each path of select.ts', () => {
  test.each(Object.keys(PATHS) as PathName[])('%s finds only its value', (name) => {
    const { value, pointer } = select(name, DOCUMENTS[name]);

    expect(value).toBe('found');
    expect(
      pointer
        .split('/')
        .slice(1)
        .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], DOCUMENTS[name]),
    ).toBe('found');
    expect(select(name, {}).value).toBeUndefined();
  });
});

describe('the flags of a minor version', () => {
  const has = (minor: number | undefined, name: string): boolean =>
    flagTable('kube-apiserver', minor).find(name) !== undefined;

  test.each([
    [37, 'cloud-provider', false, true],
    [31, 'cloud-provider', true, true],
    [24, 'cloud-provider', true, true],
    [17, 'cloud-provider', true, false],
    [undefined, 'cloud-provider', false, false],
    [99, 'cloud-provider', false, false],
    [20, 'insecure-port', true, true],
    [24, 'insecure-port', false, true],
    [21, 'kubelet-https', true, true],
    [22, 'kubelet-https', false, true],
    [17, 'kubelet-https', true, false],
  ])('%j: the flag %s is known: %s, the list is complete: %s', (minor, name, known, complete) => {
    expect([has(minor, name), flagTable('kube-apiserver', minor).complete]).toEqual([known, complete]);
  });
});
