// A node agent on a real host: it stores its audit with the shipped rights, and a sweep loads it.

import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { ApiClient, succeeded, type KubeObject } from './support/api.ts';
import { describeWith, testSince } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { kubeconfigOf, startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { COMPLIANT, WITHOUT_CLIENT_CA, type KubeletSetup } from './support/kubelet-setups.ts';
import { NODE_NEEDS, startNode, type ClusterNode } from './support/node.ts';
import { documentedSession } from './support/documented.ts';
import { productCommand } from './support/product.ts';
import { startProgram, type Program } from './support/programs.ts';
import { giveRights } from './support/rights.ts';
import { findingOf, sweepConfiguration, sweepOnce } from './support/sweeper.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(240_000);

function timeOf(text: string): string {
  return new Date(text).toISOString().replace('.000Z', 'Z');
}

const NODE = 'worker-1';
const NAMESPACE = 'kubelet-guard-node';
const ACCOUNT = 'kubelet-guard-node-agent';
const CLIENT_CA = 'kubelet-client-ca';
const EXEMPTION = { control: CLIENT_CA, subject: 'node/edge-*', reason: 'vendor appliance', expires: '2999-01-31' };
const PATH = `/api/v1/namespaces/${NAMESPACE}/configmaps/${NODE}`;
interface StoredAuditObject extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly annotations: Readonly<Record<string, string>> };
}

