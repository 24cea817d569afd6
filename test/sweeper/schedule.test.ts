import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import { FIRST_DELAY, MIN_REST, scheduleSweeps, type SweepTrigger } from '../../src/sweeper/schedule.ts';
import { VirtualTime } from './virtual-time.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

interface Run {
  readonly trigger: SweepTrigger;
  readonly at: number;
  ended?: number;
  aborted?: boolean;
}

interface World {
  readonly interval?: number;
  readonly jitter?: number;
  /** How long a sweep takes. */
  readonly takes?: number;
  readonly random?: () => number;
}

function scheduled({ interval = 10 * MINUTE, jitter = 0, takes = 2 * SECOND, random = () => 0 }: World = {}) {
  const time = new VirtualTime();
  const runs: Run[] = [];
  const settings = { interval, jitter };
  const state = { takes, running: 0, most: 0, isToRetry: false };
  const schedule = scheduleSweeps({
    sweep: async (trigger, signal) => {
      const run: Run = { trigger, at: time.clock() };
      runs.push(run);
      state.running += 1;
      state.most = Math.max(state.most, state.running);
      await time.pause(state.takes, signal).catch(() => (run.aborted = true));
      state.running -= 1;
      run.ended = time.clock();
      return state.isToRetry;
    },
    interval: () => settings,
    clock: time.clock,
    pause: time.pause,
    random,
  });
  const leadership = new AbortController();
  const startedSweeps = (): (readonly [SweepTrigger, number])[] =>
    runs.map(({ trigger, at }) => [trigger, at / SECOND] as const);
  return { time, runs, startedSweeps, settings, state, schedule, leadership };
}

describe('sweeps', () => {
  test('start when leadership begins, and again after each interval', async () => {
    const { time, startedSweeps, schedule, leadership } = scheduled({ random: () => 0.5 });
    await time.pass(HOUR);
    expect(startedSweeps()).toStrictEqual([]);
    schedule.startLeading(leadership.signal);
    await time.pass(25 * MINUTE);
    expect(startedSweeps()).toStrictEqual([
      ['start', 3601],
      ['interval', 4201],
      ['interval', 4801],
    ]);
    await schedule.stop();
  });

  test.each([
    ['least', 0, 540],
    ['most', 0.999_999, 660],
  ])('vary by the jitter: the %s', async (_which, chance, seconds) => {
    const { time, runs, schedule, leadership } = scheduled({ jitter: 0.1, random: () => chance });
    schedule.startLeading(leadership.signal);
    await time.pass(30 * MINUTE);
    expect(((runs[1]?.at ?? 0) - (runs[0]?.at ?? 0)) / SECOND).toBeCloseTo(seconds, 1);
    await schedule.stop();
  });

  test('that take longer than the interval do not overlap, and the cluster gets a pause after them', async () => {
    const { time, startedSweeps, state, schedule, leadership } = scheduled({ takes: 25 * MINUTE });
    schedule.startLeading(leadership.signal);
    await time.pass(HOUR);
    expect(state.most).toBe(1);
    expect(startedSweeps()).toStrictEqual([
      ['start', 0],
      ['interval', 26 * 60],
      ['interval', 52 * 60],
    ]);
    await schedule.stop();
  });

  test('stop at once when leadership ends, and none starts before the next leadership', async () => {
    const { time, runs, startedSweeps, schedule, leadership } = scheduled({ takes: HOUR });
    schedule.startLeading(leadership.signal);
    await time.pass(5 * MINUTE);
    schedule.objectChanged();
    schedule.request();
    leadership.abort();
    await time.pass(HOUR);
    expect(runs).toStrictEqual([{ trigger: 'start', at: 0, ended: 5 * MINUTE, aborted: true }]);
    expect(schedule.request()).toBe('not-leading');
    schedule.startLeading(new AbortController().signal);
    await time.pass(MINUTE);
    expect(startedSweeps().at(-1)).toStrictEqual(['start', 3900]);
    await schedule.stop();
    expect(runs.at(-1)).toMatchObject({ aborted: true });
    expect(schedule.request()).toBe('not-leading');
    schedule.startLeading(new AbortController().signal);
    await time.pass(HOUR);
    expect(runs).toHaveLength(2);
  });

  test('do not start for a leadership that has already ended', async () => {
    const { time, runs, schedule, leadership } = scheduled();
    leadership.abort();
    schedule.startLeading(leadership.signal);
    await time.pass(HOUR);
    expect(runs).toStrictEqual([]);
    await schedule.stop();
  });

  test('wait for a sweep that ignores its signal', async () => {
    const time = new VirtualTime();
    const began: number[] = [];
    const schedule = scheduleSweeps({
      sweep: async () => {
        began.push(time.clock());
        await time.pause(MINUTE, new AbortController().signal);
        return false;
      },
      interval: () => ({ interval: 10 * MINUTE, jitter: 0 }),
      clock: time.clock,
      pause: time.pause,
      random: () => 0,
    });
    const first = new AbortController();
    schedule.startLeading(first.signal);
    await time.pass(SECOND);
    first.abort();
    schedule.startLeading(new AbortController().signal);
    expect(schedule.request()).toBe('queued');
    await time.pass(3 * MINUTE);
    expect(began).toStrictEqual([0, 2 * MINUTE]);
    await schedule.stop();
  });

  test('that fail do not end the schedule', async () => {
    const time = new VirtualTime();
    let count = 0;
    const schedule = scheduleSweeps({
      sweep: () => {
        count += 1;
        if (count === 1) throw new Error('at once');
        return Promise.reject(new Error('later'));
      },
      interval: () => ({ interval: MINUTE, jitter: 0 }),
      clock: time.clock,
      pause: time.pause,
      random: () => 0,
    });
    schedule.startLeading(new AbortController().signal);
    await time.pass(2.5 * MINUTE);
    expect(count).toBe(3);
    await schedule.stop();
  });
});

