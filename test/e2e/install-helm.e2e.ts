import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { CHART, helmPath, idOf, missingTools, renderChart } from '../support/manifests.ts';
import { succeeded, type KubeObject } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { registration } from './support/certificates.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { addDefaultAccounts, apply, expectContent, present } from './support/installation.ts';
import { run } from './support/programs.ts';
import { Authority } from './support/pki.ts';
import { runCli } from './support/product.ts';
import { REPORT_APIS, serveReportApis, storedReports } from './support/report-apis.ts';
import { kubeconfigFor, NAMESPACE, untilGranted } from './support/rights.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(180_000);

const SECRET = `/api/v1/namespaces/${NAMESPACE}/secrets/kubelet-guard-tls`;
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/kubelet-guard-sweeper`;
const JOB = `/apis/batch/v1/namespaces/${NAMESPACE}/jobs/kubelet-guard-uninstall`;

interface Job {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly serviceAccountName: string;
        readonly containers: readonly { readonly args: readonly string[] }[];
      };
    };
  };
}

const ca = Buffer.from(new Authority('e2e-webhook-ca').certificate).toString('base64');

const reason = missingTools('helm', 'kubectl');
const skipped = reason === undefined ? '' : ` (skipped: ${reason})`;
const testHelm = reason === undefined ? test : test.skip;

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'a release of the chart', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    await serveReportApis(plane.admin);
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } };
    succeeded(await plane.admin.create(namespace));
  }, 120_000);
  afterAll(() => cleanup.run(), 60_000);

  testHelm(`is upgraded without losing its certificate${skipped}`, async () => {
    const objects = renderChart({ name: 'mine', namespace: NAMESPACE });
    await helm('install', 'mine', CHART);
    expect([...(await present(plane, objects))].sort()).toEqual(objects.map(idOf).sort());
    await pretendToServe();

    await helm('upgrade', 'mine', CHART, '--set', 'image.tag=99.0.0');

    expect(await images()).toEqual(['kubelet-guard:99.0.0']);
    expect((await registration(plane.admin)).webhooks.map(({ clientConfig }) => clientConfig.caBundle)).toEqual([ca]);
    expect(succeeded(await plane.admin.get(SECRET)).body).toMatchObject({ data: { 'ca.crt': ca } });
  });

  testHelm(`has notes that ask for the label of the namespace only if it is missing${skipped}`, async () => {
    const upgrade = () => helm('upgrade', 'mine', CHART, '--set', 'image.tag=99.0.0');
    const path = `/api/v1/namespaces/${NAMESPACE}`;
    const { metadata, ...rest } = succeeded(await plane.admin.get(path)).body as KubeObject;
    const labelled = (labels: object) =>
      plane.admin.send('PUT', path, { ...rest, metadata: { name: metadata.name, labels } });
    expect(await upgrade()).not.toContain('kubectl label namespace');
    succeeded(await labelled({}));
    expect(await upgrade()).toContain(
      'kubectl label namespace kubelet-guard pod-security.kubernetes.io/enforce=restricted',
    );
    succeeded(await labelled({ 'pod-security.kubernetes.io/enforce': 'restricted' }));
  });

  testHelm(`leaves nothing behind, not even what the sweeper wrote${skipped}`, async () => {
    await pretendToSweep();
    const job = hookRunner();

    // nothing here runs the pod of the hook
    const [, output] = await Promise.all([helm('uninstall', 'mine'), job.runs()]);

    expect(output).toContain('removed: 1 ClusterPolicyReport');
    expect(await present(plane, renderChart({ name: 'mine', namespace: NAMESPACE }))).toEqual([]);
    expect([...(await storedReports(plane.admin, 'wgpolicyk8s')).keys()]).toEqual([]);
    expect((await plane.admin.get(LEASE)).status).toBe(404);
    expect((await plane.admin.get(JOB)).status).toBe(404);
  });

  testHelm(`runs no hook if kubectl applies the output of Helm${skipped}`, async () => {
    const objects = renderChart({ name: 'mine', namespace: NAMESPACE, hooks: true });
    await apply(plane, objects);
    expect((await plane.admin.get(JOB)).status).toBe(404);
    expect((await plane.admin.get(`/api/v1/namespaces/${NAMESPACE}/pods/kubelet-guard-test`)).status).toBe(404);
  });

  testHelm(`does no harm even if its hooks are applied${skipped}`, async () => {
    const objects = renderChart({ name: 'mine', namespace: NAMESPACE, hooks: true, values: { hooks: 'always' } });
    await addDefaultAccounts(plane.admin, [NAMESPACE]);
    await apply(plane, objects);
    await pretendToSweep();
    const { runs } = hookRunner();

    expect(await runs()).toContain('nothing is removed: Deployment kubelet-guard/kubelet-guard-sweeper exists');

    expect([...(await present(plane, objects))].sort()).toEqual(objects.map(idOf).sort());
    expect([...(await storedReports(plane.admin, 'wgpolicyk8s')).keys()]).toEqual(['kubelet-guard-node-a']);
  });

  /** Creates what a sweeper leaves behind. */
  async function pretendToSweep(): Promise<void> {
    const labels = { 'app.kubernetes.io/managed-by': 'kubelet-guard' };
    const metadata = { name: 'kubelet-guard-node-a', labels };
    const report = { apiVersion: 'wgpolicyk8s.io/v1alpha2', kind: 'ClusterPolicyReport', metadata, results: [] };
    succeeded(await plane.admin.send('POST', REPORT_APIS.wgpolicyk8s, report));
    const lease = { metadata: { name: 'kubelet-guard-sweeper', namespace: NAMESPACE }, spec: {} };
    succeeded(await plane.admin.send('POST', LEASE.slice(0, LEASE.lastIndexOf('/')), lease));
  }

  /** Does what the controllers would do for the hook's Job: runs its command with its account, and marks it as complete. */
  function hookRunner() {
    const runs = async (): Promise<string> => {
      const job = await eventually('the Job of the hook', async () => {
        const answer = await plane.admin.get(JOB);
        return answer.status === 200 ? (answer.body as Job) : undefined;
      });
      const { serviceAccountName, containers } = job.spec.template.spec;
      const kubeconfig = await kubeconfigFor(plane, serviceAccountName);
      await untilGranted(
        plane.admin,
        renderChart({ name: 'mine', namespace: NAMESPACE, hooks: true, values: { hooks: 'always' } }).filter(
          ({ metadata }) => metadata.name === serviceAccountName,
        ),
      );
      const { code, stdout, stderr } = await runCli([...(containers[0]?.args ?? []), '--kubeconfig', kubeconfig]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const at = new Date().toISOString().replace(/[.]\d+/, '');
      const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => {
        return { type, status: 'True', lastTransitionTime: at, lastProbeTime: at };
      });
      const status = { startTime: at, completionTime: at, succeeded: 1, conditions };
      await plane.admin.send('PUT', `${JOB}/status`, { ...job, status });
      return stdout;
    };
    return { runs };
  }

  async function helm(...args: readonly string[]): Promise<string> {
    const place = ['--kubeconfig', plane.kubeconfig, '--namespace', NAMESPACE];
    return expectContent(
      await run([helmPath ?? 'helm', ...args, ...place], { within: 90_000 }),
      `helm ${args.join(' ')}`,
    );
  }

  /** Creates what a webhook leaves behind once it has a certificate. */
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
