// docs/support.md: what works from which version of Kubernetes on, found out on the kube-apiserver and kubelet that are there.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';

import { succeeded, type KubeObject } from './support/api.ts';
import { describeWith, minorOf } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { kubeconfigOf, startControlPlane, userOf, type ControlPlane } from './support/control-plane.ts';
import { COMPLIANT, WITHOUT_CLIENT_CA } from './support/kubelet-setups.ts';
import { NODE_NEEDS, startNode } from './support/node.ts';
import { runCli } from './support/product.ts';
import { giveRights, NAMESPACE } from './support/rights.ts';
import { pod } from './support/samples.ts';
import { findingOf, sweepConfiguration, sweepOnce } from './support/sweeper.ts';
import { eventually } from './support/wait.ts';
import { BAD, guardConfiguration } from './vap-policies.ts';

jest.setTimeout(120_000);

const ROOT = join(import.meta.dirname, '../..');

/** The rows of the page's table: the feature, and the minor versions that it needs, 0 for any. */
const ROWS = readFileSync(join(ROOT, 'docs/support.md'), 'utf8')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter(([, , server = '', kubelet = '']) => /^1\.\d+$/.test(server) && /^(1\.\d+)?$/.test(kubelet))
  .map(([, feature = '', server = '', kubelet = '']) => ({
    feature: feature.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('`', ''),
    server: Number(server.slice(2)),
    kubelet: Number(kubelet.slice(2)),
  }));

const CLIENT_CA = 'kubelet-client-ca';

