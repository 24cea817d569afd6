// The evidence `flagz`: `GET /flagz` of each kube-apiserver.

import type { EvidenceKind } from '../evidence.ts';

export const flagz = {
  name: 'flagz',
  via: 'flagz',
  sweep: true,
  node: false,
  default: true,
  help: 'the flags of each kube-apiserver (1.36 and newer); needs get /flagz',
  rights: [
    { account: 'kubelet-guard-sweeper', verb: 'get', path: '/flagz' },
    {
      account: 'kubelet-guard-sweeper',
      verb: 'list',
      group: 'discovery.k8s.io',
      resource: 'endpointslices',
      namespace: 'default',
    },
  ],
  asks: 'kube-apiserver',
  make: async ({ cluster: { server, request }, timeout }) => {
    const { askApiServers } = await import('./flagz.ts');
    return (signal) => askApiServers({ server, request, timeout }, signal);
  },
} as const satisfies EvidenceKind;
