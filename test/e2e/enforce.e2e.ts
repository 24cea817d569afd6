import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { succeeded, type Answer, type KubeObject } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { installGuard, type Guard } from './support/guard.ts';
import { PATIENT } from './support/registration.ts';
import {
  CA_FILE,
  clusterConfiguration,
  configMap,
  kubeadmConfigMap,
  kubeletConfigMap,
  pod,
  type ConfigMap,
  type Pod,
} from './support/samples.ts';
import { LAUNCHES, writesOf } from './support/scope-objects.ts';

jest.setTimeout(60_000);

const SHIPPED = new URL('../../manifests/components/enforce/guard.yaml', import.meta.url);
const PODS = '/api/v1/namespaces/kube-system/pods';
const BAD = kubeletConfigMap(undefined).data.kubelet ?? '';
const BAD_CLUSTER = clusterConfiguration({ 'kubelet-client-key': '' });

function kubelet(text: string): ConfigMap {
  return configMap('kubelet-config', { kubelet: text });
}

function cluster(text: string): ConfigMap {
  return configMap('kubeadm-config', { ClusterConfiguration: text });
}

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'with the kustomize component enforce', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let guard: Guard;
  const there: Record<'failing' | 'bare' | 'plain', Pod> = {
    failing: pod('failing', { command: ['sh', '-c', 'exec kube-api""server'] }),
    bare: pod('bare', { args: ['--v=2'] }),
    plain: pod('plain', { command: ['coredns'] }),
  };

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    // before the webhook is registered
    for (const name of ['failing', 'bare', 'plain'] as const) {
      there[name] = succeeded(await plane.admin.create(there[name])).body as Pod;
    }
    const configuration = readFileSync(SHIPPED, 'utf8');
    guard = await installGuard(cleanup, plane, 'enforce', 'Ignore', { configuration, timeoutSeconds: PATIENT });
  }, 90_000);
  afterAll(() => cleanup.run(), 60_000);

  function create({ apiVersion, kind, ...object }: KubeObject): Promise<Answer> {
    const group = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
    const path = `${group}/namespaces/kube-system/${kind.toLowerCase()}s?dryRun=All`;
    return plane.admin.send('POST', path, { apiVersion, kind, ...object });
  }

  function expectDenied({ status, message }: Answer): void {
    expect(message).toContain('admission webhook "validate.kubelet-guard.dev" denied the request');
    expect(message).toContain('. Denied by enforce');
    expect(status).toBe(403);
  }

  const { 'as none of them': harmless, ...components } = LAUNCHES;

  describe.each(Object.entries(components))('a component that is started %s', (_how, container) => {
    // a container that names no component, and whose image names none, may run anything
    const writes = writesOf('tools', container).map((object) => [object.kind, object] as const);

    test.each(writes)('is denied in a %s', async (_kind, object) => {
      expectDenied(await create(object));
    });
  });

  test.each(writesOf('tools', harmless ?? {}).map((object) => [object.kind, object] as const))(
    'a %s that runs no component is allowed without a warning',
    async (_kind, object) => {
      expect(await create(object)).toMatchObject({ status: 201, warnings: [] });
    },
  );

  test.each<[string, ConfigMap]>([
    ['a second document', kubelet(`${BAD}\n---\na: b\n`)],
    ['a key with a question mark', kubelet(`${BAD}a:\n- ? b\n`)],
    ['deep nesting', kubelet(`${BAD}a: ${'['.repeat(900)}${']'.repeat(900)}\n`)],
    ['a directive', kubelet(`%YAML 1.1\n---\n${BAD}`)],
    ['a comment right after a quote', kubelet(`${BAD}b: "x"# comment\n`)],
    ['text that is no mapping', kubelet('{')],
    ['another kind', kubelet('kind: Other\n')],
    ['no key', configMap('kubelet-config', {})],
    ['another key', configMap('kubelet-config', { kubelt: BAD })],
    ['a second kubeadm document', cluster(`${BAD_CLUSTER}\n---\na: b\n`)],
    ['no kubeadm document', cluster('')],
    ['no kubeadm key', configMap('kubeadm-config', { ClusterStatus: 'x' })],
  ])('a ConfigMap with %s is denied', async (_what, object) => {
    expectDenied(await plane.admin.create(object, '?dryRun=All'));
  });

  test.each([kubeletConfigMap(CA_FILE), kubeadmConfigMap()])('a good $metadata.name is allowed', async (object) => {
    expect(await plane.admin.create(object, '?dryRun=All')).toMatchObject({ status: 201, warnings: [] });
  });

  describe('of the pods that existed before the webhook', () => {
    const images = (from: Pod, image: string): Pod => ({
      ...from,
      spec: { ...from.spec, containers: from.spec.containers.map((container) => ({ ...container, image })) },
    });
    const debugged = (from: Pod, container: object) => ({
      ...from,
      spec: {
        ...from.spec,
        ephemeralContainers: [{ name: 'debugger', image: 'registry.example/debug:v1', ...container }],
      },
    });
    const put = (body: Pod, to = '') => plane.admin.send('PUT', `${PODS}/${body.metadata.name}${to}?dryRun=All`, body);

    test('one that fails can still get labels, tolerations, another image and a status, and can be deleted', async () => {
      const { failing } = there;
      const { tolerations = [] } = failing.spec as { tolerations?: readonly object[] };
      const labels = { component: 'kube-apiserver' };
      const changes = [
        put({ ...failing, metadata: { ...failing.metadata, labels } }),
        put({ ...failing, spec: { ...failing.spec, tolerations: [...tolerations, { operator: 'Exists' }] } } as Pod),
        put(images(failing, 'registry.example/main:v2')),
        put({ ...failing, status: { phase: 'Running' } } as unknown as Pod, '/status'),
        put(debugged(failing, { command: ['sh'] }), '/ephemeralcontainers'),
        plane.admin.send('DELETE', `${PODS}/failing?dryRun=All`),
      ];
      expect((await Promise.all(changes)).map(({ status, message }) => ({ status, message }))).toEqual(
        changes.map(() => ({ status: 200, message: '' })),
      );
    });

    test('one that is unknown can get any label', async () => {
      const { plain } = there;
      const labels = { component: 'kube-apiserver' };
      expect(await put({ ...plain, metadata: { ...plain.metadata, labels } })).toMatchObject({ status: 200 });
    });

    test('one cannot get the image that makes it a kube-apiserver', async () => {
      expectDenied(await put(images(there.bare, 'registry.k8s.io/kube-apiserver:v1.37.0')));
      expect(await put(images(there.bare, 'registry.example/main:v2'))).toMatchObject({ status: 200, warnings: [] });
    });

    test.each(Object.entries(components))(
      'one cannot get an ephemeral container with a component that is started %s',
      async (_how, container) => {
        expectDenied(await put(debugged(there.plain, { name: 'debugger', ...container }), '/ephemeralcontainers'));
      },
    );
  });

  test('every review was answered', async () => {
    expect(await guard.reviews()).toBeGreaterThan(150);
    expect(guard.program.log()).not.toContain('"level":"error"');
  });
});