describe('a sweep that asks for a retry', () => {
  test('is retried with growing pauses, until the interval passes or a sweep is complete', async () => {
    const { time, startedSweeps, schedule, leadership, state } = scheduled({ takes: 0, interval: HOUR });
    state.isToRetry = true;
    schedule.startLeading(leadership.signal);
    await time.pass(20 * MINUTE);
    state.isToRetry = false;
    await time.pass(100 * MINUTE);
    expect(startedSweeps()).toStrictEqual([
      ['start', 0],
      ['retry', 60],
      ['retry', 180],
      ['retry', 420],
      ['retry', 900],
      ['retry', 1860],
      ['interval', 5460],
    ]);
    await schedule.stop();
  });
});

describe('a changed object', () => {
  test('starts a sweep after one second without changes, but not sooner than a tenth of the interval after the last sweep', async () => {
    const { time, startedSweeps, schedule, leadership } = scheduled({ interval: 5 * MINUTE });
    schedule.startLeading(leadership.signal);
    await time.pass(10 * SECOND);
    schedule.objectChanged();
    await time.pass(50 * SECOND);
    schedule.objectChanged();
    await time.pass(0.9 * SECOND);
    schedule.objectChanged();
    await time.pass(2 * MINUTE);
    expect(startedSweeps()).toStrictEqual([
      ['start', 0],
      ['change', 32],
      ['change', 64],
    ]);
    await schedule.stop();
  });

  test('only waits for one second without changes if the last sweep is long ago', async () => {
    const { time, startedSweeps, schedule, leadership } = scheduled();
    schedule.startLeading(leadership.signal);
    await time.pass(5 * MINUTE);
    schedule.objectChanged();
    await time.pass(0.5 * SECOND);
    schedule.objectChanged();
    await time.pass(MINUTE);
    expect(startedSweeps().at(-1)).toStrictEqual(['change', 301.5]);
    // and the interval counts from there
    await time.pass(10 * MINUTE);
    expect(startedSweeps().at(-1)).toStrictEqual(['interval', 901.5]);
    await schedule.stop();
  });

  test('starts a sweep even if changes never stop, or if it changes during a sweep', async () => {
    const { time, startedSweeps, schedule, leadership } = scheduled();
    schedule.startLeading(leadership.signal);
    await time.pass(5 * MINUTE);
    for (let count = 0; count < 30; count += 1) {
      schedule.objectChanged();
      await time.pass(0.5 * SECOND);
    }
    // the sweep at 310 has seen the earlier changes; it ended at 312
    await time.pass(2 * MINUTE);
    expect(startedSweeps()).toStrictEqual([
      ['start', 0],
      ['change', 310],
      ['change', 372],
    ]);
    await schedule.stop();
  });

  test('needs no additional sweep before the first sweep', async () => {
    const { time, startedSweeps, schedule, leadership } = scheduled();
    schedule.startLeading(leadership.signal);
    schedule.objectChanged();
    await time.pass(9 * MINUTE);
    expect(startedSweeps()).toStrictEqual([['start', 0]]);
    await schedule.stop();
  });
});

