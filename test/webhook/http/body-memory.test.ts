import { describe, expect, test } from '@jest/globals';

import { HOLD, Room, WAIT } from '../../../src/webhook/http/body-memory.ts';

function setup(capacity = 100) {
  let at = 0;
  const pending: (() => void)[] = [];
  const room = new Room(capacity, { now: () => at, later: (callback) => pending.push(callback) });
  const told: string[] = [];
  const ask = (name: string, bytes: number, from = name) =>
    room.ask({
      from,
      bytes,
      granted: () => told.push(`${name} granted`),
      refused: () => told.push(`${name} refused`),
      shed: () => told.push(`${name} shed`),
    });
  const pass = (milliseconds: number) => {
    at += milliseconds;
    for (const callback of pending.splice(0)) callback();
  };
  const take = () => told.splice(0);
  return { ask, pass, take, pending };
}

describe('room for long bodies', () => {
  test('is given at once where there is some, and as soon as some is given back', () => {
    const { ask, take } = setup();
    const a = ask('a', 50);
    ask('b', 40);
    const c = ask('c', 30);
    expect(take()).toStrictEqual(['a granted', 'b granted']);
    a.release();
    a.release();
    expect(take()).toStrictEqual(['c granted']);
    ask('d', 50);
    expect(take()).toStrictEqual([]);
    c.release();
    expect(take()).toStrictEqual(['d granted']);
  });

  test('is at most half of it for one address, and goes first to the address that holds least', () => {
    const { ask, take } = setup();
    ask('m0', 10, 'mallory');
    const first = ask('m1', 30, 'mallory');
    for (const name of ['m2', 'm3', 'm4']) ask(name, 30, 'mallory');
    ask('a1', 40, 'api-server');
    expect(take()).toStrictEqual(['m0 granted', 'm1 granted', 'a1 granted']);
    const a2 = ask('a2', 5, 'api-server');
    expect(take()).toStrictEqual(['a2 granted']);
    a2.release();
    ask('o1', 40, 'other');
    expect(take()).toStrictEqual([]);
    first.release();
    expect(take()).toStrictEqual(['o1 granted']);
  });

  test('is not waited for longer than the caller waits', () => {
    const { ask, take, pass } = setup();
    ask('a', 50, 'x').complete();
    ask('b', 50, 'x');
    const gone = ask('c', 50, 'x');
    gone.release();
    pass(WAIT - 1);
    expect(take()).toStrictEqual(['a granted']);
    pass(1);
    expect(take()).toStrictEqual(['b refused']);
  });

  test('is taken from who is slow to fill it, only where somebody waits, and never from a body that is complete', () => {
    const { ask, take, pass, pending } = setup();
    ask('slow', 50, 'x');
    ask('whole', 50, 'y').complete();
    expect(pending).toHaveLength(0);
    pass(HOLD);
    expect(take()).toStrictEqual(['slow granted', 'whole granted']);
    ask('z', 50);
    pass(250);
    expect(take()).toStrictEqual(['slow shed', 'z granted']);
    expect(pending).toHaveLength(0);
  });
});
