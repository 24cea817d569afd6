// Objects that declare clusters are checked in any namespace, and in none.

import { describe, expect, test } from '@jest/globals';

import { DECLARED_RESOURCES } from '../../src/inspect.ts';
import type { Action } from '../../src/policy/control.ts';
import { apiVersionsOf, isInScope } from '../../src/webhook/resources.ts';
import { createObjectCache } from '../../src/webhook/object-cache.ts';
import { createValidator } from '../../src/webhook/validator.ts';
import { decodeReview } from '../../src/webhook/admission-review.ts';
import { AMPLE } from '../support/budget.ts';
import { ofTheLink } from '../support/controls.ts';
import { requestOf, review } from '../support/admission.ts';

const NAMESPACES = new Set(['kube-system']);

function decide(action: Action, request: Readonly<Record<string, unknown>>) {
  const validate = createValidator({
    allowance: AMPLE,
    stored: () => [],
    configuration: () => ({
      controls: ofTheLink,
      policy: { action: () => action, onUnknown: 'audit', exemptions: [] },
      namespaces: NAMESPACES,
    }),
    cache: createObjectCache(() => new Date(0)),
    now: () => new Date(0),
  });
  return validate(requestOf(review(request)));
}

function kubeletConfig(anonymous: object, name = 'worker') {
  return {
    ...{ apiVersion: 'machineconfiguration.openshift.io/v1', kind: 'KubeletConfig', metadata: { name } },
    spec: { kubeletConfig: { authentication: anonymous } },
  };
}

function controlPlane(extraArgs: object, version = 'v1beta1') {
  return {
    ...{ apiVersion: `controlplane.cluster.x-k8s.io/${version}`, kind: 'KubeadmControlPlane' },
    metadata: { name: 'k', namespace: 'team-a' },
    spec: { kubeadmConfigSpec: { clusterConfiguration: { apiServer: { extraArgs } } } },
  };
}

/** A request for an object of a declared resource. */
function requestFor(object: ReturnType<typeof controlPlane> | ReturnType<typeof kubeletConfig>, oldObject?: unknown) {
  const known = DECLARED_RESOURCES.find(({ kind }) => kind === object.kind);
  if (known === undefined) throw new Error(`no input reads ${object.kind}`);
  const [group = '', version = ''] = object.apiVersion.split('/');
  const { metadata, kind } = object;
  return {
    ...{ kind: { group, version, kind }, resource: { group, version, resource: known.resource }, name: metadata.name },
    namespace: 'namespace' in metadata ? metadata.namespace : '',
    ...{ operation: oldObject === undefined ? 'CREATE' : 'UPDATE', object, oldObject: oldObject ?? null },
  };
}

const BAD = controlPlane({ 'kubelet-client-key': '' });

describe('an object that declares a cluster', () => {
  test('is checked in a namespace that is not configured', () => {
    expect(decide('enforce', requestFor(BAD))).toMatchObject({
      allowed: false,
      denied: [{ subject: { kind: 'KubeadmControlPlane', namespace: 'team-a', name: 'k' } }],
    });
    expect(decide('enforce', requestFor(controlPlane({})))).toMatchObject({ allowed: true });
  });

  test('in no namespace is named without one', () => {
    const decision = decide('enforce', requestFor(kubeletConfig({ x509: { clientCAFile: '/dev/null' } })));
    expect(decision?.denied[0]?.subject).toEqual({ component: 'kubelet', kind: 'KubeletConfig', name: 'worker' });
    expect(decision?.denied[0]?.source).toEqual({ object: 'KubeletConfig worker' });
  });

  test('under ratchet is compared with its old object', () => {
    expect(decide('ratchet', requestFor(BAD, controlPlane({})))).toMatchObject({ allowed: false });
    const other = controlPlane({ 'kubelet-client-key': '', v: '2' });
    expect(decide('ratchet', requestFor(other, BAD))).toMatchObject({ allowed: true, warned: [{}] });
  });

  test('is read in each version that is sent', () => {
    const list = controlPlane([{ name: 'kubelet-client-key', value: '' }], 'v1beta2');
    expect(decide('enforce', requestFor(list))).toMatchObject({ allowed: false });
    const unknown = controlPlane({}, 'v1alpha4');
    expect(decodeReview(JSON.stringify(review(requestFor(unknown))))).toMatchObject({
      reason: expect.stringContaining('v1beta1 or controlplane.cluster.x-k8s.io/v1beta2'),
    });
  });
});

test.each(DECLARED_RESOURCES.map((known) => [`${known.resource}.${known.group}`, known] as const))(
  '%s is in scope everywhere, and a pod is not',
  (_name, known) => {
    const { group, resource, subResource } = known;
    for (const namespace of ['', 'default']) {
      expect(isInScope({ group, resource, subResource, namespace }, NAMESPACES)).toBe(true);
      expect(isInScope({ group: '', resource: 'pods', subResource: '', namespace }, NAMESPACES)).toBe(false);
    }
    expect(apiVersionsOf(known)[0]).toBe(`${group}/${known.version}`);
  },
);
