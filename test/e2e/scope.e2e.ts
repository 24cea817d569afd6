import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { controls } from '../../src/controls/index.ts';
import { isChecked } from '../../src/webhook/changes.ts';
import { inspect } from '../../src/inspect.ts';
import { requestOf, review } from '../support/admission.ts';
import { succeeded, type Answer, type KubeObject } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { installGuard, type Guard } from './support/guard.ts';
import { PATIENT } from './support/registration.ts';
import { configMap, kubeadmConfigMap, kubeletConfigMap, pod, type Pod } from './support/samples.ts';
import { LAUNCHES, podChanges, writesOf } from './support/scope-objects.ts';
import { AMPLE } from '../support/budget.ts';

jest.setTimeout(60_000);

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'the API server calls the webhook', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let guard: Guard;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    // under Fail, a match condition that fails or costs too much denies the write; under Ignore nobody would notice
    guard = await installGuard(cleanup, plane, 'audit', 'Fail', { timeoutSeconds: PATIENT });
  }, 90_000);
  afterAll(() => cleanup.run(), 60_000);

  test.each([
    ['another ConfigMap', configMap('coredns', { Corefile: 'kube-apiserver' })],
    ['a ConfigMap whose name has the same beginning', kubeletConfigMap(undefined, { name: 'kubelet-config-backup' })],
    [
      'a ConfigMap whose name has the same end',
      kubeadmConfigMap({ 'kubelet-client-key': '' }, { name: 'my-kubeadm-config' }),
    ],
    ['a ConfigMap with a name that kubeadm never used', kubeletConfigMap(undefined, { name: 'kubelet-config-v1.31' })],
    ['a ConfigMap of a version that never existed', kubeletConfigMap(undefined, { name: 'kubelet-config-2.0' })],
    ['a kubelet-config in another namespace', kubeletConfigMap(undefined, { namespace: 'default' })],
    ['a kube-apiserver in another namespace', pod('kube-apiserver', { command: ['kube-apiserver'] }, 'default')],
  ])('never for %s', async (_name, object) => {
    const before = await guard.reviews();

    const written = await plane.admin.create(object);
    const deleted = await plane.admin.delete(object);

    expect(written).toMatchObject({ status: 201, warnings: [] });
    expect(deleted.status).toBe(200);
    expect(await guard.reviews()).toBe(before);
    // in that namespace the webhook would not check it either
    const isHere = object.metadata.namespace === 'kube-system';
    expect(findingsOf(object).filter(() => isHere)).toEqual([]);
  });

  describe.each(Object.entries(LAUNCHES))('for a component that is started %s', (_how, container) => {
    test.each(writesOf('tools', container).map((object) => [object.kind, object] as const))(
      'in a %s',
      async (_kind, object) => {
        await expectReview(() => create(object));
      },
    );
  });

  test.each(['initContainers', 'containers'])('for a component in %s', async (list) => {
    const plain = pod('tools', {});
    const first = { name: 'first', image: 'registry.example/main:v1', args: ['kube-apiserver'] };
    const spec = { containers: plain.spec.containers, [list]: [first] };

    await expectReview(() => create({ ...plain, spec } as Pod));
  });

  test('for a pod that is only labelled as kube-apiserver, and the result is unknown', async () => {
    const plain = pod('tools', { command: ['unknown-program'] });

    const answer = await expectReview(() =>
      create({ ...plain, metadata: { ...plain.metadata, labels: { component: 'kube-apiserver' } } }),
    );

    expect(answer.status).toBe(201);
    expect(answer.warnings.join('\n')).toContain('apiserver-kubelet-client-cert');
  });

  test('for exactly those updates of a pod that it checks', async () => {
    for (const [index, { container, change }] of podChanges(60).entries()) {
      const first = pod(`changes-${String(index)}`, container);
      const oldObject = succeeded(await plane.admin.create(first)).body as Pod;
      const object = change.change(oldObject);
      const before = await guard.reviews();

      const path = `/api/v1/namespaces/kube-system/pods/${first.metadata.name}${change.to}`;
      const answer = succeeded(await plane.admin.send('PUT', path, object));

      const asked = (await guard.reviews()) - before;
      const resource = { group: '', version: 'v1', resource: 'pods' };
      const kind = { group: '', version: 'v1', kind: 'Pod' };
      const subResource = change.to.slice(1);
      const written = answer.body as object;
      const request = { kind, resource, subResource, operation: 'UPDATE', object: written, oldObject };
      expect({ index, asked }).toEqual({ index, asked: isChecked(requestOf(review(request))) ? 1 : 0 });
      if (asked === 0) expect(findingsOf(written)).toEqual(findingsOf(oldObject));
    }
  }, 120_000);

  test('for the updates of a workload that change its template', async () => {
    const [, deployment] = writesOf('scaled', { command: ['kube-apiserver'] });
    const path = '/apis/apps/v1/namespaces/kube-system/deployments/scaled';
    const made = succeeded(await plane.admin.send('POST', path.slice(0, -7), deployment)).body as {
      metadata: object;
      spec: { template: { metadata: object } };
    };
    const put = (body: object) => async () => succeeded(await plane.admin.send('PUT', path, body));

    await expectNoReview(put({ ...made, spec: { ...made.spec, replicas: 0 } }));
    const { resourceVersion: _any, ...metadata } = made.metadata as { resourceVersion: string };
    await expectNoReview(put({ ...made, metadata: { ...metadata, annotations: { a: 'b' } } }));
    const template = { ...made.spec.template, metadata: { labels: { app: 'e2e', component: 'kube-apiserver' } } };
    await expectReview(put({ ...made, metadata, spec: { ...made.spec, template } }));
  });

  test('for a pod with as much text as the API server accepts', async () => {
    const args = [...Array<string>(250_000).fill(''), 'kube-apiserver'];
    const plain = pod('large', { args });
    const made = (await expectReview(() => plane.admin.create(plain))).body as Pod;
    const path = '/api/v1/namespaces/kube-system/pods/large';
    const [container] = made.spec.containers;

    await expectNoReview(async () => succeeded(await plane.admin.send('PUT', path, made)));
    const changed = { ...made, spec: { ...made.spec, containers: [{ ...container, image: 'kube-apiserver' }] } };
    await expectReview(async () => succeeded(await plane.admin.send('PUT', path, changed)));
  });

  test('never for a deletion', async () => {
    const objects = [kubeletConfigMap('/etc/kubernetes/pki/ca.crt'), pod('gone', { command: ['kube-apiserver'] })];
    for (const object of objects) {
      expect((await plane.admin.create(object)).status).toBe(201);
      await expectNoReview(async () => succeeded(await plane.admin.delete(object)));
    }
  });

  /** Creates an object as a dry run, whatever its kind. */
  function create({ apiVersion, kind, ...object }: KubeObject): Promise<Answer> {
    const group = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
    const path = `${group}/namespaces/kube-system/${kind.toLowerCase()}s?dryRun=All`;
    return plane.admin.send('POST', path, { apiVersion, kind, ...object });
  }

  async function expectReview(write: () => Promise<Answer>): Promise<Answer> {
    const before = await guard.reviews();
    const answer = succeeded(await write());
    expect(await guard.reviews()).toBe(before + 1);
    return answer;
  }

  async function expectNoReview(write: () => Promise<Answer>): Promise<void> {
    const before = await guard.reviews();
    await write();
    expect(await guard.reviews()).toBe(before);
  }
});

/** The result of `check` for an object. */
function findingsOf(value: object): readonly object[] {
  const source = { object: 'it' };
  const { findings } = inspect(controls, [{ form: 'object', source, vantage: 'declared', value }], AMPLE);
  return findings.map(({ control, subject, outcome }) => ({ control: control.slug, subject, outcome }));
}
