import { describe, expect, test } from '@jest/globals';

import { controls } from '../../src/controls/index.ts';
import { createValidator } from '../../src/webhook/validator.ts';
import { createObjectCache } from '../../src/webhook/object-cache.ts';
import { verdictOf, type AdmissionVerdict } from '../../src/outputs/admission/answer.ts';
import { requestOf, review } from '../support/admission.ts';
import { AMPLE } from '../support/budget.ts';

const NODE = 'edge-1';
const NAME = `kube-apiserver-${NODE}`;
const KUBELET = { username: `system:node:${NODE}`, groups: ['system:nodes', 'system:authenticated'] };
const SOMEBODY = { username: 'mallory', groups: ['system:masters'] };

interface Change {
  readonly subject: string;
  readonly userInfo?: object | undefined;
  readonly metadata?: object;
  readonly spec?: object;
  readonly container?: object;
  readonly request?: object;
  readonly day?: string;
}

/** The decision of `enforce` on a kube-apiserver without its flags, if one subject is exempt from both controls. */
function verdict({
  subject,
  userInfo,
  metadata,
  spec,
  container,
  request,
  day = '2027-01-31',
}: Change): AdmissionVerdict {
  const exempt = { subject, reason: 'vendor appliance, ticket 4711', expires: '2027-01-31' };
  const now = () => new Date(`${day}T23:59:59Z`);
  const exemptions = controls.map(({ slug }) => ({ ...exempt, control: slug }));
  const validate = createValidator({
    allowance: AMPLE,
    stored: () => [],
    configuration: () => ({
      controls,
      policy: { action: () => 'enforce', onUnknown: 'deny', exemptions },
      namespaces: new Set(['kube-system']),
    }),
    cache: createObjectCache(now),
    now,
  });
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: NAME, namespace: 'kube-system', ...metadata },
    spec: {
      nodeName: NODE,
      containers: [{ name: 'x', image: 'x', command: ['kube-apiserver'], ...container }],
      ...spec,
    },
  };
  const pods = { group: '', version: 'v1', resource: 'pods' };
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  return verdictOf(validate(requestOf(review({ resource: pods, kind, name: NAME, object, userInfo, ...request }))));
}

describe('an exemption', () => {
  test.each([
    ['of the node', 'node/edge-*'],
    ['of the pod', `pod/kube-system/${NAME}`],
    ['of the pod in any namespace', `Pod/${NAME}`],
    ['of pods like it', 'pod/kube-system/kube-apiserver-edge-*'],
  ])('%s allows requests of the kubelet', (_name, subject) => {
    expect(verdict({ subject, userInfo: KUBELET })).toBe('allow');
  });

  test.each([
    ['of another node', 'node/edge-2'],
    ['of a pod in another namespace', `pod/default/${NAME}`],
    ['of another kind', `configmap/kube-system/${NAME}`],
    ['of a part of the name', 'pod/kube-system/kube-apiserver'],
  ])('%s does not allow them', (_name, subject) => {
    expect(verdict({ subject, userInfo: KUBELET })).toBe('deny');
  });

  test('applies on its last day, and not on the day after', () => {
    expect(verdict({ subject: 'node/*', userInfo: KUBELET, day: '2027-01-31' })).toBe('allow');
    expect(verdict({ subject: 'node/*', userInfo: KUBELET, day: '2027-02-01' })).toBe('deny');
  });

  test('of a pod applies to its name, for every user', () => {
    expect(verdict({ subject: `pod/kube-system/${NAME}`, userInfo: SOMEBODY })).toBe('allow');
  });
});

describe('an exemption of a node is for requests of its kubelet only:', () => {
  const subject = 'node/edge-1';

  test.each([
    ['nobody', undefined],
    ['somebody else, with any right', SOMEBODY],
    ['the kubelet of another node', { username: 'system:node:edge-2' }],
    ['a user with the name of the node', { username: NODE }],
    ['a user whose name is longer', { username: `system:node:${NODE}:x` }],
    ['a service account of that name', { username: `system:serviceaccount:kube-system:system:node:${NODE}` }],
    ['a user by extra fields', { username: 'mallory', extra: { username: [`system:node:${NODE}`] }, uid: NODE }],
  ])('the spec.nodeName of a pod exempts nothing that %s creates', (_name, userInfo) => {
    expect(verdict({ subject, userInfo })).toBe('deny');
  });

  test.each([
    [
      'a label',
      { metadata: { labels: { 'kubernetes.io/hostname': NODE, node: NODE, 'kubelet-guard.dev/exempt': 'true' } } },
    ],
    [
      'an annotation',
      {
        metadata: {
          annotations: {
            'kubernetes.io/config.mirror': 'x',
            'kubelet-guard.dev/exempt': 'true',
            'kubelet-guard.dev/node': NODE,
          },
        },
      },
    ],
    ['an owner', { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: NODE, uid: 'x' }] } }],
    ['a name', { metadata: { name: `node/${NODE}` } }],
    ['a name that a node has', { metadata: { name: NODE }, request: { name: NODE } }],
    ['the name of a container', { container: { name: `node/${NODE}` } }],
    ['a node selector', { spec: { nodeSelector: { 'kubernetes.io/hostname': NODE } } }],
    ['a host name', { spec: { hostname: NODE } }],
    ['a service account', { spec: { serviceAccountName: `system:node:${NODE}` } }],
    ['a field with the name of the caller', { spec: { userInfo: KUBELET, username: KUBELET.username } }],
  ])('%s exempts nothing', (_name, change) => {
    expect(verdict({ subject, userInfo: SOMEBODY, ...change })).toBe('deny');
  });
});

describe('an exemption of a name applies to the name in the request:', () => {
  const subject = `pod/kube-system/${NAME}`;

  test.each([
    ['the name in the object does not count', { metadata: { name: NAME } }, { name: 'other' }],
    ['the namespace in the object does not count', { metadata: { namespace: 'kube-system' } }, { name: 'other' }],
    ['a generateName is not a name', { metadata: { name: undefined, generateName: NAME } }, { name: '' }],
  ])('%s', (_name, change, request) => {
    expect(verdict({ subject, userInfo: SOMEBODY, ...change, request })).toBe('deny');
  });

  test('a generateName is exempt if every name that begins with it is exempt', () => {
    const metadata = { name: undefined, generateName: 'kube-apiserver-edge-' };
    const userInfo = SOMEBODY;
    expect(verdict({ subject: 'pod/kube-system/kube-apiserver-*', userInfo, metadata, request: { name: '' } })).toBe(
      'allow',
    );
  });

  test("the node in a workload's template exempts nothing, even in a request of a kubelet", () => {
    const template = { spec: { nodeName: NODE, containers: [{ name: 'x', image: 'x', command: ['kube-apiserver'] }] } };
    const object = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: NAME }, spec: { template } };
    const resource = { group: 'apps', version: 'v1', resource: 'daemonsets' };
    const request = { resource, kind: { kind: 'DaemonSet' }, object };
    expect(verdict({ subject: 'node/edge-1', userInfo: KUBELET, request })).toBe('deny');
  });
});
