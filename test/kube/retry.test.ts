import { describe, expect, test } from '@jest/globals';

import { ApiFault, type ApiAnswer, type ApiRequest } from '../../src/kube/api.ts';
import { HttpFault } from '../../src/kube/http/fault.ts';
import { retrying } from '../../src/kube/retry.ts';

type Step = ApiAnswer | Error;
type Method = NonNullable<ApiRequest['method']>;

const answer = (status: number, more: Partial<ApiAnswer> = {}): ApiAnswer => ({
  status,
  contentType: 'application/json',
  text: '{}',
  ...more,
});
const says = (message: string) => ({ text: JSON.stringify({ kind: 'Status', message }) });
const cut = new ApiFault('read ECONNRESET', undefined, {
  cause: new HttpFault('unreachable', 'read ECONNRESET', { wasCut: true }),
});
const refused = new ApiFault('x', undefined, { cause: new HttpFault('unreachable', 'connect ECONNREFUSED') });

/** An API that answers in this order, each call after `takes` milliseconds, on its own clock. */
function world(steps: readonly Step[], { takes = 0, abortAt = Infinity } = {}) {
  let now = 0;
  const waits: number[] = [];
  const timeouts: (number | undefined)[] = [];
  const abort = new AbortController();
  const api = retrying(
    ({ timeout }) => {
      const step = steps[Math.min(timeouts.length, steps.length - 1)];
      timeouts.push(timeout);
      now += takes;
      return step instanceof Error ? Promise.reject(step) : Promise.resolve(step ?? ok);
    },
    {
      clock: () => now,
      pause: (milliseconds) => {
        waits.push(milliseconds);
        now += milliseconds;
        if (waits.length >= abortAt) abort.abort();
        return Promise.resolve();
      },
      random: () => 0,
    },
  );
  const ask = (request: Partial<ApiRequest> = {}) => api({ path: '/', ...request }, abort.signal);
  return { ask, waits, timeouts };
}

const ok = answer(200);

describe('a call that fails for a temporary reason', () => {
  test.each<[string, Step, Method, number]>([
    ['429 with Retry-After', answer(429, { retryAfter: 3 }), 'GET', 3000],
    ['429 with Retry-After', answer(429, { retryAfter: 3 }), 'POST', 3000],
    ['429 without Retry-After', answer(429), 'PUT', 1000],
    ['503 with Retry-After', answer(503, { retryAfter: 2 }), 'DELETE', 2000],
    ['500 with Retry-After', answer(500, { retryAfter: 1 }), 'PATCH', 1000],
    ['a new leader of etcd', answer(500, says('etcdserver: leader changed')), 'GET', 1000],
    ['a slow etcd', answer(500, says('etcdserver: request timed out')), 'GET', 1000],
    ['a slow API server', answer(504, says('Timeout: request did not complete')), 'GET', 1000],
    ['a connection that was cut', cut, 'GET', 1000],
  ])('is repeated after %s: %j %s', async (_why, first, method, wait) => {
    const { ask, waits } = world([first, ok]);
    expect(await ask({ method })).toEqual(ok);
    expect(waits).toEqual([wait]);
  });

  test.each<[string, Step, Method]>([
    ['403', answer(403, { retryAfter: 1 }), 'GET'],
    ['503 without Retry-After', answer(503), 'GET'],
    ['the same message from a kubelet behind the proxy', answer(500, { text: 'etcdserver: leader changed' }), 'GET'],
    ['a write that may have been done', answer(500, says('etcdserver: request timed out')), 'PUT'],
    ['a write whose connection was cut', cut, 'POST'],
    ['a server that cannot be reached', refused, 'GET'],
  ])('is not repeated after %s', async (_why, first, method) => {
    const { ask, timeouts } = world([first, ok]);
    await ask({ method }).catch(() => undefined);
    expect(timeouts).toHaveLength(1);
  });

  test('is given up after ten retries, with the last answer', async () => {
    const { ask, timeouts } = world([answer(429)]);
    expect(await ask()).toMatchObject({ status: 429 });
    expect(timeouts).toHaveLength(11);
    await expect(world([cut]).ask()).rejects.toBe(cut);
  });

  test('is not repeated if the wait would exceed its timeout', async () => {
    const long = world([answer(429, { retryAfter: 60 })]);
    expect(await long.ask({ timeout: 5000 })).toMatchObject({ status: 429 });
    expect(long.waits).toEqual([]);
    const slow = world([answer(429)], { takes: 1500 });
    await slow.ask({ timeout: 5000 });
    expect(slow.timeouts).toEqual([5000, 2500]);
  });

  test('is repeated even as a write, if that may be done twice', async () => {
    expect(await world([cut, ok]).ask({ method: 'POST', mayRepeat: true })).toEqual(ok);
  });

  test('ends when it is stopped', async () => {
    const { ask, timeouts } = world([answer(429)], { abortAt: 2 });
    expect(await ask()).toMatchObject({ status: 429 });
    expect(timeouts).toHaveLength(2);
  });
});
