import { describe, expect, test } from '@jest/globals';

import { controls } from '../../src/controls/index.ts';
import { detectChanges } from '../../src/sweeper/changes.ts';
import { inspect } from '../../src/inspect.ts';
import { apiServerPod } from './run/cluster.ts';
import { AMPLE } from '../support/budget.ts';

function setUp() {
  let changes = 0;
  const findingsOf = (value: unknown) =>
    inspect(controls, [{ form: 'object', source: { object: 'Pod' }, vantage: 'running', value }], AMPLE).findings;
  const notices = detectChanges(findingsOf, () => (changes += 1));
  return { notices, changes: () => changes };
}

const seen = (uid: string, object: unknown) => ({ namespace: 'kube-system', name: uid, uid, object });
const gone = (uid: string) => ({ namespace: 'kube-system', name: uid, uid });

describe('changes that start a sweep', () => {
  test('a pod of a component is created or deleted; other pods do not count', () => {
    const { notices, changes } = setUp();
    const document = apiServerPod('kube-apiserver-a', '192.0.2.1');
    const pod = document.form === 'object' ? document.value : undefined;
    notices.pods.seen(seen('1', pod));
    notices.pods.seen(seen('1', { ...(pod as object), status: { phase: 'Running' } }));
    notices.pods.seen(seen('2', { kind: 'Pod', apiVersion: 'v1', spec: { containers: [{ name: 'coredns' }] } }));
    notices.pods.gone(gone('2'));
    expect(changes()).toBe(1);
    notices.pods.gone(gone('1'));
    expect(changes()).toBe(2);
  });

  test('the data of a ConfigMap changes; its labels do not count', () => {
    const { notices, changes } = setUp();
    notices.configMaps.seen(seen('1', { data: { kubelet: 'a' } }));
    notices.configMaps.seen(seen('1', { data: { kubelet: 'a' }, metadata: { labels: { x: 'y' } } }));
    expect(changes()).toBe(1);
    notices.configMaps.seen(seen('1', { data: { kubelet: 'b' } }));
    expect(changes()).toBe(2);
  });

  test('the address, kubelet version or readiness of a node changes; its heartbeat does not count', () => {
    const { notices, changes } = setUp();
    const at = (status: object) => seen('1', { status });
    const ready = (status: string, lastHeartbeatTime: string) => [{ type: 'Ready', status, lastHeartbeatTime }];
    notices.nodes.seen(at({ nodeInfo: { kubeletVersion: 'v1.37.2' }, conditions: ready('True', '1') }));
    notices.nodes.seen(at({ nodeInfo: { kubeletVersion: 'v1.37.2' }, conditions: ready('True', '2') }));
    expect(changes()).toBe(1);
    notices.nodes.seen(at({ nodeInfo: { kubeletVersion: 'v1.37.2' }, conditions: ready('False', '3') }));
    notices.nodes.seen(at({ nodeInfo: { kubeletVersion: 'v1.38.0' }, conditions: ready('False', '3') }));
    notices.nodes.gone(gone('1'));
    notices.nodes.gone(gone('1'));
    expect(changes()).toBe(4);
    notices.nodes.seen(at({}));
    notices.nodes.seen(seen('1', 'no object at all'));
    expect(changes()).toBe(5);
  });
});
