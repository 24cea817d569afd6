// Decides with the component's own code whether the component that an allowed object configures lacks the setting.

import type { Oracle, Query } from '../../support/oracle.ts';

/** A question to the oracle about an allowed object. */
export interface Claim {
  readonly body: string;
  readonly query: Query;
}

interface Review {
  readonly request?: {
    readonly operation?: unknown;
    readonly namespace?: unknown;
    readonly name?: unknown;
    readonly subResource?: unknown;
    readonly kind?: { readonly kind?: unknown };
    readonly resource?: { readonly group?: unknown; readonly resource?: unknown; readonly version?: unknown };
    readonly object?: {
      readonly kind?: unknown;
      readonly metadata?: { readonly name?: unknown; readonly namespace?: unknown };
      readonly data?: Readonly<Record<string, unknown>>;
    };
  };
}

/** The questions about an allowed body; undefined if an API server would not send it, or if the control does not apply. */
export function claimOf(body: string): Claim | undefined {
  const { request } = JSON.parse(body) as Review;
  const { operation, resource, object, name } = request ?? {};
  if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined;
  if (request?.namespace !== 'kube-system' || (request.subResource ?? '') !== '') return undefined;
  if (resource?.group !== '' || resource.version !== 'v1' || request.kind?.kind !== object?.kind) return undefined;
  if (object?.metadata?.name !== name || object?.metadata?.namespace !== 'kube-system') return undefined;
  if (resource.resource === 'pods' && object.kind === 'Pod' && operation === 'CREATE') {
    return { body, query: { component: 'pod', document: JSON.stringify(object) } };
  }
  if (resource.resource !== 'configmaps' || object.kind !== 'ConfigMap') return undefined;
  if (name === 'kubelet-config' && isText(object.data?.kubelet)) {
    const files = { 'config.yaml': object.data.kubelet };
    return { body, query: { component: 'kubelet', args: ['--config=$DIR/config.yaml'], files } };
  }
  if (name === 'kubeadm-config' && isText(object.data?.ClusterConfiguration)) {
    return { body, query: { component: 'kubeadm', document: object.data.ClusterConfiguration } };
  }
  return undefined;
}

/** The queries with which the component would start without the setting. */
export async function lacking(oracle: Oracle, claims: readonly Claim[]): Promise<Claim[]> {
  const answers = await oracle.ask(claims.map(({ query }) => query));
  const found: Claim[] = [];
  const starts: Claim[] = [];
  for (const [index, claim] of claims.entries()) {
    const { parses, clientCAFile, containers, ...flags } = answers[index] ?? { parses: false };
    if (!parses) continue;
    const { component } = claim.query;
    if (component === 'kubelet' && !clientCAFile && !hasNoServer(claim.query)) found.push(claim);
    if (component === 'kubeadm' && !(flags.kubeletClientCertificate && flags.kubeletClientKey)) found.push(claim);
    if (component === 'pod') starts.push(...startsOf(claim, containers ?? {}));
  }
  const started = await oracle.ask(starts.map(({ query }) => query));
  for (const [index, claim] of starts.entries()) {
    const { parses, kubeletClientCertificate, kubeletClientKey } = started[index] ?? { parses: false };
    if (parses && !(kubeletClientCertificate && kubeletClientKey)) found.push(claim);
  }
  return found;
}

/** The kube-apiservers that a pod starts under their own name, without those that only print their help or version. */
function startsOf({ body }: Claim, containers: Readonly<Record<string, readonly string[] | null>>): Claim[] {
  return Object.values(containers).flatMap((argv) => {
    const [program = '', ...args] = argv ?? [];
    const serves =
      program.split('/').at(-1) === 'kube-apiserver' && !args.some((word) => /^--?(help|version|h)\b/.test(word));
    return serves ? [{ body, query: { component: 'kube-apiserver', args } as const }] : [];
  });
}

/** A kubelet without its server has no clients to authenticate. */
function hasNoServer(query: Query): boolean {
  return (
    query.component === 'kubelet' &&
    /enableServer['"]?\s*:\s*['"]?(false|no|off|n)\b/i.test(query.files?.['config.yaml'] ?? '')
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed();
}
