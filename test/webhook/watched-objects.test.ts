import { describe, expect, test } from '@jest/globals';

import { controls } from '../../src/controls/index.ts';
import { followObjects, type Followed } from '../../src/webhook/watched-objects.ts';
import { rememberObjects } from '../../src/webhook/memory.ts';
import { createLog } from '../../src/runtime/log.ts';
import type { ObjectWatchEvents } from '../../src/kube/watch/object-watch.ts';
import { Lines } from '../support/admission.ts';
import { AMPLE } from '../support/budget.ts';

function following(kind: Followed['kind'] = 'Pod') {
  const lines = new Lines();
  const memory = rememberObjects(() => new Date(0));
  const followed: string[][] = [];
  const waits: (() => void)[] = [];
  let events: ObjectWatchEvents | undefined;
  const { follow, unready, stop } = followObjects({
    allowance: AMPLE,
    controls,
    memory,
    log: createLog('debug', lines),
    followed: [
      {
        kind,
        what: 'mirror pods',
        within: (namespace) => namespace !== 'elsewhere',
        watch: (given) => {
          events = given;
          return { follow: (namespaces) => followed.push([...namespaces]), stop: () => Promise.resolve() };
        },
      },
    ],
    pause: () => new Promise<void>((resolve) => waits.push(resolve)),
  });
  if (events === undefined) throw new Error('no watch was made');
  const patienceEnds = async () => {
    for (const end of waits) end();
    await Promise.resolve();
    await Promise.resolve();
  };
  return { follow, unready, stop, memory, followed, events, lines, patienceEnds };
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

describe('following the pods of a cluster', () => {
  test('is waited for until each namespace is followed', () => {
    const { follow, unready, events } = following();
    expect(unready()).toBeUndefined();
    follow(new Set(['kube-system', 'elsewhere', 'clusters']));
    expect(unready()).toBe('waiting for the mirror pods of kube-system, mirror pods of clusters');
    events.state('kube-system', undefined);
    expect(unready()).toBe('waiting for the mirror pods of clusters');
    events.state('clusters', undefined);
    expect(unready()).toBeUndefined();
  });

  test('is not waited for without end, and a later change of the namespaces does not make it unready', async () => {
    const { follow, unready, events, lines, patienceEnds, followed } = following();
    follow(KUBE_SYSTEM);
    events.state('kube-system', 'connect ECONNREFUSED');
    expect(unready()).toBeDefined();
    await patienceEnds();
    expect(unready()).toBeUndefined();
    follow(new Set(['kube-system', 'other']));
    expect(unready()).toBeUndefined();
    expect(followed).toStrictEqual([['kube-system'], ['kube-system', 'other']]);
    expect(lines.entries).toMatchObject([
      { level: 'warn', namespace: 'kube-system', reason: 'connect ECONNREFUSED' },
      {
        level: 'warn',
        missing: ['mirror pods of kube-system'],
        msg: expect.stringContaining('not all objects were seen'),
      },
    ]);
  });

  test('says nothing when the patience ends after all was seen, or after the stop', async () => {
    const seen = following();
    seen.follow(KUBE_SYSTEM);
    seen.events.state('kube-system', undefined);
    await seen.patienceEnds();
    expect(seen.lines.entries).toMatchObject([{ level: 'info', msg: 'mirror pods are followed' }]);
    const stopped = following();
    stopped.follow(KUBE_SYSTEM);
    await stopped.stop();
    await stopped.patienceEnds();
    expect(stopped.lines.entries).toStrictEqual([]);
  });

  test('remembers the findings of mirror pods, by the same inspection as at admission', () => {
    const { events, memory } = following();
    const last = () =>
      memory
        .last({ kind: 'Pod', namespace: 'kube-system', name: ID.name, node: 'cp-1' })
        ?.filter(({ control }) => control === 'apiserver-kubelet-client-cert')
        .map(({ result }) => result);
    events.seen({ ...ID, object: object({}, ['kube-apiserver']) });
    expect(last()).toBeUndefined();
    events.seen({ ...ID, object: object(MIRROR, ['kube-apiserver']) });
    expect(last()).toStrictEqual(['fail']);
    events.gone(ID);
    expect(last()).toStrictEqual(['fail']);
    events.seen({ ...ID, uid: '2', object: object({}, ['kube-apiserver']) });
    expect(last()).toStrictEqual([]);
  });

  test('remembers the findings of a ConfigMap', () => {
    const { events, memory } = following('ConfigMap');
    const name = { namespace: 'kube-system', name: 'kubelet-config' };
    const kubelet = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
    events.seen({
      ...name,
      uid: '1',
      object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: name, data: { kubelet } },
    });
    const known = memory.last({ kind: 'ConfigMap', ...name });
    const ofCA = known?.filter(({ control }) => control === 'kubelet-client-ca');
    expect(ofCA?.map(({ result }) => result)).toStrictEqual(['fail']);
    expect(memory.last({ kind: 'Pod', node: 'cp-1', ...name })).toBeUndefined();
  });

  test('logs a bug and goes on', () => {
    const { events, lines } = following();
    events.crashed(new Error('a bug'));
    expect(lines.entries).toMatchObject([{ level: 'error', err: { message: 'a bug' } }]);
  });
});