describeWith(NODE_NEEDS, 'each feature', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let sweeper: string;
  let config: string;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    sweeper = await giveRights(plane, 'kubelet-guard-sweeper');
    config = plane.write('sweep.json', sweepConfiguration({ timeout: '20s' }));
    await startNode(cleanup, plane, 'good', COMPLIANT);
    await startNode(cleanup, plane, 'open', WITHOUT_CLIENT_CA);
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  async function sweep(evidence: string, kubeconfig = sweeper) {
    const { report } = await sweepOnce({ kubeconfig, config, evidence });
    return report;
  }

  async function verdicts(evidence: string, kubeconfig = sweeper): Promise<string> {
    const report = await sweep(evidence, kubeconfig);
    return ['good', 'open'].map((node) => findingOf(report, CLIENT_CA, node)?.result ?? '-').join(' ');
  }

  async function createAll(text: string): Promise<readonly KubeObject[]> {
    const objects = parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
    const answers = await Promise.all(objects.map((object) => plane.admin.create(object)));
    return answers.map((answer) => succeeded(answer).body as KubeObject);
  }

  /** A token of a pod on the node `good`, and what the API server says of it. */
  async function nodeOfToken(): Promise<unknown> {
    const metadata = { name: 'agent', namespace: 'default' };
    const containers = [{ name: 'agent', image: 'kubelet-guard' }];
    const spec = { nodeName: 'good', serviceAccountName: 'default', automountServiceAccountToken: false, containers };
    const { body } = succeeded(
      await plane.admin.create({ apiVersion: 'v1', kind: 'Pod', metadata, spec } as KubeObject),
    );
    const { uid } = (body as KubeObject).metadata;
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: metadata.name, uid };
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { boundObjectRef } };
    const path = '/api/v1/namespaces/default/serviceaccounts/default/token';
    const { status } = succeeded(await plane.admin.send('POST', path, request)).body as { status: { token: string } };
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: status.token } };
    const answer = succeeded(await plane.admin.send('POST', '/apis/authentication.k8s.io/v1/tokenreviews', review));
    const { user } = (answer.body as { status: { user: { extra?: Readonly<Record<string, unknown>> } } }).status;
    return user.extra?.['authentication.kubernetes.io/node-name'];
  }

  /** Whether this kube-apiserver denies what a policy in a file denies. */
  async function readsPolicies(): Promise<boolean> {
    const policies = join(plane.dir, 'policies');
    mkdirSync(policies);
    const guard = plane.write('guard.yaml', guardConfiguration('{ action: enforce }'));
    writeFileSync(
      join(policies, 'guard.yaml'),
      (await runCli(['export', 'vap', '--static', '--config', guard])).stdout,
    );
    const group = { apiVersion: 'apiserver.config.k8s.io/v1' };
    const configuration = { ...group, kind: 'ValidatingAdmissionPolicyConfiguration', staticManifestsDir: policies };
    const plugins = [{ name: 'ValidatingAdmissionPolicy', configuration }];
    const file = plane.write('admission.json', JSON.stringify({ ...group, kind: 'AdmissionConfiguration', plugins }));
    const own = new Cleanup();
    try {
      const { admin } = await startControlPlane(own, { flags: [`--admission-control-config-file=${file}`] });
      const denied = async () => {
        const { status, message } = await admin.create(pod('bad', BAD), '?dryRun=All');
        return status === 403 && !message.includes('not yet ready') ? true : undefined;
      };
      return await eventually('the policy to take effect', denied).catch(() => false);
    } catch (cause) {
      // 1.36 does not start with it
      if (String(cause).includes('requires the ManifestBasedAdmissionControlConfig feature gate')) return false;
      throw cause;
    } finally {
      await own.run();
    }
  }

  const WORKS: Readonly<Record<string, () => Promise<boolean>>> = {
    'Webhook, with match conditions': async () => {
      const path = join(ROOT, 'manifests/base/validating-webhook-configuration.yaml');
      const [created] = await createAll(readFileSync(path, 'utf8'));
      const { webhooks } = created as unknown as { webhooks: readonly { matchConditions?: readonly object[] }[] };
      return (webhooks[0]?.matchConditions ?? []).length > 0;
    },
    'In-tree policy: export vap': async () => {
      const created = await createAll((await runCli(['export', 'vap'])).stdout);
      return created.some(({ kind }) => kind === 'ValidatingAdmissionPolicy');
    },
    'Node agent: a token that names its node': async () => JSON.stringify(await nodeOfToken()) === '["good"]',
    'Sweep: handshake': async () => (await verdicts('handshake')) === 'pass fail',
    'Sweep: configz with the shipped rights': async () => (await verdicts('configz')) === 'pass fail',
    'Sweep: configz with a client certificate that may get nodes/proxy': async () => {
      const pair = plane.writePair('root', plane.authority.issue({ name: 'root', organization: 'system:masters' }));
      const place = { url: `https://127.0.0.1:${plane.port}`, ca: join(plane.dir, 'ca.crt') };
      const admin = plane.write('root.kubeconfig', kubeconfigOf({ ...place, user: userOf(pair) }));
      const metadata = { name: 'kubelet-guard-configz', namespace: NAMESPACE };
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata };
      succeeded(await plane.admin.delete(account));
      const found = await verdicts('configz', admin);
      succeeded(await plane.admin.create(account));
      return found.startsWith('pass ');
    },
    'Sweep: kubelet-flagz': async () => {
      const report = await sweep('configz,kubelet-flagz');
      return (findingOf(report, CLIENT_CA, 'open')?.evidence ?? []).some(({ layer }) => layer === 'flag');
    },
    'Sweep: flagz': async () => {
      const report = await sweep('flagz');
      return report.findings.some(
        ({ control, result }) => control === 'apiserver-kubelet-client-cert' && result === 'pass',
      );
    },
    'In-tree policy from a file: --static': readsPolicies,
  };

  test('has a row in the page, and each row a feature', () => {
    expect(ROWS.map(({ feature }) => feature).toSorted()).toEqual(Object.keys(WORKS).toSorted());
  });

  test.each(ROWS)('works from the version on that docs/support.md says: $feature', async ({ feature, ...since }) => {
    const expected = minorOf('kube-apiserver') >= since.server && minorOf('kubelet') >= since.kubelet;

    expect(await WORKS[feature]?.()).toBe(expected);
  });
});
