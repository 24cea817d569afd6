// The evidence `node-agent`: the audits that agents on the nodes stored in ConfigMaps.

import type { EvidenceKind } from '../evidence.ts';

const STORED = { group: '', resource: 'configmaps', namespace: 'kubelet-guard-node' } as const;

export const nodeAgent = {
  name: 'node-agent',
  via: 'proc',
  sweep: true,
  node: false,
  default: true,
  help: 'the audits that node agents stored, if there are any (manifests/components/node-agent)',
  rights: [
    { account: 'kubelet-guard-node-agent', verb: 'create', ...STORED },
    { account: 'kubelet-guard-node-agent', verb: 'update', ...STORED },
    { account: 'kubelet-guard-sweeper', verb: 'get', ...STORED },
    { account: 'kubelet-guard-sweeper', verb: 'list', ...STORED },
  ],
  asks: 'stored-audit',
  make: async ({ cluster: { request }, controls, now }) => {
    const [{ AGENT_NAMESPACE, auditStoreIn }, { loadAuditsFrom }] = await Promise.all([
      import('./config-maps.ts'),
      import('./load.ts'),
    ]);
    return loadAuditsFrom(auditStoreIn(request, AGENT_NAMESPACE), { controls, now });
  },
} as const satisfies EvidenceKind;
