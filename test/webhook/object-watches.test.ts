import { describe, expect, test } from '@jest/globals';

import { controls } from '../../src/controls/index.ts';
import { startObjectWatches, type WatchedObjects } from '../../src/webhook/object-watches.ts';
import { createObjectCache } from '../../src/webhook/object-cache.ts';
import { createLog } from '../../src/runtime/log.ts';
import type { ObjectWatchEvents } from '../../src/kube/watch/object-watch.ts';
import { Lines } from '../support/admission.ts';
import { AMPLE } from '../support/budget.ts';

function setUp(kind: WatchedObjects['kind'] = 'Pod') {
  const lines = new Lines();
  const cache = createObjectCache(() => new Date(0));
  const followed: string[][] = [];
  const waits: (() => void)[] = [];
  let events: ObjectWatchEvents | undefined;
  const { watch, unready, stop } = startObjectWatches({
    allowance: AMPLE,
    controls,
    cache,
    log: createLog('debug', lines),
    watched: [
      {
        kind,
        label: 'mirror pods',
        isIn: (namespace) => namespace !== 'elsewhere',
        watch: (given) => {
          events = given;
          return { follow: (namespaces) => followed.push([...namespaces]), stop: () => Promise.resolve() };
        },
      },
    ],
    pause: () => new Promise<void>((resolve) => waits.push(resolve)),
  });
  if (events === undefined) throw new Error('no watch was made');
  const timeIsOver = async () => {
    for (const end of waits) end();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { watch, unready, stop, cache, followed, events, lines, timeIsOver };
}

const KUBE_SYSTEM = new Set(['kube-system']);

function object(annotations: object, command: readonly string[]) {
  const metadata = { name: 'kube-apiserver-cp-1', namespace: 'kube-system', annotations };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { nodeName: 'cp-1', containers: [{ name: 'x', image: 'x', command }] },
  };
}

const MIRROR = { 'kubernetes.io/config.mirror': 'x' };
const ID = { namespace: 'kube-system', name: 'kube-apiserver-cp-1', uid: '1' };

describe('the watch of pods', () => {
  test('makes the webhook unready until each namespace is listed', () => {
    const { watch, unready, events } = setUp();
    expect(unready()).toBeUndefined();
    watch(new Set(['kube-system', 'elsewhere', 'clusters']));
    expect(unready()).toBe('waiting for the mirror pods of kube-system, mirror pods of clusters');
    events.state('kube-system', undefined);
    expect(unready()).toBe('waiting for the mirror pods of clusters');
    events.state('clusters', undefined);
    expect(unready()).toBeUndefined();
  });

  test('makes it unready for a limited time, and not again when the namespaces change', async () => {
    const { watch, unready, events, lines, timeIsOver, followed } = setUp();
    watch(KUBE_SYSTEM);
    events.state('kube-system', 'connect ECONNREFUSED');
    expect(unready()).toBeDefined();
    await timeIsOver();
    expect(unready()).toBeUndefined();
    watch(new Set(['kube-system', 'other']));
    expect(unready()).toBeUndefined();
    expect(followed).toStrictEqual([['kube-system'], ['kube-system', 'other']]);
    expect(lines.entries).toMatchObject([
      { level: 'warn', namespace: 'kube-system', reason: 'connect ECONNREFUSED' },
      {
        level: 'warn',
        missing: ['mirror pods of kube-system'],
        msg: expect.stringContaining('not all objects could be listed'),
      },
    ]);
  });

  test('logs nothing when the time is over and all was listed, or after the stop', async () => {
    const seen = setUp();
    seen.watch(KUBE_SYSTEM);
    seen.events.state('kube-system', undefined);
    await seen.timeIsOver();
    expect(seen.lines.entries).toMatchObject([{ level: 'info', msg: 'mirror pods are watched' }]);
    const stopped = setUp();
    stopped.watch(KUBE_SYSTEM);
    await stopped.stop();
    await stopped.timeIsOver();
    expect(stopped.lines.entries).toStrictEqual([]);
  });

  test('caches the findings of mirror pods, by the same inspection as at admission', () => {
    const { events, cache } = setUp();
    const cached = () =>
      cache
        .get({ kind: 'Pod', namespace: 'kube-system', name: ID.name, node: 'cp-1' })
        ?.filter(({ control }) => control === 'apiserver-kubelet-client-cert')
        .map(({ result }) => result);
    events.seen({ ...ID, object: object({}, ['kube-apiserver']) });
    expect(cached()).toBeUndefined();
    events.seen({ ...ID, object: object(MIRROR, ['kube-apiserver']) });
    expect(cached()).toStrictEqual(['fail']);
    events.gone(ID);
    expect(cached()).toStrictEqual(['fail']);
    events.seen({ ...ID, uid: '2', object: object({}, ['kube-apiserver']) });
    expect(cached()).toStrictEqual([]);
  });

  test('caches the findings of a ConfigMap', () => {
    const { events, cache } = setUp('ConfigMap');
    const name = { namespace: 'kube-system', name: 'kubelet-config' };
    const kubelet = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
    events.seen({
      ...name,
      uid: '1',
      object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: name, data: { kubelet } },
    });
    const known = cache.get({ kind: 'ConfigMap', ...name });
    const ofCA = known?.filter(({ control }) => control === 'kubelet-client-ca');
    expect(ofCA?.map(({ result }) => result)).toStrictEqual(['fail']);
    expect(cache.get({ kind: 'Pod', node: 'cp-1', ...name })).toBeUndefined();
  });

  test('logs a bug and continues', () => {
    const { events, lines } = setUp();
    events.crashed(new Error('a bug'));
    expect(lines.entries).toMatchObject([{ level: 'error', err: { message: 'a bug' } }]);
  });
});
