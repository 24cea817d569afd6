// The evidence `configz` and `configz-proxy`: `GET /configz` of a kubelet, asked directly or through kube-apiserver.

import type { EvidenceDeps, EvidenceKind } from '../evidence.ts';
import type { CallKubelet } from './caller.ts';

/** The service account whose only right is to read the configz of kubelets (manifests/base). */
const ACCOUNT = 'kubelet-guard-configz';

export const configz = {
  name: 'configz',
  via: 'configz',
  sweep: true,
  node: false,
  default: true,
  help: `the settings in use of each kubelet, read with a token of the service account ${ACCOUNT} (manifests/base); without that account, with the client certificate of the kubeconfig`,
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
  make: async (deps) => {
    const [{ configzBy }, call] = await Promise.all([import('./configz.ts'), callerOf(deps)]);
    return configzBy(call);
  },
} as const satisfies EvidenceKind;

export const kubeletFlagz = {
  name: 'kubelet-flagz',
  via: 'kubelet-flagz',
  sweep: true,
  node: false,
  default: true,
  help: 'the flags of each kubelet (1.36 and newer) whose configz shows a fault: which flag decided, or which files; needs what configz needs',
  rights: [{ account: ACCOUNT, verb: 'get', group: '', resource: 'nodes', subresource: 'configz' }],
  asks: 'kubelet',
  make: async (deps) => {
    const [{ kubeletFlagzBy }, call] = await Promise.all([import('./kubelet-flagz.ts'), callerOf(deps)]);
    return kubeletFlagzBy(call);
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

/** The ways to ask of one sweep share a token. */
const callers = new WeakMap<EvidenceDeps, Promise<CallKubelet>>();

function callerOf(deps: EvidenceDeps): Promise<CallKubelet> {
  const caller = callers.get(deps) ?? makeCaller(deps);
  callers.set(deps, caller);
  return caller;
}

async function makeCaller(deps: EvidenceDeps): Promise<CallKubelet> {
  const { cluster, namespace, kubeletCA, timeout, clock, unverified, withoutToken } = deps;
  const { request, ca, userAgent, clientCertificate } = cluster;
  const [{ kubeletCaller }, { tokenSource }, { servingNamesBy }] = await Promise.all([
    import('./caller.ts'),
    import('./token.ts'),
    import('../serving-names.ts'),
  ]);
  return kubeletCaller({
    tokens: tokenSource({ request, namespace, account: ACCOUNT, clock }),
    certificate: clientCertificate,
    ca: kubeletCA,
    clusterCA: ca,
    unverified: ({ name }) => {
      unverified(name);
    },
    withoutToken,
    readNames: servingNamesBy({ kubelets: kubeletCA, cluster: ca }),
    userAgent,
    timeout,
  });
}
