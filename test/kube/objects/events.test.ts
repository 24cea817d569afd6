import { expect, test } from '@jest/globals';

import { ApiFault } from '../../../src/kube/api.ts';
import { eventSink } from '../../../src/kube/objects/events.ts';
import { reportWorld, status } from '../../sweeper/reports/report-world.ts';

const { signal } = new AbortController();
const event = { metadata: { name: 'kubelet-guard.1', namespace: 'kube-system' }, reason: 'KubeletGuardViolation' };

test('an Event is created in its namespace', async () => {
  const world = reportWorld();

  expect(await eventSink(world.api)(event, signal)).toBeUndefined();

  expect(world.calls).toEqual(['POST /api/v1/namespaces/kube-system/events']);
  expect(world.events()).toMatchObject([event]);
});

test('an Event that already exists stays unchanged, without a problem', async () => {
  const world = reportWorld();
  const announce = eventSink(world.api);
  await announce(event, signal);

  expect(await announce({ ...event, metadata: { ...event.metadata } }, signal)).toBeUndefined();

  expect(world.events()).toHaveLength(1);
});

test.each([
  [401, 'forbidden', 'may not create Events in kube-system: give the service account this right'],
  [403, 'forbidden', 'may not create Events in kube-system: give the service account this right'],
  [404, 'not-found', 'there is no namespace kube-system'],
  [422, 'malformed', 'denies the Event'],
  [429, 'unreachable', 'the next sweep tries again'],
  [503, 'unreachable', 'the next sweep tries again'],
])('a denial with %i is a problem that says what to do', async (code, problem, words) => {
  const world = reportWorld();
  world.intercept = () => status(code, 'its words');

  expect(await eventSink(world.api)(event, signal)).toMatchObject({
    code: problem,
    message: expect.stringContaining(words) as unknown,
  });
});

test('an API server that does not answer is a problem, not a rejection', async () => {
  const world = reportWorld();
  world.intercept = () => new ApiFault('connection refused');

  expect(await eventSink(world.api)(event, signal)).toMatchObject({ code: 'unreachable' });
});
