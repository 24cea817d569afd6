import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { LeaseServer, Replica, type Fate } from './lease-world.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

function leaders(replicas: readonly Replica[]): string[] {
  return replicas.filter(({ leads }) => leads).map(({ identity }) => identity);
}

/** Two replicas of which the first leads. */
async function pair(chances: readonly [number, number] = [0.5, 0.5]) {
  const server = new LeaseServer();
  const first = new Replica(server, 'first', { random: () => chances[0] });
  await server.time.pass(SECOND);
  const second = new Replica(server, 'second', { offset: HOUR, day: -HOUR, random: () => chances[1] });
  await server.time.pass(10 * SECOND);
  expect(leaders([first, second])).toStrictEqual(['first']);
  return { server, time: server.time, first, second };
}

describe('a candidate', () => {
  test('acquires a Lease without a holder, and writes what client-go would', async () => {
    const server = new LeaseServer();
    const only = new Replica(server, 'only');
    await server.time.pass(100);
    expect(only.states).toMatchObject([{ state: 'leading' }]);
    const record = {
      holderIdentity: 'only',
      leaseDurationSeconds: 15,
      acquireTime: '1970-01-01T00:00:00.010000Z',
      renewTime: '1970-01-01T00:00:00.010000Z',
      leaseTransitions: 0,
    };
    expect(server.stored?.spec).toStrictEqual(record);
    await server.time.pass(2.5 * SECOND);
    expect(server.stored?.spec).toStrictEqual({ ...record, renewTime: '1970-01-01T00:00:02.220000Z' });
    await server.time.pass(HOUR);
    expect(only.states).toHaveLength(1);
    await stop(server, only);
  });

  test('follows the holder, whatever the time of day of its machine', async () => {
    const { first, second } = await pair();
    expect(first.states).toMatchObject([{ state: 'leading' }]);
    expect(second.states).toStrictEqual([{ state: 'following', holder: 'first' }]);
    expect(second.election.leadership()).toStrictEqual({ state: 'following', holder: 'first' });
  });

  test.each([
    ['at best', [0, 0]],
    ['at worst', [0.999, 0.999]],
  ] as const)(
    'acquires the Lease within 20 s after the leader was killed, and not before 15 s without a renewal, %s',
    async (_which, chances) => {
      for (let phase = 0; phase < 2500; phase += 100) {
        const { time, first, second } = await pair(chances);
        await time.pass(phase);
        first.kill();
        const killed = time.clock();
        while (!second.leads && time.clock() < killed + 60 * SECOND) await time.pass(50);
        expect(time.clock() - killed).toBeLessThanOrEqual(18 * SECOND);
        expect(time.clock() - killed).toBeGreaterThanOrEqual(12.5 * SECOND);
        expect(second.states).toMatchObject([{ state: 'following' }, { state: 'leading' }]);
      }
    },
  );

  test('counts each change of the holder, up to the largest number that the API can store', async () => {
    const { server, time, first } = await pair();
    server.edit({ leaseTransitions: 2 ** 31 - 1 });
    await time.pass(3 * SECOND);
    first.kill();
    await time.pass(20 * SECOND);
    expect(server.stored?.spec).toMatchObject({ holderIdentity: 'second', leaseTransitions: 2 ** 31 - 1 });
  });

  test('waits for the duration that another holder wrote, if it is a sensible one', async () => {
    for (const [seconds, wait] of [
      [30, 30],
      [2, 2],
      [undefined, 15],
      [2 ** 31 - 1, 15],
      [-1, 15],
    ]) {
      const server = new LeaseServer();
      server.edit({ holderIdentity: 'stranger', leaseDurationSeconds: seconds });
      const only = new Replica(server, 'only', { random: () => 0 });
      await server.time.pass((wait ?? 0) * SECOND);
      expect([seconds, only.leads]).toStrictEqual([seconds, false]);
      await server.time.pass(SECOND);
      expect([seconds, only.leads]).toStrictEqual([seconds, true]);
    }
  });

  test('does not lead after an answer that it read too late', async () => {
    const server = new LeaseServer();
    const only = new Replica(server, 'only');
    // after it wrote the Lease
    await server.time.pass(15);
    only.freeze(12 * SECOND);
    await server.time.pass(12.1 * SECOND);
    expect([server.stored?.spec?.holderIdentity, only.isRunning, only.states]).toStrictEqual(['only', true, []]);
    await server.time.pass(3 * SECOND);
    expect(only.states).toMatchObject([{ state: 'leading', signal: { aborted: false } }]);
  });

  test('does not lead if admission changed the holder', async () => {
    const server = new LeaseServer();
    server.admit = (spec) => ({ ...spec, holderIdentity: 'another' });
    const only = new Replica(server, 'only');
    await server.time.pass(HOUR);
    expect(only.states).toStrictEqual([{ state: 'following', holder: 'another' }]);
  });

  test('does not acquire a Lease that was deleted while its holder leads', async () => {
    const { server, time, first, second } = await pair();
    for (let round = 0; round < 10; round += 1) {
      delete server.stored;
      await time.pass(0.7 * SECOND, () => {
        expect(second.leads).toBe(false);
      });
      await time.pass(2 * SECOND);
    }
    expect(first.states).toHaveLength(1);
    delete server.stored;
    first.kill();
    await time.pass(20 * SECOND);
    expect(second.leads).toBe(true);
  });
});

