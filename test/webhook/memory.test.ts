import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { CAPACITY, rememberObjects, RETENTION } from '../../src/webhook/memory.ts';
import type { Before } from '../../src/policy/decision/decide.ts';

const [GOOD, BAD] = (['pass', 'fail'] as const).map((result): Before[] => [
  { control: 'x', container: 'x', result, violations: [] },
]) as [Before[], Before[]];

const NAME = 'kube-apiserver-cp-1';

function pod(uid: string, name = NAME, node = 'cp-1') {
  return { kind: 'Pod' as const, namespace: 'kube-system', name, node, uid };
}

function memory() {
  let at = 0;
  const pods = rememberObjects(() => new Date(at));
  const last = (name = NAME, node = 'cp-1') => pods.last({ kind: 'Pod', namespace: 'kube-system', name, node });
  const pass = (milliseconds: number) => {
    at += milliseconds;
  };
  return { ...pods, last, pass };
}

describe('what is remembered of a mirror pod', () => {
  test('is nothing, where nothing was seen', () => {
    const { last, seen } = memory();
    seen(pod('1', 'other'), GOOD);
    expect(last()).toBeUndefined();
  });

  test('is what the watch last saw', () => {
    const { last, seen } = memory();
    seen(pod('1'), GOOD);
    seen(pod('2'), BAD);
    expect(last()).toStrictEqual(BAD);
  });

  test('outlives the pod by an hour, and no longer', () => {
    const { last, seen, gone, pass } = memory();
    seen(pod('1'), GOOD);
    pass(2 * RETENTION);
    gone(pod('1'));
    pass(RETENTION - 1);
    expect(last()).toStrictEqual(GOOD);
    gone(pod('1')); // as after a list: it did not go again
    pass(1);
    expect(last()).toBeUndefined();
  });

  test('is not shortened by what comes late about an earlier pod', () => {
    const { last, seen, gone, pass } = memory();
    seen(pod('2'), BAD);
    gone(pod('1'));
    pass(RETENTION);
    expect(last()).toStrictEqual(BAD);
  });

  test('is empty where another kind of pod took the name, and nothing where the name never was a mirror pod', () => {
    const { last, seen } = memory();
    seen(pod('1', 'coredns'), []);
    expect(last('coredns')).toBeUndefined();
    seen(pod('1'), BAD);
    seen(pod('2'), []);
    expect(last()).toStrictEqual([]);
  });

  test('is bounded for each node, and those that exist stay before those that were deleted', () => {
    const { last, seen, gone } = memory();
    seen(pod('1'), GOOD);
    for (let index = 0; index < 2 * CAPACITY; index += 1) {
      seen(pod('1', `made-up-${index}`), BAD);
      gone(pod('1', `made-up-${index}`));
    }
    expect([last(), last('made-up-0')]).toStrictEqual([GOOD, undefined]);
    for (let index = 0; index <= CAPACITY; index += 1) seen(pod('1', `real-${index}`), BAD);
    expect([last(), last('real-0'), last('real-1')]).toStrictEqual([undefined, undefined, BAD]);
  });

  test('is not pushed out or replaced by what the kubelet of another node makes up, whether or not that exists', () => {
    const { last, seen, gone } = memory();
    seen(pod('1'), GOOD);
    seen(pod('1', 'deleted'), GOOD);
    gone(pod('1', 'deleted'));
    for (let index = 0; index < 2 * CAPACITY; index += 1) seen(pod('2', `made-up-${index}`, 'node-1'), BAD);
    seen(pod('2', NAME, 'node-1'), BAD);
    seen(pod('2', 'deleted', 'node-1'), BAD);
    expect([last(), last('deleted')]).toStrictEqual([GOOD, GOOD]);
  });

  test('is never what comes late of a pod that was replaced', () => {
    const late = fc.array(fc.constantFrom('1', '2'));
    fc.assert(
      fc.property(late, (uids) => {
        const { last, seen, gone, pass } = memory();
        seen(pod('3'), GOOD);
        for (const uid of uids) gone(pod(uid));
        pass(RETENTION);
        expect(last()).toStrictEqual(GOOD);
      }),
    );
  });
});
