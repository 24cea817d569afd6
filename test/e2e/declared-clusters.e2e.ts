import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { DECLARED_RESOURCES } from '../../src/inspect.ts';
import { ApiClient, succeeded, type Answer, type KubeObject } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { startGuard, type Guard } from './support/guard.ts';
import { PATIENT } from './support/registration.ts';
import { addAccount } from './support/rights.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(90_000);

const PATCH = new URL('../../manifests/components/declared-clusters/webhook.yaml', import.meta.url);
const CLUSTER_SCOPED = new Set(['machineconfigs', 'kubeletconfigs', 'ec2nodeclasses']);
/** The same fault in v1beta1 and in v1beta2. */
const BAD = { apiServer: { extraArgs: { 'kubelet-client-key': '' } } };
const BAD_LIST = { apiServer: { extraArgs: [{ name: 'kubelet-client-key', value: '' }] } };
const USER_DATA =
  'apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec:\n  kubelet:\n    flags: [--client-ca-file=]\n';

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'objects that declare clusters', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    for (const definition of definitions()) succeeded(await plane.admin.create(definition));
    // this one was there before the webhook
    await eventually('the kinds to be served', async () => {
      const { status } = await write('POST', controlPlane('old', BAD));
      return status === 201 ? true : undefined;
    });
    for (const { group, version, resource } of DECLARED_RESOURCES) {
      await eventually(`${resource} to be served`, async () => {
        const { status } = await plane.admin.get(`/apis/${group}/${version}/${resource}`);
        return status === 200 ? true : undefined;
      });
    }
  }, 120_000);
  afterAll(() => cleanup.run(), 60_000);

  function write(method: 'POST' | 'PUT', object: KubeObject, client = plane.admin): Promise<Answer> {
    const { apiVersion, kind, metadata } = object;
    const resource = DECLARED_RESOURCES.find(
      (known) => known.kind === kind && apiVersion.startsWith(`${known.group}/`),
    );
    if (resource === undefined) throw new Error(`no input reads ${kind}`);
    const { namespace, name } = metadata;
    const place = namespace === undefined ? '' : `/namespaces/${namespace}`;
    const path = `/apis/${apiVersion}${place}/${resource.resource}`;
    return client.send(method, method === 'POST' ? path : `${path}/${name}`, object);
  }

  async function update(object: KubeObject): Promise<Answer> {
    const { apiVersion, metadata } = object;
    const path = `/apis/${apiVersion}/namespaces/${metadata.namespace ?? ''}/kubeadmcontrolplanes/${metadata.name}`;
    const stored = succeeded(await plane.admin.get(path)).body as KubeObject;
    const { resourceVersion } = stored.metadata as { resourceVersion?: string };
    return write('PUT', { ...object, metadata: { ...metadata, resourceVersion } } as KubeObject);
  }

  /**
   * Registers the webhook of the component. Under Fail a condition with an error denies the write, so that it is noticed; the
   * timeout allows for a slow machine.
   */
  function withGuard(action: 'audit' | 'ratchet'): () => Guard {
    const undo = new Cleanup();
    let guard: Guard;
    beforeAll(async () => {
      guard = await startGuard(undo, plane, action);
      const [{ value }] = parse(readFileSync(PATCH, 'utf8')) as [{ value: object }];
      const caBundle = Buffer.from(guard.authority).toString('base64');
      const clientConfig = { url: `https://127.0.0.1:${guard.port}/validate`, caBundle };
      const registration = {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingWebhookConfiguration',
        metadata: { name: 'kubelet-guard' },
        webhooks: [{ ...value, failurePolicy: 'Fail', timeoutSeconds: PATIENT, clientConfig }],
      };
      undo.add(() => plane.admin.delete(registration));
      succeeded(await plane.admin.create(registration));
      await eventually('the API server to call the webhook', async () => {
        const before = await guard.reviews();
        await write('POST', controlPlane(`probe-${Date.now()}`, {}));
        return (await guard.reviews()) > before ? true : undefined;
      });
    }, 60_000);
    afterAll(() => undo.run(), 60_000);
    return () => guard;
  }

  describe('under ratchet', () => {
    const guard = withGuard('ratchet');

    test.each([
      ['a KubeadmControlPlane', controlPlane('bad', BAD)],
      ['a KubeadmControlPlane of v1beta2', controlPlane('bad-list', BAD_LIST, 'v1beta2')],
      [
        'an EC2NodeClass, which is in no namespace',
        object('karpenter.k8s.aws/v1', 'EC2NodeClass', { userData: USER_DATA }),
      ],
    ])('%s with a fault is denied, in whatever namespace', async (_what, bad) => {
      const denied = await guard().reviews({ decision: 'deny' });

      const answer = await write('POST', bad);

      expect(answer).toMatchObject({ status: 403, message: expect.stringContaining('kubelet-guard') });
      expect(answer.message).toContain(bad.metadata.name);
      expect(answer.message).toContain('Denied by ratchet (before: nothing known, so ratchet acts like enforce)');
      expect(answer.message).toMatch(
        /To fix it: Remove .*(spec\.kubeadmConfigSpec\.clusterConfiguration|of the EC2NodeClass)/,
      );
      expect(await guard().reviews({ decision: 'deny' })).toBe(denied + 1);
    });

    test('a good object is allowed, and denied when an update makes it worse', async () => {
      expect(await write('POST', controlPlane('good', {}))).toMatchObject({ status: 201, warnings: [] });

      expect(await update(controlPlane('good', BAD))).toMatchObject({ status: 403 });
      expect(await update(controlPlane('good', { clusterName: 'x' }))).toMatchObject({ status: 200 });
    });

    test('one that had the fault before can be changed, with a warning, and can be fixed', async () => {
      const changed = await update(controlPlane('old', { ...BAD, clusterName: 'x' }));
      expect(changed.status).toBe(200);
      expect(changed.warnings.join()).toContain('apiserver-kubelet-client-cert');

      expect(await update(controlPlane('old', {}))).toMatchObject({ status: 200, warnings: [] });
    });

    test.each([
      ['an EC2NodeClass without user data', object('karpenter.k8s.aws/v1', 'EC2NodeClass', { amiFamily: 'AL2023' })],
      ['an imported cluster of Rancher', object('provisioning.cattle.io/v1', 'Cluster', {}, 'default')],
      [
        'a KubeletConfig that only selects a pool',
        object('machineconfiguration.openshift.io/v1', 'KubeletConfig', { autoSizingReserved: true }),
      ],
    ])('%s is never sent', async (_what, other) => {
      const before = await guard().reviews();
      expect(await write('POST', other)).toMatchObject({ status: 201, warnings: [] });
      expect(await guard().reviews()).toBe(before);
    });

    test('neither is an update of anything else, nor what a controller makes of an object that was checked', async () => {
      expect((await write('POST', controlPlane('scaled', {}))).status).toBe(201);
      const before = await guard().reviews();
      expect((await update(controlPlane('scaled', {}, 'v1beta1', 5))).status).toBe(200);

      const controller = await account();
      const owner = { apiVersion: 'v1', kind: 'Machine', name: 'm', uid: 'u', controller: true };
      const made = object(
        'bootstrap.cluster.x-k8s.io/v1beta1',
        'KubeadmConfig',
        { clusterConfiguration: BAD },
        'default',
      );
      const owned = { ...made, metadata: { ...made.metadata, ownerReferences: [owner] } };
      expect((await write('POST', owned, controller)).status).toBe(201);
      expect(await guard().reviews()).toBe(before);

      // a person gains nothing by such a reference
      const forged = { ...owned, metadata: { ...owned.metadata, name: 'forged' } };
      await write('POST', forged);
      expect(await guard().reviews()).toBe(before + 1);
    });
  });

  describe('under audit', () => {
    const guard = withGuard('audit');

    test('an object with a fault is allowed with a warning', async () => {
      const warned = await guard().reviews({ resource: 'kubeadmcontrolplanes', decision: 'warn' });

      const answer = await write('POST', controlPlane('audited', BAD));

      expect(answer.status).toBe(201);
      expect(answer.warnings.join()).toContain('apiserver-kubelet-client-cert');
      expect(await guard().reviews({ resource: 'kubeadmcontrolplanes', decision: 'warn' })).toBe(warned + 1);
    });
  });

  /** A controller's client. */
  async function account(): Promise<ApiClient> {
    const rules = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
    const kubeconfig = JSON.parse(readFileSync(await addAccount(plane, 'controller', rules), 'utf8')) as {
      users: [{ user: { token: string } }];
    };
    const { token } = kubeconfig.users[0].user;
    const client = new ApiClient(`https://127.0.0.1:${plane.port}`, plane.authority.certificate, { token });
    cleanup.add(() => {
      client.close();
    });
    return client;
  }
});

