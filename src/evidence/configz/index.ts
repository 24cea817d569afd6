// The evidence `configz` and `configz-proxy`: `GET /configz` of a kubelet, asked directly or through kube-apiserver.

import type { EvidenceKind } from '../evidence.ts';

/** The service account whose only right is to read the configz of kubelets (manifests/base). */
const ACCOUNT = 'kubelet-guard-configz';

export const configz = {
  name: 'configz',
  via: 'configz',
  sweep: true,
  node: false,
  default: true,
  help: `the settings in use of each kubelet, read with a token of the service account ${ACCOUNT} (manifests/base)`,
  rights: [
    {
      account: 'kubelet-guard-sweeper',
      verb: 'create',
      group: '',
      resource: 'serviceaccounts',
      subresource: 'token',
      namespace: 'kubelet-guard',
      name: ACCOUNT,
    },
    { account: ACCOUNT, verb: 'get', group: '', resource: 'nodes', subresource: 'configz' },
  ],
  asks: 'kubelet',
  make: async ({ cluster: { request, ca, userAgent }, namespace, kubeletCA, timeout, clock, unverified }) => {
    const [{ configzEvidence }, { tokenSource }, { servingNamesBy }] = await Promise.all([
      import('./configz.ts'),
      import('./token.ts'),
      import('../serving-names.ts'),
    ]);
    return configzEvidence({
      tokens: tokenSource({ request, namespace, account: ACCOUNT, clock }),
      ca: kubeletCA,
      clusterCA: ca,
      unverified: ({ name }) => {
        unverified(name);
      },
      readNames: servingNamesBy({ kubelets: kubeletCA, cluster: ca }),
      userAgent,
      timeout,
    });
  },
} as const satisfies EvidenceKind;

export const configzProxy = {
  name: 'configz-proxy',
  via: 'configz-proxy',
  sweep: true,
  node: false,
  default: false,
  help: 'the same through kube-apiserver, which proves the link; needs get nodes/proxy, which is as good as running commands on every node',
  rights: [{ account: 'kubelet-guard-sweeper', verb: 'get', group: '', resource: 'nodes', subresource: 'proxy' }],
  asks: 'kubelet',
  make: async ({ cluster: { request }, timeout }) => {
    const { configzProxyEvidence } = await import('./proxy.ts');
    return configzProxyEvidence({ request, timeout });
  },
} as const satisfies EvidenceKind;
