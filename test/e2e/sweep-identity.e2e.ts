import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import type { GuardReport } from '../../src/outputs/guard-report.ts';
import { ApiClient, succeeded } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { nodeAt } from './support/hostile.ts';
import { FLAGS_ONLY, WITHOUT_CLIENT_CA } from './support/kubelet-setups.ts';
import { addNetwork } from './support/network.ts';
import { NODE_NEEDS, startNode, type ClusterNode } from './support/node.ts';
import { Authority } from './support/pki.ts';
import { runCli } from './support/product.ts';
import { giveRights } from './support/rights.ts';
import { findingOf, sweepConfiguration, sweepOnce, verdict } from './support/sweeper.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(60_000);

const CLIENT_CA = 'kubelet-client-ca';
const ALL = 'handshake,configz,flagz';

describeWith(NODE_NEEDS, 'the identity of kubelets', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let first: ClusterNode;
  let kubeconfig: string;
  let config: string;
  const heard: string[] = [];

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    kubeconfig = await giveRights(plane, 'kubelet-guard-sweeper');
    config = plane.write('identity.json', sweepConfiguration({ timeout: '15s' }));
    first = await startNode(cleanup, plane, 'node-1');
    // as two Vagrant virtual machines, which both have 10.0.2.15
    await startNode(cleanup, plane, 'vagrant-2', FLAGS_ONLY, { nodeIP: first.address });
    await startNode(cleanup, plane, 'open-4', WITHOUT_CLIENT_CA);
    const { host } = await addNetwork(cleanup);
    for (const requestCert of [false, true]) {
      const port = await inspect(host, requestCert);
      succeeded(await plane.admin.create(nodeAt(requestCert ? 'behind-22' : 'behind-21', host, port)));
    }
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  /** A TLS-intercepting program that answers in place of all servers. */
  async function inspect(host: string, requestCert: boolean): Promise<number> {
    const authority = new Authority('corp-tls-inspection-ca');
    const { certificate, key } = authority.issue({ name: 'corp-tls-inspection' });
    const tls = { cert: certificate, key, ca: authority.certificate, requestCert, rejectUnauthorized: false };
    const server: Server = createServer(tls, (request, response) => {
      heard.push(`${request.method ?? ''} ${request.url ?? ''}`);
      response.writeHead(200).end('{}');
    });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    cleanup.add(() => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  function sweep(evidence: string): Promise<{ readonly code: number; readonly report: GuardReport }> {
    return sweepOnce({ kubeconfig, config, evidence });
  }

  /** Calls the API server as the kubelet of a node. */
  async function label(node: string, labels: Readonly<Record<string, string>>): Promise<void> {
    const identity = { name: `system:node:${node}`, organization: 'system:nodes' };
    const { authority, port } = plane;
    const api = new ApiClient(`https://127.0.0.1:${port}`, authority.certificate, authority.issue(identity));
    // the real kubelet may change the Node meanwhile
    await eventually(`the labels of ${node}`, async () => {
      const { body } = succeeded(await api.get(`/api/v1/nodes/${node}`));
      const { metadata, ...rest } = body as { readonly metadata: { readonly labels: object } };
      const changed = { ...rest, metadata: { ...metadata, labels: { ...metadata.labels, ...labels } } };
      return succeeded(await api.send('PUT', `/api/v1/nodes/${node}`, changed));
    });
    api.close();
  }

  test.each([
    ['handshake', 'pass - -', 'wrong-node - -'],
    ['configz', 'pass pass pass', 'wrong-node wrong-node wrong-node'],
    ['handshake,configz', 'pass pass pass', 'wrong-node wrong-node wrong-node'],
  ])('by %s: if two nodes have one address, only the one in the certificate is checked', async (evidence, one, two) => {
    const { report, code } = await sweep(evidence);

    expect(verdict(report, 'node-1')).toBe(one);
    expect(verdict(report, 'vagrant-2')).toBe(two);
    const [problem] = findingOf(report, CLIENT_CA, 'vagrant-2')?.problems ?? [];
    expect(problem?.message).toContain('answers as node-1');
    expect(problem?.message).toContain('CN=system:node:node-1');
    expect(report.link?.kubelets.pass).toBe(1);
    expect(code).toBe(1);
  });

  test('a program that answers for every address proves nothing, and gets no token', async () => {
    const { report } = await sweep('handshake,configz');

    for (const node of ['behind-21', 'behind-22']) {
      expect(verdict(report, node)).toBe('unidentified unidentified unidentified');
      expect(findingOf(report, CLIENT_CA, node)?.problems[0]?.message).toContain('CN=corp-tls-inspection');
    }
    expect(report.link?.acceptedAuthorities).toEqual([{ name: 'CN=e2e-ca', kubelets: 1 }]);
    expect(heard).toEqual([]);
  });

  test('labels that a kubelet sets change no result', async () => {
    const before = await sweep(ALL);
    await label('open-4', { type: 'virtual-kubelet', 'cloud.google.com/gke-nodepool': 'x' });
    await label('open-4', { 'eks.amazonaws.com/nodegroup': 'x', 'kubernetes.azure.com/cluster': 'x' });

    const after = await sweep(ALL);
    expect(after.report.summary).toEqual(before.report.summary);
    expect(verdict(after.report, 'open-4')).toBe('fail pass pass');
    expect(after.report.nodes).toEqual({ ...before.report.nodes, skipped: 0 });
    const withoutFlagz = await sweep('handshake');
    expect(withoutFlagz.report.link).not.toHaveProperty('apiServersNotApplicable');
    const unseen = withoutFlagz.report.findings.filter(({ subject }) => subject.component === 'kube-apiserver');
    expect(unseen.map(({ control, result }) => `${control} ${result}`)).toEqual([
      'apiserver-kubelet-client-cert unknown',
      'apiserver-kubelet-ca unknown',
    ]);
  });

  test('a node that claims to be virtual and does not answer is listed, counted, and unknown', async () => {
    const { address } = await addNetwork(cleanup);
    const { metadata, ...rest } = nodeAt('virtual-9', address, 10_250);
    const virtual = { ...rest, metadata: { ...metadata, labels: { type: 'virtual-kubelet' } } };
    succeeded(await plane.admin.create(virtual));

    const { report } = await sweep('handshake');
    expect(report.nodes).toMatchObject({ skipped: 1, skippedNames: ['virtual-9'] });
    expect(findingOf(report, CLIENT_CA, 'virtual-9')?.result).toBe('unknown');
    const { stdout } = await runCli(['sweep', '--kubeconfig', kubeconfig, '--config', config, '--quiet']);
    expect(stdout).toContain(
      '1 node was skipped: it has the label type=virtual-kubelet, and nothing answered there: virtual-9',
    );
  });
});
