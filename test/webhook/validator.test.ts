import { readdirSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

import { createValidator, type Validate } from '../../src/webhook/validator.ts';
import { createObjectCache, type ObjectCache } from '../../src/webhook/object-cache.ts';
import { inspect } from '../../src/inspect.ts';
import { previousOutcomeOf } from '../../src/policy/decision/decide.ts';
import type { Action } from '../../src/policy/control.ts';
import type { DecisionPolicy } from '../../src/policy/finding.ts';
import type { Surface } from '../../src/policy/reading.ts';
import { verdictOf } from '../../src/outputs/admission/answer.ts';
import { recorded, recordedReviews, requestOf, review } from '../support/admission.ts';
import { ofTheLink } from '../support/controls.ts';
import { AMPLE } from '../support/budget.ts';

function validatorWith(
  configured: Action | DecisionPolicy['action'],
  onUnknown: DecisionPolicy['onUnknown'] = 'audit',
  cache: ObjectCache = createObjectCache(() => new Date(0)),
  exemptions: DecisionPolicy['exemptions'] = [],
): Validate {
  const action = typeof configured === 'string' ? () => configured : configured;
  return createValidator({
    allowance: AMPLE,
    stored: () => [],
    configuration: () => ({
      controls: ofTheLink,
      policy: { action, onUnknown, exemptions },
      namespaces: new Set(['kube-system']),
    }),
    cache,
    now: () => new Date(0),
  });
}

function kubeletConfig(clientCAFile: string | undefined): unknown {
  const x509 = clientCAFile === undefined ? {} : { clientCAFile };
  const kubelet = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { x509 },
  };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kubelet-config', namespace: 'kube-system' },
    data: { kubelet: JSON.stringify(kubelet) },
  };
}

const GOOD = kubeletConfig('/etc/kubernetes/pki/ca.crt');
const BAD = kubeletConfig(undefined);

function pod(flags: readonly string[]): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'kube-apiserver-cp-1', namespace: 'kube-system' },
    spec: { containers: [{ name: 'kube-apiserver', image: 'kube-apiserver', command: ['kube-apiserver', ...flags] }] },
  };
}

const BOTH = ['--kubelet-client-certificate=/a.crt', '--kubelet-client-key=/a.key'];

const POD_REQUEST = {
  kind: { group: '', version: 'v1', kind: 'Pod' },
  resource: { group: '', version: 'v1', resource: 'pods' },
  name: 'kube-apiserver-cp-1',
  userInfo: { username: 'system:node:cp-1' },
};

function mirror(flags: readonly string[]): Record<string, unknown> {
  const manifest = pod(flags);
  return {
    ...manifest,
    metadata: { ...(manifest.metadata as object), annotations: { 'kubernetes.io/config.mirror': 'x' } },
  };
}

/** The decisions under enforce and under audit on each review that a real API server sent. */
const VERDICTS = {
  '001-CREATE-pods-kube-apiserver-node-1-system_node_node-1.json': ['allow', 'allow'],
  '002-UPDATE-pods.status-kube-apiserver-node-1-system_node_node-1.json': ['skip', 'skip'],
  '003-UPDATE-pods.status-kube-apiserver-node-1-system_node_node-1.json': ['skip', 'skip'],
  '004-CREATE-configmaps-kubelet-config-admin.json': ['allow', 'allow'],
  '005-UPDATE-configmaps-kubelet-config-admin-dry.json': ['deny', 'warn'],
  '006-UPDATE-configmaps-kubelet-config-admin.json': ['deny', 'warn'],
  '007-CREATE-configmaps-kubeadm-config-admin.json': ['deny', 'warn'],
  '008-UPDATE-pods-kube-apiserver-node-1-admin.json': ['skip', 'skip'],
  '009-DELETE-configmaps-kubelet-config-admin.json': ['skip', 'skip'],
  '010-DELETE-pods-kube-apiserver-node-1-system_node_node-1.json': ['skip', 'skip'],
  '011-DELETE-pods-kube-apiserver-node-1-system_node_node-1.json': ['skip', 'skip'],
  '012-DELETE-pods-kube-apiserver-node-1-system_node_node-1.json': ['skip', 'skip'],
  '013-CREATE-pods-kube-apiserver-node-1-system_node_node-1.json': ['deny', 'warn'],
  '014-UPDATE-pods.status-kube-apiserver-node-1-system_node_node-1.json': ['skip', 'skip'],
  '015-UPDATE-pods.status-kube-apiserver-node-1-system_node_node-1.json': ['skip', 'skip'],
} as const;

describe('the reviews that a real API server sent', () => {
  test('are all in the table', () => {
    expect(readdirSync(recordedReviews).sort()).toStrictEqual(Object.keys(VERDICTS).sort());
  });

  test.each(Object.entries(VERDICTS))('%s', (file, [enforced, audited]) => {
    const request = requestOf(recorded(file));
    expect([verdictOf(validatorWith('enforce')(request)), verdictOf(validatorWith('audit')(request))]).toStrictEqual([
      enforced,
      audited,
    ]);
    expect(verdictOf(validatorWith('off')(request))).toBe(enforced === 'skip' ? 'skip' : 'allow');
  });
});

