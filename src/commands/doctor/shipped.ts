// What the manifests of this version hold, as far as `doctor` compares it with a cluster.

import data from './shipped.json' with { type: 'json' };

/** A right that the manifests give. */
export interface ShippedRight {
  readonly account: string;
  readonly verb: string;
  /** A nonResourceURL, instead of a resource. */
  readonly path?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  /** In which namespace; without it, in all. */
  readonly namespace?: string;
  /** For which object; without it, for all. */
  readonly name?: string;
}

/** A ValidatingAdmissionPolicy of the manifests, and the binding of the same name. */
export interface ShippedPolicy {
  readonly name: string;
  /** Their `spec`. */
  readonly policy: Readonly<Record<string, unknown>>;
  readonly binding: Readonly<Record<string, unknown>>;
}

/** What manifests/base and the component declared-clusters hold. A test compares this copy with them. */
export const shipped: {
  readonly webhooks: readonly Readonly<Record<string, unknown>>[];
  /** The webhooks of components, which need not be installed. */
  readonly optionalWebhooks: readonly Readonly<Record<string, unknown>>[];
  readonly rights: readonly ShippedRight[];
  readonly policies: readonly ShippedPolicy[];
} = data;

/** The names of the objects in the manifests. */
export const NAMES = {
  registration: 'kubelet-guard',
  webhook: 'validate.kubelet-guard.dev',
  namespace: 'kubelet-guard',
  service: 'kubelet-guard',
  secret: 'kubelet-guard-tls',
  deployment: 'kubelet-guard',
  sweeper: 'kubelet-guard-sweeper',
  configMap: 'kubelet-guard',
  configKey: 'guard.yaml',
} as const;
