/** The values of the chart that have the effect of each kustomize overlay. */
export const OVERLAY_VALUES: Readonly<Record<string, object>> = {
  base: {},
  aks: { aks: { enabled: true } },
  audit: { preset: 'audit' },
  'cert-manager': { certManager: { enabled: true } },
  'client-certificates': { clientCertificates: { enabled: true } },
  'declared-clusters': { declaredClusters: { enabled: true } },
  enforce: { preset: 'enforce' },
  monitoring: { monitoring: { enabled: true } },
  'node-agent': { nodeAgent: { enabled: true } },
  openshift: { openshift: { enabled: true } },
  ratchet: { preset: 'ratchet' },
};