describe('a request for', () => {
  test.each([
    ['the deletion of a ConfigMap', { operation: 'DELETE', object: null, oldObject: BAD }],
    ['a subresource', { subResource: 'status' }],
    ['another namespace', { namespace: 'default' }],
    ['no namespace', { namespace: '' }],
    ['another resource', { resource: { group: '', version: 'v1', resource: 'secrets' } }],
    [
      'a resource of the same name in another group',
      { resource: { group: 'x', version: 'v1', resource: 'configmaps' } },
    ],
    ['the connection to a pod', { ...POD_REQUEST, subResource: 'exec', operation: 'CONNECT' }],
    ['the deletion of a pod', { ...POD_REQUEST, operation: 'DELETE', object: null, oldObject: pod([]) }],
    ['the deletion of nothing known', { ...POD_REQUEST, operation: 'DELETE', object: null, oldObject: null }],
  ])('%s is not checked', (_name, request) => {
    expect(validatorWith('enforce')(requestOf(review({ object: BAD, ...request })))).toBeUndefined();
  });

  test.each(['deployments', 'statefulsets', 'daemonsets', 'replicasets'])(
    '%s is checked on CREATE and UPDATE',
    (resource) => {
      const kind =
        { deployments: 'Deployment', statefulsets: 'StatefulSet', daemonsets: 'DaemonSet' }[resource] ?? 'ReplicaSet';
      for (const operation of ['CREATE', 'UPDATE']) {
        const object = { apiVersion: 'apps/v1', kind, metadata: { name: 'x' }, spec: { template: pod([]) } };
        const request = {
          kind: { kind },
          resource: { group: 'apps', version: 'v1', resource },
          operation,
          object,
          oldObject: { ...object, spec: {} },
        };
        expect(verdictOf(validatorWith('enforce')(requestOf(review(request))))).toBe('deny');
      }
    },
  );

  test('a dry run gets the same decision', () => {
    expect(verdictOf(validatorWith('enforce')(requestOf(review({ object: BAD, dryRun: true }))))).toBe('deny');
  });

  test('a pod that has no name yet is named by its generateName', () => {
    const object = { ...pod([]), metadata: { generateName: 'kube-apiserver-' } };
    const decision = validatorWith('enforce')(requestOf(review({ ...POD_REQUEST, name: '', object })));
    expect(decision?.denied[0]?.source).toStrictEqual({ object: 'Pod kube-system/kube-apiserver-*' });
  });

  test.each([null, 7, 'x', [], {}])('a pod with the metadata %j does not crash it', (metadata) => {
    const object = { apiVersion: 'v1', kind: 'Pod', metadata };
    expect(validatorWith('enforce')(requestOf(review({ ...POD_REQUEST, name: '', object })))?.allowed).toBe(true);
  });

  test('an object nested as deep as a body can be does not crash it', () => {
    const deep = `{"apiVersion":"v1","kind":"Pod","metadata":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`;
    const body = JSON.stringify(review(POD_REQUEST)).replace(/"object":\{.*?\}\}/, `"object":${deep}`);
    expect(verdictOf(validatorWith('enforce')(requestOf(body)))).toBe('allow');
  });
});

describe('an object whose inspection crashes, so that it has no findings,', () => {
  const crash = (): never => {
    throw new Error('poisoned');
  };
  const poison = new Proxy({}, { get: crash, has: crash, ownKeys: crash });
  const poisoned = { ...requestOf(review({ object: GOOD })), object: poison };

  test.each([
    ['enforce', 'deny', 'deny'],
    ['ratchet', 'deny', 'deny'],
    ['enforce', 'audit', 'warn'],
    ['audit', 'deny', 'warn'],
    ['off', 'deny', 'allow'],
  ] as const)('is unknown: under %s with onUnknown %s the answer is %s', (action, onUnknown, verdict) => {
    const decision = validatorWith(action, onUnknown)(poisoned);
    expect(verdictOf(decision)).toBe(verdict);
    const { denied = [], warned = [] } = decision ?? {};
    for (const { outcome, subject } of [...denied, ...warned]) {
      expect(subject).toMatchObject({ kind: 'ConfigMap', namespace: 'kube-system', name: 'kubelet-config' });
      expect(outcome).toMatchObject({ result: 'unknown', problems: [{ code: 'crashed' }] });
    }
    expect(denied.length + warned.length).toBe(action === 'off' ? 0 : ofTheLink.length);
  });

  test('gets the strictest action, because its surface is not known', () => {
    const action: DecisionPolicy['action'] = (_control, surface) => (surface === 'workload' ? 'enforce' : 'audit');
    expect(verdictOf(validatorWith(action, 'deny')(poisoned))).toBe('deny');
  });

  test('can be exempted by its name', () => {
    const exemptions = ofTheLink.map(({ slug }) => ({
      ...{ control: slug, subject: 'configmap/kubelet-config', reason: 'known', expires: '2027-01-01' },
    }));
    expect(verdictOf(validatorWith('enforce', 'deny', undefined, exemptions)(poisoned))).toBe('allow');
  });
});