function object(apiVersion: string, kind: string, spec: object, namespace?: string): KubeObject {
  const name = `${kind.toLowerCase()}-1`;
  return { apiVersion, kind, metadata: { name, ...(namespace !== undefined && { namespace }) }, spec } as KubeObject;
}

function controlPlane(name: string, clusterConfiguration: object, version = 'v1beta1', replicas = 3): KubeObject {
  const spec = { replicas, version: 'v1.34.0', kubeadmConfigSpec: { clusterConfiguration } };
  const apiVersion = `controlplane.cluster.x-k8s.io/${version}`;
  return { apiVersion, kind: 'KubeadmControlPlane', metadata: { name, namespace: 'default' }, spec } as KubeObject;
}

/** The CustomResourceDefinitions of all declared resources, with their real groups, versions and names. */
function definitions(): KubeObject[] {
  return DECLARED_RESOURCES.map(({ group, version, otherVersions = [], kind, resource }) => {
    const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const versions = [version, ...otherVersions].map((name, index) => {
      return { name, served: true, storage: index === 0, schema: { openAPIV3Schema } };
    });
    const spec = {
      ...{ group, versions, scope: CLUSTER_SCOPED.has(resource) ? 'Cluster' : 'Namespaced' },
      names: { plural: resource, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
    };
    const metadata = {
      name: `${resource}.${group}`,
      annotations: { 'api-approved.kubernetes.io': 'unapproved, for a test' },
    };
    return { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata, spec } as KubeObject;
  });
}
