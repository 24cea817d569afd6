import { describe, expect, test } from '@jest/globals';

import { READ_LIMIT, BodyMemory, WAIT_LIMIT } from '../../../src/webhook/http/body-memory.ts';

function setup(capacity = 100) {
  let at = 0;
  const pending: (() => void)[] = [];
  const memory = new BodyMemory(capacity, { now: () => at, later: (callback) => pending.push(callback) });
  const calls: string[] = [];
  const reserve = (name: string, bytes: number, address = name) =>
    memory.reserve({
      address,
      bytes,
      onGranted: () => calls.push(`${name} granted`),
      onTimeout: () => calls.push(`${name} timed out`),
      onTooSlow: () => calls.push(`${name} too slow`),
    });
  const pass = (milliseconds: number) => {
    at += milliseconds;
    for (const callback of pending.splice(0)) callback();
  };
  const take = () => calls.splice(0);
  return { reserve, pass, take, pending };
}

describe('memory for large bodies', () => {
  test('is granted at once if enough is free, and otherwise when enough is released', () => {
    const { reserve, take } = setup();
    const a = reserve('a', 50);
    reserve('b', 40);
    const c = reserve('c', 30);
    expect(take()).toStrictEqual(['a granted', 'b granted']);
    a.release();
    a.release();
    expect(take()).toStrictEqual(['c granted']);
    reserve('d', 50);
    expect(take()).toStrictEqual([]);
    c.release();
    expect(take()).toStrictEqual(['d granted']);
  });

  test('is granted first to the address that has least, and one address gets at most half of it', () => {
    const { reserve, take } = setup();
    reserve('m0', 10, 'mallory');
    const first = reserve('m1', 30, 'mallory');
    for (const name of ['m2', 'm3', 'm4']) reserve(name, 30, 'mallory');
    reserve('a1', 40, 'api-server');
    expect(take()).toStrictEqual(['m0 granted', 'm1 granted', 'a1 granted']);
    const a2 = reserve('a2', 5, 'api-server');
    expect(take()).toStrictEqual(['a2 granted']);
    a2.release();
    reserve('o1', 40, 'other');
    expect(take()).toStrictEqual([]);
    first.release();
    expect(take()).toStrictEqual(['o1 granted']);
  });

  test('is not granted any more if the caller stops waiting', () => {
    const { reserve, take, pass } = setup();
    reserve('a', 50, 'x').complete();
    reserve('b', 50, 'x');
    const gone = reserve('c', 50, 'x');
    gone.release();
    pass(WAIT_LIMIT - 1);
    expect(take()).toStrictEqual(['a granted']);
    pass(1);
    expect(take()).toStrictEqual(['b timed out']);
  });

  test('is taken from a slow body only if another one waits, and never from a complete body', () => {
    const { reserve, take, pass, pending } = setup();
    reserve('slow', 50, 'x');
    reserve('whole', 50, 'y').complete();
    expect(pending).toHaveLength(0);
    pass(READ_LIMIT);
    expect(take()).toStrictEqual(['slow granted', 'whole granted']);
    reserve('z', 50);
    pass(250);
    expect(take()).toStrictEqual(['slow too slow', 'z granted']);
    expect(pending).toHaveLength(0);
  });
});