describe('a leader', () => {
  test('stops at once when it sees another holder', async () => {
    const { server, time, first } = await pair();
    server.edit({ holderIdentity: 'usurper' });
    await time.pass(2.5 * SECOND);
    expect(first.states).toMatchObject([{ signal: { aborted: true } }, { state: 'following', holder: 'usurper' }]);
  });

  test('stops 10 s after it sent its last renewal, and gives the reason', async () => {
    const { server, time, first, second } = await pair();
    const sent = Date.parse(String(server.stored?.spec?.renewTime));
    server.isDown = true;
    const last = first.states.at(-1);
    let ended = 0;
    await time.pass(20 * SECOND, () => {
      if (last?.state === 'leading' && last.signal.aborted && ended === 0) ended = time.clock();
    });
    expect(ended - sent).toBe(10 * SECOND);
    const lost = { state: 'lost', code: 'unreachable', reason: 'connect ECONNREFUSED' };
    expect(first.states).toMatchObject([{ state: 'leading' }, lost]);
    expect(second.states).toMatchObject([{ state: 'following' }, lost]);
  });

  test('that lost the API server leads again without a restart', async () => {
    const { server, time, first, second } = await pair();
    for (const outage of [3, 9, 30, 600]) {
      server.isDown = true;
      await time.pass(outage * SECOND);
      server.isDown = false;
      await time.pass(20 * SECOND, () => {
        expect(leaders([first, second]).length).toBeLessThanOrEqual(1);
      });
      expect(leaders([first, second])).toHaveLength(1);
    }
  });

  test('keeps leading during a short outage, and followers keep following', async () => {
    const { server, time, first, second } = await pair();
    server.isDown = true;
    await time.pass(5 * SECOND);
    server.isDown = false;
    await time.pass(60 * SECOND);
    expect([first.states.length, second.states.length]).toStrictEqual([1, 1]);
  });

  test('knows by the clock that its term is over, before any timer fires', async () => {
    const { time, first, second } = await pair();
    first.freeze(HOUR);
    await time.pass(30 * SECOND);
    expect(leaders([first, second])).toStrictEqual(['second']);
    // its code runs again, but none of its timers has
    expect(first.election.leadership()).toMatchObject({ state: 'lost' });
    expect(first.states[0]).toMatchObject({ signal: { aborted: true } });
  });

  test('recognises its own renewal whose answer was lost', async () => {
    const { server, time, first } = await pair();
    server.fate = () => ({ there: 5, back: 5, lost: 'answer' });
    await time.pass(3 * SECOND);
    server.fate = () => ({ there: 5, back: 5 });
    await time.pass(20 * SECOND);
    expect(first.states).toHaveLength(1);
    expect(server.stored?.spec).toMatchObject({ holderIdentity: 'first', leaseTransitions: 0 });
  });

  test('counts its term from when it sent the renewal, if answers are slow', async () => {
    const { server, time, first } = await pair();
    // each renewal is written at once and answered late
    server.fate = () => ({ there: 5, back: 4900 });
    await time.pass(60 * SECOND);
    server.fate = () => ({ there: 5, back: 5, lost: 'request' });
    let ended = 0;
    const last = first.states.at(-1);
    await time.pass(30 * SECOND, () => {
      if (last?.state === 'leading' && last.signal.aborted && ended === 0) ended = time.clock();
    });
    const renewed = Date.parse(String(server.stored?.spec?.renewTime));
    expect(ended - renewed).toBeLessThanOrEqual(10 * SECOND);
  });
});

