// docs/platforms/eks.md and aks.md: a sweep of a cluster whose control plane the provider runs. The nodes have the labels of the
// provider, the API server is called by the name of the provider's, and nobody may read its flags.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, jest, test } from '@jest/globals';

import { startProxy } from '../../support/proxy-server.ts';
import { describeWith } from '../support/assets.ts';
import { Cleanup } from '../support/cleanup.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { documentedSession } from '../support/documented.ts';
import { expectContent } from '../support/installation.ts';
import { kubectl } from '../support/kubectl.ts';
import { COMPLIANT, WITHOUT_CLIENT_CA } from '../support/kubelet-setups.ts';
import { NODE_NEEDS, startNode } from '../support/node.ts';
import { addAccount, giveRights } from '../support/rights.ts';

jest.setTimeout(60_000);

const NEEDS = { ...NODE_NEEDS, tools: [...NODE_NEEDS.tools, 'kubectl'] };

const PROVIDERS = [
  {
    provider: 'eks',
    block: 'eks-sweep',
    host: '0123456789ABCDEF0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com',
    file: '/etc/kubernetes/kubelet/config.json',
    label: 'eks.amazonaws.com/nodegroup=workers',
    nodes: ['ip-10-0-1-23.eu-central-1.compute.internal', 'ip-10-0-2-42.eu-central-1.compute.internal'],
  },
  {
    provider: 'aks',
    block: 'aks-sweep',
    host: 'cluster-dns-1a2b3c4d.hcp.westeurope.azmk8s.io',
    file: '/etc/default/kubeletconfig.json',
    label: 'kubernetes.azure.com/cluster=MC_group_cluster_westeurope',
    nodes: ['aks-nodepool1-12345678-vmss000000', 'aks-nodepool1-12345678-vmss000001'],
  },
] as const;

describeWith(NEEDS, 'a sweep of a managed cluster', () => {
  describe.each(PROVIDERS)('of $provider', ({ block, host, file, label, nodes: [good, bad] }) => {
    const own = new Cleanup();
    let plane: ControlPlane;
    let kubeconfig: string;

    beforeAll(async () => {
      plane = await startControlPlane(own);
      await giveRights(plane);
      for (const [name, setup] of [[good, COMPLIANT] as const, [bad, WITHOUT_CLIENT_CA] as const]) {
        await startNode(own, plane, name, setup);
        expectContent(await kubectl(plane, ['label', 'node', name, label]), 'kubectl label');
      }
      const account = await addAccount(plane, 'operator', [
        { apiGroups: [''], resources: ['nodes', 'pods', 'configmaps', 'namespaces'], verbs: ['get', 'list'] },
        { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] },
      ]);
      const proxy = await startProxy();
      own.add(() => proxy.stop());
      kubeconfig = plane.write('managed.kubeconfig', throughProxy(account, proxy.port));
    }, 150_000);
    afterAll(() => own.run(), 60_000);

    /** The kubeconfig with the provider's host name, which only the proxy resolves. */
    function throughProxy(account: string, port: number): string {
      const config = JSON.parse(readFileSync(account, 'utf8')) as {
        readonly clusters: readonly { readonly cluster: Record<string, string> }[];
      };
      for (const { cluster } of config.clusters) {
        cluster.server = `https://${host}:${String(plane.port)}`;
        cluster['proxy-url'] = `http://127.0.0.1:${String(port)}`;
        cluster['tls-server-name'] = 'localhost';
      }
      return JSON.stringify(config);
    }

    test('is what the page shows', async () => {
      const shown = { [`:${String(plane.port)}`]: '', [join(plane.dir, bad, 'kubelet.yaml')]: file };
      const session = documentedSession(own, plane, { kubeconfig, shown });
      await session.run(block);
    });
  });
});
