import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { CAPACITY, rememberObjects, RETENTION } from '../../../src/entrances/webhook/memory.ts';
import type { Finding } from '../../../src/policy/types.ts';

const [GOOD, BAD] = ['good', 'bad'].map((name) => [{ surface: 'mirror-pod', name }] as unknown as Finding[]) as [
  Finding[],
  Finding[],
];

function pod(uid: string, name = 'kube-apiserver-cp-1') {
  return { kind: 'Pod' as const, namespace: 'kube-system', name, uid };
}

function memory() {
  let at = 0;
  const pods = rememberObjects(() => new Date(at));
  const last = (name = 'kube-apiserver-cp-1') => pods.last({ kind: 'Pod', namespace: 'kube-system', name });
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

  test('is what was admitted and what was seen before it, until the watch has seen that', () => {
    const { last, seen, gone, admitted } = memory();
    seen(pod('1'), GOOD);
    admitted(pod('2'), BAD);
    seen(pod('1'), GOOD); // late
    gone(pod('1'));
    expect(last()).toStrictEqual([...BAD, ...GOOD]);
    seen(pod('2'), BAD);
    expect(last()).toStrictEqual(BAD);
  });

  test('is not what was admitted and never came to be, after an hour', () => {
    const { last, seen, admitted, pass } = memory();
    seen(pod('1'), BAD);
    admitted(pod('2'), GOOD);
    pass(RETENTION);
    expect(last()).toStrictEqual(BAD);
  });

  test('is what was admitted, without end where there is no watch', () => {
    const { last, admitted, pass } = memory();
    admitted(pod('1'), GOOD);
    admitted(pod('2'), BAD);
    pass(10 * RETENTION);
    expect(last()).toStrictEqual(BAD);
  });

  test('is empty where another kind of pod took the name, and nothing where the name never was a mirror pod', () => {
    const { last, seen, admitted } = memory();
    seen(pod('1', 'coredns'), []);
    admitted(pod('2', 'coredns'), []);
    expect(last('coredns')).toBeUndefined();
    seen(pod('1'), BAD);
    seen(pod('2'), []);
    expect(last()).toStrictEqual([]);
  });

  test('is bounded, and names that are made up do not drive out pods that are there', () => {
    const { last, seen, gone, admitted } = memory();
    seen(pod('1'), GOOD);
    seen(pod('1', 'went'), GOOD);
    gone(pod('1', 'went'));
    for (let index = 0; index < 2 * CAPACITY; index += 1) admitted(pod('1', `made-up-${index}`), BAD);
    expect(last()).toStrictEqual(GOOD);
    expect(last('went')).toBeUndefined();
    expect(last('made-up-0')).toBeUndefined();
    for (let index = 0; index <= CAPACITY; index += 1) seen(pod('1', `real-${index}`), BAD);
    expect(last()).toBeUndefined();
  });

  test('is never of a pod that was replaced, whatever comes late', () => {
    const late = fc.array(fc.record({ uid: fc.constantFrom('1', '2'), is: fc.constantFrom('seen', 'gone') }));
    fc.assert(
      fc.property(late, (events) => {
        const { last, seen, gone, admitted } = memory();
        seen(pod('1'), BAD);
        admitted(pod('3'), GOOD);
        for (const { uid, is } of events) {
          if (is === 'seen') seen(pod(uid), BAD);
          else gone(pod(uid));
        }
        // ratchet takes the better of what it is told
        expect(last()?.[0]).toBe(GOOD[0]);
        seen(pod('3'), GOOD);
        expect(last()).toStrictEqual(GOOD);
      }),
    );
  });
});