describe('a stop', () => {
  test('releases the Lease, so that the successor need not wait', async () => {
    const { server, time, first, second } = await pair();
    await stop(server, first);
    expect(server.stored?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    expect(first.states.at(-1)).toMatchObject({ state: 'lost', code: 'stopped' });
    await time.pass(2.5 * SECOND);
    expect(second.leads).toBe(true);
    expect(server.stored?.spec).toMatchObject({ holderIdentity: 'second', leaseTransitions: 1 });
  });

  test('also releases a Lease that a late renewal wrote', async () => {
    const server = new LeaseServer();
    const first = new Replica(server, 'first');
    await server.time.pass(SECOND);
    // the next renewal is written between the look at the Lease and its release
    const trips = [200, 5, 250];
    server.fate = () => ({ there: trips.shift() ?? 5, back: 5 });
    while (trips.length > 2) await server.time.pass(1);
    await stop(server, first);
    expect(trips).toStrictEqual([]);
    await server.time.pass(300);
    expect(server.stored?.spec).toMatchObject({ holderIdentity: '' });
  });

  test('of a follower writes nothing, and takes 3 s at most without an API server', async () => {
    const { server, first, second } = await pair();
    const before = server.stored;
    await stop(server, second);
    expect(server.stored?.spec).toMatchObject({ holderIdentity: before?.spec?.holderIdentity });
    server.fate = () => ({ there: 5, back: 5, lost: 'request' });
    const began = server.time.clock();
    await stop(server, first);
    expect(server.time.clock() - began).toBeLessThanOrEqual(3 * SECOND);
  });
});

describe('missing rights', () => {
  test.each([
    [403, 'GET', 'forbidden', 'get, create and update of leases.coordination.k8s.io in the namespace guard'],
    [403, 'POST', 'forbidden', 'get, create and update'],
    [404, 'POST', 'no-namespace', 'the namespace guard is not there: create it'],
    [422, 'POST', 'refused', 'HTTP 422: no'],
  ])(
    '%d of a %s is reported once, retried with growing pauses, and used when it is granted',
    async (status, only, code, words) => {
      const server = new LeaseServer();
      server.refusal = { status, only };
      const replica = new Replica(server, 'only');
      await server.time.pass(HOUR);
      expect(replica.states).toMatchObject([{ state: 'lost', code, reason: expect.stringContaining(words) }]);
      expect(server.calls).toBeLessThan(2.5 * 120);
      server.refusal = undefined;
      await server.time.pass(40 * SECOND);
      expect(replica.states).toMatchObject([{ state: 'lost' }, { state: 'leading' }]);
    },
  );

  test('to update the Lease do not change the state when the Lease becomes free', async () => {
    const { server, time, first, second } = await pair();
    server.refusal = { status: 403, only: 'PUT' };
    await time.pass(HOUR);
    expect(first.states).toMatchObject([{ state: 'leading' }, { state: 'lost', code: 'forbidden' }]);
    expect(second.states).toMatchObject([{ state: 'following' }, { state: 'lost', code: 'forbidden' }]);
  });
});

test('a replica that lost the right to update still knows the leader', async () => {
  const { server, time, first } = await pair();
  server.refusal = { status: 403, only: 'PUT' };
  await time.pass(12 * SECOND);
  server.edit({ holderIdentity: 'another' });
  await time.pass(40 * SECOND);
  expect(first.states.slice(1, 3)).toMatchObject([
    { state: 'lost', code: 'forbidden' },
    { state: 'following', holder: 'another' },
  ]);
});

test('whatever clocks, network and schedulers do, no two replicas lead at the same time, and one leads soon after', async () => {
  const chance = fc.double({ min: 0, max: 1, noNaN: true });
  const replica = fc.record({
    rate: fc.double({ min: 0.9, max: 1.1, noNaN: true }),
    offset: fc.integer({ min: 0, max: HOUR }),
    day: fc.integer({ min: -HOUR, max: HOUR }),
  });
  const good: Fate = { there: 5, back: 5 };
  const there = fc.integer({ min: 0, max: 30_000 });
  const back = fc.integer({ min: 0, max: 8000 });
  const lost = fc.constantFrom('request' as const, 'answer' as const);
  const fate = fc.oneof(
    { weight: 12, arbitrary: fc.constant(good) },
    { weight: 2, arbitrary: fc.record({ there: fc.constant(5), back }) },
    { weight: 2, arbitrary: fc.record({ there, back: fc.constant(5) }) },
    { weight: 1, arbitrary: fc.record({ there, back, lost }) },
  );
  const event = fc.record({
    // fast-check prefers small numbers, but in so few seconds nothing can happen
    after: fc.noBias(fc.integer({ min: 0, max: 15_000 })),
    what: fc.constantFrom(...(['freeze', 'freeze', 'freeze', 'down', 'up', 'up', 'kill', 'stop'] as const)),
    who: fc.constantFrom(0, 1, 2, 'leader' as const, 'leader' as const),
    howLong: fc.noBias(fc.integer({ min: 0, max: 40_000 })),
  });
  let takeovers = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(replica, { minLength: 3, maxLength: 3 }),
      fc.array(event, { minLength: 5, maxLength: 25 }),
      fc.array(fate, { minLength: 1, maxLength: 40 }),
      fc.array(chance, { minLength: 1, maxLength: 10 }),
      async (machines, events, fates, chances) => {
        const server = new LeaseServer();
        let draws = 0;
        const random = (): number => chances[(draws += 1) % chances.length] ?? 0;
        let trips = 0;
        server.fate = () => fates[(trips += 1) % fates.length] ?? good;
        const replicas = machines.map((machine, index) => new Replica(server, `r${index}`, { ...machine, random }));
        const check = (): void => {
          const acting = replicas.filter(({ leads, lets }) => leads || lets);
          if (acting.length > 1) throw new Error(`at ${server.time.clock()} ${acting.length} replicas lead`);
        };
        const gone = new Set<Replica>();
        for (const { after, what, who, howLong } of events) {
          await server.time.pass(after, check);
          const replica = who === 'leader' ? replicas.find(({ leads }) => leads) : replicas[who];
          if (what === 'down' || what === 'up') server.isDown = what === 'down';
          if (replica === undefined || gone.has(replica)) continue;
          if (what === 'freeze') replica.freeze(howLong);
          // one replica is left
          if ((what !== 'kill' && what !== 'stop') || gone.size === 2 || !replica.isRunning) continue;
          gone.add(replica);
          if (what === 'kill') replica.kill();
          else void replica.election.stop();
        }
        await server.time.pass(60 * SECOND, check);
        server.isDown = false;
        server.fate = () => good;
        await server.time.pass(60 * SECOND, check);
        expect(leaders(replicas)).toHaveLength(1);
        takeovers += Number(server.stored?.spec?.leaseTransitions);
      },
    ),
    { numRuns: 100 },
  );
  // otherwise the cases above would prove nothing
  expect(takeovers).toBeGreaterThan(40);
}, 60_000);

/** Stops a replica while time passes. */
async function stop({ time }: LeaseServer, { election }: Replica): Promise<void> {
  const state = { isDone: false };
  const stopped = election.stop().then(() => (state.isDone = true));
  for (let passed = 0; !state.isDone && passed < 600; passed += 1) await time.pass(10);
  await stopped;
}