describe('a request for a sweep', () => {
  test('starts a sweep at once, or one sweep after the running one', async () => {
    const { time, startedSweeps, schedule, leadership } = scheduled({ takes: 10 * SECOND });
    expect(schedule.request()).toBe('not-leading');
    schedule.startLeading(leadership.signal);
    await time.pass(MINUTE);
    expect(schedule.request()).toBe('started');
    expect(schedule.request()).toBe('started');
    await time.pass(SECOND);
    expect([schedule.request(), schedule.request(), schedule.request()]).toStrictEqual(['queued', 'queued', 'queued']);
    await time.pass(MINUTE);
    expect(startedSweeps()).toStrictEqual([
      ['start', 0],
      ['request', 60],
      // after a rest that is as long as the sweep
      ['request', 80],
    ]);
    await schedule.stop();
  });

  test.each([
    ['short', SECOND, MIN_REST],
    ['long', 30 * SECOND, 30 * SECOND],
    ['very long', 10 * MINUTE, MINUTE],
  ])('repeated endlessly, for %s sweeps, leaves a pause between two sweeps', async (_which, takes, rest) => {
    const { time, runs, schedule, leadership } = scheduled({ takes, interval: HOUR });
    schedule.startLeading(leadership.signal);
    for (let second = 0; second < 1800; second += 1) {
      await time.pass(SECOND);
      schedule.request();
    }
    const gaps = runs.slice(1).map(({ at }, index) => at - (runs[index]?.ended ?? 0));
    expect(gaps.length).toBeGreaterThan(1);
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(rest);
    await schedule.stop();
  });

  test('can know how long the pause still lasts', async () => {
    const { time, schedule, leadership } = scheduled({ takes: 2 * SECOND });
    expect(schedule.untilRequest()).toBe(0);
    schedule.startLeading(leadership.signal);
    await time.pass(SECOND);
    expect(schedule.untilRequest()).toBe(0);
    await time.pass(2 * SECOND);
    expect(schedule.untilRequest()).toBe(4 * SECOND);
    expect(schedule.request()).toBe('queued');
    await time.pass(4 * SECOND);
    expect([schedule.untilRequest(), schedule.request()]).toStrictEqual([0, 'queued']);
    await schedule.stop();
  });
});

describe('a new interval', () => {
  test('applies at once: a shorter interval ends the wait, and a longer one extends it', async () => {
    const { time, startedSweeps, settings, schedule, leadership } = scheduled({ interval: 24 * HOUR });
    schedule.startLeading(leadership.signal);
    await time.pass(2 * MINUTE);
    settings.interval = MINUTE;
    schedule.reload();
    await time.pass(SECOND);
    settings.interval = 10 * MINUTE;
    schedule.reload();
    await time.pass(9 * MINUTE);
    expect(startedSweeps()).toStrictEqual([
      ['start', 0],
      ['interval', 120],
    ]);
    await time.pass(2 * MINUTE);
    expect(startedSweeps().at(-1)).toStrictEqual(['interval', 720]);
    await schedule.stop();
  });
});

test('in every history, sweeps do not overlap, none runs without leadership, and one runs in the end', async () => {
  const event = fc.record({
    after: fc.integer({ min: 0, max: 90 * SECOND }),
    what: fc.constantFrom('lead', 'lose', 'change', 'request', 'reload', 'slow', 'fast', 'partial'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 30 }),
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true })),
      async (events, chances) => {
        let draws = 0;
        const random = (): number => chances[(draws += 1) % (chances.length + 1)] ?? 0.5;
        const { time, runs, settings, state, schedule } = scheduled({ interval: 2 * MINUTE, jitter: 1, random });
        let leadership = new AbortController();
        leadership.abort();
        const check = (): void => {
          expect(state.most).toBeLessThanOrEqual(1);
          if (leadership.signal.aborted) expect(state.running).toBe(0);
        };
        for (const { after, what } of events) {
          await time.pass(after, check);
          if (what === 'lead' && leadership.signal.aborted) {
            leadership = new AbortController();
            schedule.startLeading(leadership.signal);
          }
          if (what === 'lose') leadership.abort();
          if (what === 'change') schedule.objectChanged();
          if (what === 'request') {
            const isBusy = state.running > 0 || schedule.untilRequest() > 0;
            const expected = leadership.signal.aborted ? 'not-leading' : isBusy ? 'queued' : 'started';
            expect([schedule.request(), what]).toStrictEqual([expected, what]);
          }
          if (what === 'reload') {
            settings.interval = settings.interval === MINUTE ? 2 * MINUTE : MINUTE;
            schedule.reload();
          }
          if (what === 'slow') state.takes = 3 * MINUTE;
          if (what === 'fast') state.takes = SECOND;
          if (what === 'partial') state.isToRetry = !state.isToRetry;
        }
        leadership.abort();
        await time.pass(0, check);
        schedule.startLeading((leadership = new AbortController()).signal);
        const before = runs.length;
        await time.pass(FIRST_DELAY, check);
        expect(runs.length).toBe(before + 1);
        await schedule.stop();
        expect(state.running).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});
