// The evidence `handshake`: the start of a TLS handshake with a kubelet.

import type { EvidenceKind } from '../evidence.ts';

export const handshake = {
  name: 'handshake',
  via: 'handshake',
  sweep: true,
  node: true,
  default: true,
  help: 'the CAs that each kubelet names at the start of a TLS handshake; needs no rights',
  rights: [],
  asks: 'kubelet',
  make: async ({ timeout, kubeletCA, cluster }) => {
    const [{ handshakeEvidence }, { isKubeletAddress }, { servingNamesBy }] = await Promise.all([
      import('./handshake.ts'),
      import('../addresses.ts'),
      import('../serving-names.ts'),
    ]);
    const readNames = servingNamesBy({ kubelets: kubeletCA, cluster: cluster.ca });
    return handshakeEvidence({ timeout, accepts: isKubeletAddress, readNames });
  },
} as const satisfies EvidenceKind;
