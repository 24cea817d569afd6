import { describe, expect, test } from '@jest/globals';

import { ReportCache, UNSTORED } from '../../../src/sweeper/reports/cache.ts';
import type { StoredFinding } from '../../../src/policy/decision/drift.ts';
import { findingKey, type FindingKey } from '../../../src/policy/finding-key.ts';
import { kubeletFinding } from '../../support/findings.ts';

const T1 = '2026-11-23T06:00:00.000Z';
const CONTROLS = ['kubelet-client-ca', 'kubelet-anonymous-auth', 'kubelet-authorization-mode'];
const PLANE = { kind: 'control-plane' } as const;

function nodeOf(name: string, uid = `uid-of-${name}`) {
  return { kind: 'node', name, uid } as const;
}

function findingsOf(name: string, result: StoredFinding['result'] = 'pass', since = T1) {
  const subject = { component: 'kubelet', kind: 'Node', name, node: name } as const;
  const { control } = kubeletFinding();
  return new Map(
    CONTROLS.map((slug): [FindingKey, StoredFinding] => [
      findingKey({ subject, control: { ...control, slug } }),
      { result, violations: result === 'fail' ? [{ code: 'missing', setting: 'clientCAFile' }] : [], since },
    ]),
  );
}

const stored = { version: '7', content: 'digest' };

describe('the report cache', () => {
  test('gives what was set for each node and for the control plane', () => {
    const cache = new ReportCache();
    for (const name of ['a', 'b']) cache.set(nodeOf(name), { ...stored, findings: findingsOf(name, 'fail') });
    cache.set(PLANE, { ...stored, findings: findingsOf('plane') });

    for (const name of ['a', 'b', 'a']) {
      expect(cache.get(nodeOf(name))).toEqual({ ...stored, findings: findingsOf(name, 'fail') });
    }
    expect(cache.get(PLANE)?.findings).toEqual(findingsOf('plane'));
    expect(cache.get(nodeOf('c'))).toBeUndefined();
  });

  test('has no findings for a new node of the same name, but the stored version of its report', () => {
    const cache = new ReportCache();
    cache.set(nodeOf('a', 'old'), { ...stored, findings: findingsOf('a') });

    expect(cache.get(nodeOf('a', 'new'))).toBeUndefined();
    expect(cache.version(nodeOf('a', 'new'))).toBe('7');
  });

  test('keeps reports that are no longer stored until the second time', () => {
    const cache = new ReportCache();
    for (const name of ['a', 'b']) cache.set(nodeOf(name), { ...stored, findings: findingsOf(name) });
    cache.set(PLANE, { ...stored, findings: findingsOf('plane') });

    cache.prune((node) => node === 'a');
    expect(cache.get(nodeOf('a'))).toMatchObject(stored);
    expect(cache.get(nodeOf('b'))).toEqual({ ...UNSTORED, findings: findingsOf('b') });
    expect(cache.get(PLANE)).toEqual({ ...UNSTORED, findings: findingsOf('plane') });

    cache.prune((node) => node === 'a');
    expect(cache.nodes()).toEqual(['a']);
    expect(cache.get(PLANE)).toBeUndefined();
  });

  test('keeps findings when the API changes', () => {
    const cache = new ReportCache();
    cache.set(nodeOf('a'), { ...stored, findings: findingsOf('a') });
    cache.forgetVersions();
    cache.forgetVersions();

    expect(cache.get(nodeOf('a'))).toEqual({ ...UNSTORED, findings: findingsOf('a') });
  });
});
