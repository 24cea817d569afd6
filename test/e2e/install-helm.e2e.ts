import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { CHART, helmPath, idOf, missingTools, renderChart } from '../support/manifests.ts';
import { succeeded, type KubeObject } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { registration } from './support/certificates.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { expectContent, present } from './support/installation.ts';
import { run } from './support/programs.ts';
import { Authority } from './support/pki.ts';
import { NAMESPACE } from './support/rights.ts';

jest.setTimeout(60_000);

const SECRET = `/api/v1/namespaces/${NAMESPACE}/secrets/kubelet-guard-tls`;
const ca = Buffer.from(new Authority('e2e-webhook-ca').certificate).toString('base64');

const reason = missingTools('helm', 'kubectl');
const testHelm = reason === undefined ? test : test.skip;

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'a release of the chart', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } };
    succeeded(await plane.admin.create(namespace));
  }, 120_000);
  afterAll(() => cleanup.run(), 60_000);

  testHelm(
    `is upgraded without losing its certificate${reason === undefined ? '' : ` (skipped: ${reason})`}`,
    async () => {
      const objects = renderChart({ name: 'mine', namespace: NAMESPACE });
      await helm('install', 'mine', CHART);
      expect([...(await present(plane, objects))].sort()).toEqual(objects.map(idOf).sort());
      await pretendToServe();

      await helm('upgrade', 'mine', CHART, '--set', 'image.tag=99.0.0');

      expect(await images()).toEqual(['kubelet-guard:99.0.0']);
      expect((await registration(plane.admin)).webhooks.map(({ clientConfig }) => clientConfig.caBundle)).toEqual([ca]);
      expect(succeeded(await plane.admin.get(SECRET)).body).toMatchObject({ data: { 'ca.crt': ca } });
    },
  );

  testHelm(`leaves nothing behind${reason === undefined ? '' : ` (skipped: ${reason})`}`, async () => {
    // no hooks: nothing here would run their pods
    await helm('uninstall', 'mine', '--no-hooks');
    expect(await present(plane, renderChart({ name: 'mine', namespace: NAMESPACE }))).toEqual([]);
  });

  async function helm(...args: readonly string[]): Promise<void> {
    const place = ['--kubeconfig', plane.kubeconfig, '--namespace', NAMESPACE];
    expectContent(await run([helmPath ?? 'helm', ...args, ...place]), `helm ${args.join(' ')}`);
  }

  /** Leaves what a webhook does that has made its certificate. */
  async function pretendToServe(): Promise<void> {
    const before = await registration(plane.admin);
    const webhooks = before.webhooks.map((webhook) => ({
      ...webhook,
      clientConfig: { ...webhook.clientConfig, caBundle: ca },
    }));
    succeeded(await plane.admin.replace({ ...before, webhooks } as KubeObject));
    const { body } = succeeded(await plane.admin.get(SECRET));
    succeeded(await plane.admin.send('PUT', SECRET, { ...(body as object), data: { 'ca.crt': ca } }));
  }

  async function images(): Promise<readonly string[]> {
    const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`;
    const text = JSON.stringify(succeeded(await plane.admin.get(path)).body);
    return [...new Set([...text.matchAll(/"image":"([^"]+)"/g)].map(([, image = '']) => image))];
  }
});
