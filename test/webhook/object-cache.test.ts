import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { CAPACITY, createObjectCache, RETENTION } from '../../src/webhook/object-cache.ts';
import type { PreviousOutcome } from '../../src/policy/decision/decide.ts';

const [GOOD, BAD] = (['pass', 'fail'] as const).map((result): PreviousOutcome[] => [
  { control: 'x', container: 'x', result, violations: [] },
]) as [PreviousOutcome[], PreviousOutcome[]];

const NAME = 'kube-apiserver-cp-1';

function pod(uid: string, name = NAME, node = 'cp-1') {
  return { kind: 'Pod' as const, namespace: 'kube-system', name, node, uid };
}

function setUp() {
  let at = 0;
  const cache = createObjectCache(() => new Date(at));
  const get = (name = NAME, node = 'cp-1') => cache.get({ kind: 'Pod', namespace: 'kube-system', name, node });
  const pass = (milliseconds: number) => {
    at += milliseconds;
  };
  return { set: cache.set, markDeleted: cache.markDeleted, get, pass };
}

describe('the cached findings of a mirror pod', () => {
  test('are unknown if no watch has seen it', () => {
    const { get, set } = setUp();
    set(pod('1', 'other'), GOOD);
    expect(get()).toBeUndefined();
  });

  test('are those of the pod that a watch saw last', () => {
    const { get, set } = setUp();
    set(pod('1'), GOOD);
    set(pod('2'), BAD);
    expect(get()).toStrictEqual(BAD);
  });

  test('are kept for an hour after its deletion', () => {
    const { get, set, markDeleted, pass } = setUp();
    set(pod('1'), GOOD);
    pass(2 * RETENTION);
    markDeleted(pod('1'));
    pass(RETENTION - 1);
    expect(get()).toStrictEqual(GOOD);
    markDeleted(pod('1')); // as after a list: it was not deleted again
    pass(1);
    expect(get()).toBeUndefined();
  });

  test('are not affected by a late deletion of an earlier pod', () => {
    const { get, set, markDeleted, pass } = setUp();
    set(pod('2'), BAD);
    markDeleted(pod('1'));
    pass(RETENTION);
    expect(get()).toStrictEqual(BAD);
  });

  test('are empty if a pod that is not checked has taken the name, and unknown if the name never was a mirror pod', () => {
    const { get, set } = setUp();
    set(pod('1', 'coredns'), []);
    expect(get('coredns')).toBeUndefined();
    set(pod('1'), BAD);
    set(pod('2'), []);
    expect(get()).toStrictEqual([]);
  });

  test('are limited for each node, and those of deleted pods are dropped first', () => {
    const { get, set, markDeleted } = setUp();
    set(pod('1'), GOOD);
    for (let index = 0; index < 2 * CAPACITY; index += 1) {
      set(pod('1', `made-up-${index}`), BAD);
      markDeleted(pod('1', `made-up-${index}`));
    }
    expect([get(), get('made-up-0')]).toStrictEqual([GOOD, undefined]);
    for (let index = 0; index <= CAPACITY; index += 1) set(pod('1', `real-${index}`), BAD);
    expect([get(), get('real-0'), get('real-1')]).toStrictEqual([undefined, undefined, BAD]);
  });

  test('are neither dropped nor replaced because of pods that the kubelet of another node makes up', () => {
    const { get, set, markDeleted } = setUp();
    set(pod('1'), GOOD);
    set(pod('1', 'deleted'), GOOD);
    markDeleted(pod('1', 'deleted'));
    for (let index = 0; index < 2 * CAPACITY; index += 1) set(pod('2', `made-up-${index}`, 'node-1'), BAD);
    set(pod('2', NAME, 'node-1'), BAD);
    set(pod('2', 'deleted', 'node-1'), BAD);
    expect([get(), get('deleted')]).toStrictEqual([GOOD, GOOD]);
  });

  test('are never those of a pod that was replaced', () => {
    const late = fc.array(fc.constantFrom('1', '2'));
    fc.assert(
      fc.property(late, (uids) => {
        const { get, set, markDeleted, pass } = setUp();
        set(pod('3'), GOOD);
        for (const uid of uids) markDeleted(pod(uid));
        pass(RETENTION);
        expect(get()).toStrictEqual(GOOD);
      }),
    );
  });
});
