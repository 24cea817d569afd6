// Platforms: what sets up a component and its settings. Data only.

/** The platforms whose benchmark or remedy differs from the general one. */
export const PLATFORMS = [
  'kubeadm',
  'aks',
  'eks',
  'gke',
  'openshift',
  'rancher',
  'k3s',
  'rke2',
  'k0s',
  'talos',
  'kops',
  'microk8s',
] as const;

/** A platform. It chooses words only: which benchmark's id is shown, and how to fix a violation. It never changes a result. */
export type Platform = (typeof PLATFORMS)[number];
