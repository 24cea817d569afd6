import data from './shipped.json' with { type: 'json' };

/** A right that the manifests give. */
export interface ShippedRight {
  readonly account: string;
  readonly verb: string;
  /** A path that is no resource, in place of a resource. */
  readonly path?: string;
  readonly group?: string;
  readonly resource?: string;
  readonly subresource?: string;
  /** In which namespace; in all where it is not given. */
  readonly namespace?: string;
  /** For which object; for all where it is not given. */
  readonly name?: string;
}

/** A ValidatingAdmissionPolicy of the manifests, and the binding of the same name. */
export interface ShippedPolicy {
  readonly name: string;
  /** Their `spec`. */
  readonly policy: Readonly<Record<string, unknown>>;
  readonly binding: Readonly<Record<string, unknown>>;
}

/** What manifests/base holds, as far as it can be compared with a cluster. A test keeps it in step. */
export const shipped: {
  readonly webhooks: readonly Readonly<Record<string, unknown>>[];
  readonly rights: readonly ShippedRight[];
  readonly policies: readonly ShippedPolicy[];
} = data;

/** As shipped. */
export const NAMES = {
  registration: 'kubelet-guard',
  webhook: 'validate.kubelet-guard.dev',
  namespace: 'kubelet-guard',
  service: 'kubelet-guard',
  secret: 'kubelet-guard-tls',
  configMap: 'kubelet-guard',
  configKey: 'guard.yaml',
} as const;