describe('ratchet', () => {
  const update = (object: unknown, oldObject: unknown) => requestOf(review({ operation: 'UPDATE', object, oldObject }));

  test.each([
    ['makes it worse', BAD, GOOD, 'deny'],
    ['leaves it as bad as before', BAD, BAD, 'warn'],
    ['makes it better', GOOD, BAD, 'allow'],
  ] as const)('an update that %s', (_name, object, oldObject, verdict) => {
    expect(verdictOf(validatorWith('ratchet')(update(object, oldObject)))).toBe(verdict);
  });

  test('acts like enforce if the old object is not known', () => {
    expect(verdictOf(validatorWith('ratchet')(requestOf(review({ object: BAD }))))).toBe('deny');
  });

  describe('on a CREATE by kubeadm for a ConfigMap that exists', () => {
    const kubeletConfigName = { kind: 'ConfigMap', namespace: 'kube-system', name: 'kubelet-config' } as const;
    const create = requestOf(review({ object: BAD }));

    test.each([
      ['fails already', BAD, 'warn'],
      ['passes', GOOD, 'deny'],
    ] as const)('and %s', (_name, existing, verdict) => {
      const cache = createObjectCache(() => new Date(0));
      const value = { form: 'object', source: { object: 'it' }, vantage: 'declared', value: existing } as const;
      cache.set({ ...kubeletConfigName, uid: '1' }, inspect(ofTheLink, [value], AMPLE).findings.map(previousOutcomeOf));
      expect(verdictOf(validatorWith('ratchet', 'audit', cache)(create))).toBe(verdict);
    });
  });

  describe('on a mirror pod, which is deleted and re-created', () => {
    const create = (flags: readonly string[], dryRun = false) =>
      requestOf(review({ ...POD_REQUEST, object: mirror(flags), dryRun }));
    const remove = (flags: readonly string[]) =>
      requestOf(review({ ...POD_REQUEST, operation: 'DELETE', object: null, oldObject: mirror(flags) }));
    /** A cache after a watch has seen the pod. */
    const cacheWith = (flags: readonly string[], node = 'cp-1'): ObjectCache => {
      const cache = createObjectCache(() => new Date(0));
      const source = { object: 'it' };
      const value = { form: 'object', source, vantage: 'running', value: mirror(flags) } as const;
      const name = { kind: 'Pod', namespace: 'kube-system', name: POD_REQUEST.name, node, uid: '1' } as const;
      cache.set(name, inspect(ofTheLink, [value], AMPLE).findings.map(previousOutcomeOf));
      return cache;
    };

    test('compares with the mirror pod that a watch saw last', () => {
      expect(verdictOf(validatorWith('ratchet', 'audit', cacheWith([]))(create([])))).toBe('warn');
      expect(verdictOf(validatorWith('ratchet', 'audit', cacheWith(BOTH))(create([])))).toBe('deny');
    });

    test('does not compare with a mirror pod of the same name on another node', () => {
      expect(verdictOf(validatorWith('ratchet', 'audit', cacheWith([], 'node-1'))(create([])))).toBe('deny');
    });

    test('keeps nothing of requests, because anybody who reaches the port can send them', () => {
      const validate = validatorWith('ratchet', 'audit', cacheWith(BOTH));
      for (const request of [remove([]), create([], true), create([]), remove([])]) validate(request);
      expect(verdictOf(validate(create([])))).toBe('deny');
      const failing = validatorWith('ratchet', 'audit', cacheWith([]));
      for (const request of [create(BOTH), remove(BOTH), create(BOTH)]) failing(request);
      expect(verdictOf(failing(create([])))).toBe('warn');
    });

    test('handles a mirror pod that no kubelet sends like any other pod', () => {
      const actions = (surface: Surface): Action => (surface === 'pod' ? 'enforce' : 'audit');
      const validate = validatorWith((_control, surface) => actions(surface));
      const request = { ...POD_REQUEST, object: mirror([]), userInfo: { username: 'somebody' } };
      expect(verdictOf(validate(requestOf(review(request))))).toBe('deny');
      expect(verdictOf(validate(create([])))).toBe('warn');
    });
  });
});

test('an unknown finding is denied only if the configuration says so', () => {
  const request = requestOf(review({ ...POD_REQUEST, object: pod([...BOTH, '--kubelet-client-key=$(FROM_FIELD)']) }));
  const object = request.object as { spec: { containers: { env?: unknown }[] } };
  const env = [{ name: 'FROM_FIELD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }];
  object.spec.containers[0] = { ...object.spec.containers[0], env };
  expect(verdictOf(validatorWith('enforce')(request))).toBe('warn');
  expect(verdictOf(validatorWith('enforce', 'deny')(request))).toBe('deny');
});
