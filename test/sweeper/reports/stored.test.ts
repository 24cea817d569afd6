import { describe, expect, test } from '@jest/globals';

import { openMemories, UNSTORED } from '../../../src/sweeper/reports/stored.ts';
import type { StoredFinding } from '../../../src/policy/decision/drift.ts';
import { findingKey, type FindingKey } from '../../../src/policy/finding-key.ts';
import { kubeletFinding } from '../../support/findings.ts';

const T1 = '2026-11-23T06:00:00.000Z';
const CONTROLS = ['kubelet-client-ca', 'kubelet-anonymous-auth', 'kubelet-authorization-mode'];
const PLANE = { kind: 'control-plane' } as const;

function nodeOf(name: string, uid = `uid-of-${name}`) {
  return { kind: 'node', name, uid } as const;
}

function memoryOf(name: string, result: StoredFinding['result'] = 'pass', since = T1) {
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

describe('the memory', () => {
  test('gives back what was kept of each node and of the control plane', () => {
    const memories = openMemories();
    for (const name of ['a', 'b']) memories.set(nodeOf(name), { ...stored, remembered: memoryOf(name, 'fail') });
    memories.set(PLANE, { ...stored, remembered: memoryOf('plane') });

    for (const name of ['a', 'b', 'a']) {
      expect(memories.get(nodeOf(name))).toEqual({ ...stored, remembered: memoryOf(name, 'fail') });
    }
    expect(memories.get(PLANE)?.remembered).toEqual(memoryOf('plane'));
    expect(memories.get(nodeOf('c'))).toBeUndefined();
  });

  test('of a node is not that of another one of its name, but where its report is stored is the same', () => {
    const memories = openMemories();
    memories.set(nodeOf('a', 'old'), { ...stored, remembered: memoryOf('a') });

    expect(memories.get(nodeOf('a', 'new'))).toBeUndefined();
    expect(memories.version(nodeOf('a', 'new'))).toBe('7');
  });

  test('stays where nothing is stored any longer, until that is seen twice', () => {
    const memories = openMemories();
    for (const name of ['a', 'b']) memories.set(nodeOf(name), { ...stored, remembered: memoryOf(name) });
    memories.set(PLANE, { ...stored, remembered: memoryOf('plane') });

    memories.prune((node) => node === 'a');
    expect(memories.get(nodeOf('a'))).toMatchObject(stored);
    expect(memories.get(nodeOf('b'))).toEqual({ ...UNSTORED, remembered: memoryOf('b') });
    expect(memories.get(PLANE)).toEqual({ ...UNSTORED, remembered: memoryOf('plane') });

    memories.prune((node) => node === 'a');
    expect(memories.nodes()).toEqual(['a']);
    expect(memories.get(PLANE)).toBeUndefined();
  });

  test('of what is moved elsewhere stays', () => {
    const memories = openMemories();
    memories.set(nodeOf('a'), { ...stored, remembered: memoryOf('a') });
    memories.unstore();
    memories.unstore();

    expect(memories.get(nodeOf('a'))).toEqual({ ...UNSTORED, remembered: memoryOf('a') });
  });
});