describeWith(NODE_NEEDS, 'a node agent', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let node: ClusterNode;
  let sweeper: string;
  let config: string;
  let agent: Program;
  /** The kubeconfig of the agent. */
  let token: string;
  let pods = 0;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    sweeper = await giveRights(plane, 'kubelet-guard-sweeper');
    const settings = sweepConfiguration({ interval: '1m', jitter: '0%', timeout: '15s' });
    config = plane.write('agent.json', JSON.stringify({ ...JSON.parse(settings), exemptions: [EXEMPTION] }));
    node = await startNode(cleanup, plane, NODE);
    for (const object of shipped()) succeeded(await plane.admin.create(object));
    await becomesReady(0);
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  /**
   * Waits until the kubelet that was started then has said that the node is Ready, a second ago: an audit from before could
   * describe the kubelet before a restart.
   */
  async function becomesReady(started: number): Promise<void> {
    const probe = async () => {
      const { body } = succeeded(await plane.admin.get(`/api/v1/nodes/${NODE}`));
      const { status } = body as { readonly status: { readonly conditions?: readonly Record<string, string>[] } };
      const ready = status.conditions?.find(({ type }) => type === 'Ready');
      // in whole seconds
      const said = Date.parse(ready?.lastHeartbeatTime ?? '') + 1000;
      const isReady = ready?.status === 'True' && said > started;
      return isReady && Date.now() - Date.parse(ready.lastTransitionTime ?? '') > 2000 ? true : undefined;
    };
    await eventually('the node to be Ready', probe, { within: 60_000, context: node.kubelet.tail });
  }

  /** Restarts the kubelet, and waits until the API shows the node of this kubelet as Ready. */
  async function restartKubelet(setup: KubeletSetup): Promise<void> {
    const started = Date.now();
    await node.restart(setup);
    await becomesReady(started);
  }

  /** The objects of the component without its DaemonSet: the test starts the process. */
  function shipped(): readonly KubeObject[] {
    const component = new URL('../../manifests/components/node-agent/', import.meta.url);
    return ['namespace.yaml', 'rbac.yaml', 'daemonset.yaml']
      .flatMap((file) => parseAllDocuments(readFileSync(new URL(file, component), 'utf8')))
      .map((document) => document.toJS() as KubeObject)
      .filter(({ kind }) => kind !== 'DaemonSet' && kind !== 'NetworkPolicy')
      .toSorted((a, b) => Number(b.kind === 'Namespace') - Number(a.kind === 'Namespace'));
  }

  /** The token that the agent's pod has on a node. */
  async function tokenOn(name: string): Promise<string> {
    pods += 1;
    const metadata = { name: `agent-${pods}-on-${name}`, namespace: NAMESPACE };
    const containers = [{ name: 'node-agent', image: 'kubelet-guard' }];
    const spec = { nodeName: name, serviceAccountName: ACCOUNT, automountServiceAccountToken: false, containers };
    const manifest = { apiVersion: 'v1', kind: 'Pod', metadata, spec };
    const pod = succeeded(await plane.admin.create(manifest)).body;
    const { uid } = (pod as { readonly metadata: { readonly uid: string } }).metadata;
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: metadata.name, uid };
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { boundObjectRef } };
    const path = `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/${ACCOUNT}/token`;
    const { body } = succeeded(await plane.admin.send('POST', path, request));
    return (body as { readonly status: { readonly token: string } }).status.token;
  }

  async function kubeconfigOn(name: string): Promise<string> {
    const token = await tokenOn(name);
    const ca = plane.write('agent-ca.crt', plane.authority.certificate);
    const url = `https://127.0.0.1:${plane.port}`;
    return plane.write(`${name}.kubeconfig`, kubeconfigOf({ url, ca, user: { token }, namespace: NAMESPACE }));
  }

  function startAgent(name: string, kubeconfig: string): Program {
    return startProgram(cleanup, {
      name: `agent-of-${name}`,
      dir: plane.dir,
      command: productCommand('node-agent', '--node', name, '--kubeconfig', kubeconfig, '--config', config),
    });
  }

  async function storedAudit(): Promise<string | undefined> {
    const { status, body } = await plane.admin.get(`/api/v1/namespaces/${NAMESPACE}/configmaps/${NODE}`);
    return status === 200 ? (body as { readonly data: Record<string, string> }).data['report.json'] : undefined;
  }

  async function swept(evidence = 'handshake,configz,node-agent') {
    const { report } = await sweepOnce({ kubeconfig: sweeper, config, evidence });
    return { report, finding: findingOf(report, CLIENT_CA, NODE) };
  }

  test('is optional: a sweep works without it', async () => {
    const { finding } = await swept();
    expect(finding).toMatchObject({ result: 'pass', vantage: 'live', otherEvidence: [{ agrees: true }] });
    expect(finding?.otherEvidence).toHaveLength(1);
  });

  test('stores its audit with the shipped rights', async () => {
    node.edit(WITHOUT_CLIENT_CA);
    token = await kubeconfigOn(NODE);
    agent = startAgent(NODE, token);
    const report = await eventually('the stored audit', storedAudit, { context: agent.tail });
    expect(JSON.parse(report)).toMatchObject({
      kind: 'GuardReport',
      run: { entrance: 'node', tool: { name: 'kubelet-guard' } },
    });
    // the sweeper has its own, and they would take room
    expect(JSON.parse(report)).not.toHaveProperty('exemptions');
    expect((await swept()).report.exemptions).toEqual([EXEMPTION]);
    const { uid } = (succeeded(await plane.admin.get(`/api/v1/nodes/${NODE}`)).body as KubeObject).metadata;
    const { metadata } = succeeded(await plane.admin.get(PATH)).body as StoredAuditObject;
    expect(metadata.annotations['kubelet-guard.dev/node-uid']).toBe(uid);
  });

  test('shows a sweep what the next start of the kubelet will change, which no other evidence shows', async () => {
    const { finding, report } = await swept();
    expect(finding).toMatchObject({ result: 'pass', vantage: 'live', drift: { state: 'pending' } });
    expect(finding?.otherEvidence).toContainEqual(
      expect.objectContaining({ source: { node: NODE, via: 'proc' }, result: 'fail', pending: true, agrees: false }),
    );
    const hosts = report.findings.filter(({ control, source }) => {
      return control === 'apiserver-kubelet-client-cert' && 'via' in source && source.via === 'proc';
    });
    // other tests run theirs on this host
    expect(hosts).toContainEqual(expect.objectContaining({ result: 'pass', vantage: 'on-node' }));
  });

  testSince(33)('is shown by kubectl and by a sweep as its page says', async () => {
    const session = documentedSession(cleanup, plane);
    await session.run('node-agent');
    await session.run('node-agent-sweep');
  });

  test('is enough evidence for a finding, and a later sweep reports it as resolved', async () => {
    await restartKubelet(COMPLIANT);
    agent.kill('SIGKILL');
    await agent.ended;
    agent = startAgent(NODE, token);
    const before = await storedAudit();
    await eventually('another stored audit', async () => ((await storedAudit()) !== before ? true : undefined), {
      context: agent.tail,
    });
    const { finding } = await swept('node-agent');
    expect(finding).toMatchObject({ result: 'pass', vantage: 'on-node', source: { node: NODE, via: 'proc' } });
    expect(finding?.drift).toBeUndefined();
  });

  /** The kubelet updates its Node too, so that a write can be too late. */
  async function labelNode(labels: Readonly<Record<string, string>>): Promise<void> {
    await eventually('the label', async () => {
      const { metadata, ...rest } = succeeded(await plane.admin.get(`/api/v1/nodes/${NODE}`)).body as KubeObject;
      const labelled = { ...rest, metadata: { ...metadata, labels: { ...metadata.labels, ...labels } } };
      return (await plane.admin.replace(labelled)).status === 200 ? true : undefined;
    });
  }

  test('gives a sweep the certificates of the link, also where the live answer decides; the node has its pool', async () => {
    await labelNode({ 'eks.amazonaws.com/nodegroup': 'general', 'node-role.kubernetes.io/worker': '' });
    const { finding, report } = await swept();
    const { validFrom, validTo } = new X509Certificate(plane.authority.certificate);
    const times = { notBefore: timeOf(validFrom), notAfter: timeOf(validTo) };
    const authority = { use: 'client-ca', subject: 'CN=e2e-ca', issuer: 'CN=e2e-ca', ...times };
    expect(finding).toMatchObject({ result: 'pass', vantage: 'live', pool: 'general', certificates: [authority] });
    expect(finding?.certificates).toHaveLength(1);
    const ofServer = report.findings.flatMap(({ certificates = [] }) =>
      certificates.filter(({ use }) => use === 'client'),
    );
    expect(ofServer).toContainEqual(
      expect.objectContaining({
        subject: expect.stringContaining('CN=kube-apiserver-kubelet-client') as unknown,
        issuer: authority.subject,
        path: join(plane.dir, 'kubelet-client.crt'),
      }),
    );
  });

  test('gives a sweep what its page shows of certificates and pools', async () => {
    await documentedSession(cleanup, plane).run('node-agent-certificates');
  });

  test('survives an outage of the API server, logs its start and its end once, and exits on a signal', async () => {
    agent.kill('SIGTERM');
    expect(await agent.ended).toEqual({ code: 0, signal: null });
    const before = await storedAudit();
    await plane.stop();
    // both processes log to the same file
    const seen = agent.log().length;
    agent = startAgent(NODE, token);
    const count = (words: string): number => agent.log().slice(seen).split(words).length - 1;
    await eventually('the loss', () => (count('the audit cannot be stored') > 0 ? true : undefined), {
      context: agent.tail,
    });
    await plane.restart();
    // the agent tries again after twice the time, up to its interval
    await eventually('the return', () => (count('audits are stored again') > 0 ? true : undefined), {
      within: 90_000,
      context: agent.tail,
    });
    expect(await storedAudit()).not.toBe(before);
    expect([count('the audit cannot be stored'), count('audits are stored again')]).toEqual([1, 1]);
    agent.kill('SIGTERM');
    expect(await agent.ended).toEqual({ code: 0, signal: null });
  });

  async function mark(api: ApiClient, annotations: Readonly<Record<string, string>>) {
    const { metadata, ...rest } = succeeded(await plane.admin.get(PATH)).body as StoredAuditObject;
    const changed = { ...rest, metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } } };
    return api.send('PUT', PATH, changed);
  }

  test('contributes no contradiction and no pass from before a restart', async () => {
    await node.restart(WITHOUT_CLIENT_CA);

    const { finding, report } = await swept();
    expect(finding).toMatchObject({ result: 'fail', vantage: 'live' });
    const ofHost = finding?.otherEvidence?.find(({ source }) => 'via' in source && source.via === 'proc');
    expect(ofHost).toMatchObject({ result: 'unknown', agrees: true, problems: [{ code: 'outdated' }] });
    expect(JSON.stringify(ofHost)).toContain('is outdated');
    expect(JSON.stringify(report)).not.toContain('"agrees":false');
    await restartKubelet(COMPLIANT);
  });

  test('writes for the node in its token, not for an earlier node of the same name', async () => {
    const { uid } = (succeeded(await plane.admin.get(`/api/v1/nodes/${NODE}`)).body as KubeObject).metadata;
    const earlier = '11111111-2222-3333-4444-555555555555';
    succeeded(await mark(plane.admin, { 'kubelet-guard.dev/node-uid': earlier }));
    const { finding } = await swept('node-agent');
    expect(finding).toMatchObject({ result: 'unknown', problems: [{ code: 'outdated' }] });
    succeeded(await mark(plane.admin, { 'kubelet-guard.dev/node-uid': uid ?? '' }));
    expect((await swept('node-agent')).finding?.result).toBe('pass');
  });

  test('cannot change the age of its audit: the time of the API server counts', async () => {
    const future = {
      'kubelet-guard.dev/told': '2031-01-01T00:00:00Z',
      'kubelet-guard.dev/interval-seconds': '999999999',
    };
    succeeded(await mark(plane.admin, future));
    const { status, body } = await plane.admin.get(PATH);
    expect(status).toBe(200);
    const times = (body as { readonly metadata: { readonly managedFields: { readonly time: string }[] } }).metadata
      .managedFields;
    const last = times.map(({ time }) => Date.parse(time)).toSorted((a, b) => b - a)[0] ?? 0;
    expect(Math.abs(Date.now() - last)).toBeLessThan(60_000);
    // claims to be older than it is: then it is from before the kubelet became Ready
    expect((await swept('node-agent')).finding).toMatchObject({ result: 'unknown', problems: [{ code: 'outdated' }] });
  });

  test('cannot write for another node', async () => {
    await startNode(cleanup, plane, 'agent-2');
    const seen = agent.log().length;
    const other = startAgent(NODE, await kubeconfigOn('agent-2'));
    const refusal = 'a node agent can write only the ConfigMap of its own node';
    await eventually('the refusal', () => (other.log().slice(seen).includes(refusal) ? true : undefined), {
      context: other.tail,
    });
    other.kill('SIGTERM');
    await other.ended;
  });

  test('cannot claim to be on another node', async () => {
    const metadata = { name: 'agent-2', namespace: NAMESPACE, annotations: { 'kubelet-guard.dev/node-uid': 'x' } };
    const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
    const { port, authority } = plane;
    const api = new ApiClient(`https://127.0.0.1:${port}`, authority.certificate, { token: await tokenOn('agent-2') });
    const answer = await api.create(config);
    api.close();
    expect(answer).toMatchObject({
      status: 403,
      message: expect.stringContaining('the uid of its own node, which its token names'),
    });
  });
});
