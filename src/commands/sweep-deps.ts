// What `sweep` and the background sweeper work with: the cluster, the chosen evidence, and the rules of the configuration.

import { readFileSync } from 'node:fs';

import type { SweepDeps, SweepOptions } from '../sweeper/run/deps.ts';
import { inspect, WATCHED_CONFIG_MAPS } from '../inspect.ts';
import { exemptionsAt } from '../outputs/run.ts';
import type { Control } from '../policy/control.ts';
import type { GuardConfiguration } from '../runtime/configuration/configuration.ts';
import type { SweepPlan } from '../runtime/configuration/sweep.ts';
import { StartError } from '../runtime/start-error.ts';
import type { Cluster } from '../kube/cluster.ts';
import type { AskApiServers, EvidenceDeps, KubeletEvidence, LoadAudit } from '../evidence/evidence.ts';
import { EVIDENCE } from '../evidence/index.ts';
import { hostAndPort } from '../evidence/flagz/flagz.ts';
import { listNodes } from '../evidence/nodes.ts';
import { listPodsAndConfigMaps } from '../kube/objects/pods-and-config-maps.ts';
import { readClusterUid, readVersion } from '../kube/discovery.ts';
import { ADMISSION } from './allowances.ts';

/** The namespace of the product where it does not run in a pod. */
export const OWN_NAMESPACE = 'kubelet-guard';

/** What evidence needs besides the cluster. */
export interface EvidenceOptions {
  readonly controls: readonly Control[];
  readonly plan: Pick<SweepPlan, 'evidence' | 'timeout'>;
  readonly namespaces: Iterable<string>;
  /** Where the product runs, where the cluster does not say it. */
  readonly namespace?: string | undefined;
  /** The CA of the kubelets' serving certificates in PEM, where one is configured. */
  readonly kubeletCA: string | undefined;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  readonly now: () => Date;
  /** A kubelet was sent a token though its certificate did not verify. */
  readonly unverified: (node: string) => void;
  /** Kubelets are shown the client certificate of the kubeconfig, because there is no token. */
  readonly withoutToken?: (reason: string) => void;
}

/** Makes what a sweep asks: the API of the cluster, and its processes by the evidence of the plan. */
export async function clusterEvidence(
  cluster: Cluster,
  { plan, namespaces, namespace, ...options }: EvidenceOptions,
): Promise<
  Pick<
    SweepDeps,
    'server' | 'context' | 'objects' | 'nodes' | 'version' | 'clusterUid' | 'evidence' | 'loadAudit' | 'askApiServers'
  >
> {
  const { request } = cluster;
  const deps: EvidenceDeps = {
    ...options,
    cluster,
    namespace: namespace ?? cluster.namespace ?? OWN_NAMESPACE,
    timeout: plan.timeout,
  };
  const evidence: KubeletEvidence[] = [];
  const servers: AskApiServers[] = [];
  const audits: LoadAudit[] = [];
  for (const entry of EVIDENCE) {
    if (!(plan.evidence as readonly string[]).includes(entry.name)) continue;
    if (entry.asks === 'kubelet') evidence.push(await entry.make(deps));
    else if (entry.asks === 'kube-apiserver') servers.push(await entry.make(deps));
    else if (entry.asks === 'stored-audit') audits.push(await entry.make(deps));
  }
  return {
    server: hostAndPort(cluster.server),
    context: cluster.context,
    objects: (signal) => listPodsAndConfigMaps(request, { namespaces, configMaps: WATCHED_CONFIG_MAPS }, signal),
    nodes: (signal) => listNodes(request, signal),
    version: (signal) => readVersion(request, signal),
    clusterUid: (signal) => readClusterUid(request, signal),
    evidence,
    loadAudit: async (node, signal) => {
      for (const load of audits) {
        const audit = await load(node, signal);
        if (audit !== undefined) return audit;
      }
      return undefined;
    },
    askApiServers:
      servers.length === 0
        ? undefined
        : async (signal) => (await Promise.all(servers.map((ask) => ask(signal)))).flat(),
  };
}

/** The rules of a sweep under a configuration. */
export function sweepOptions(
  configuration: GuardConfiguration,
  controls: readonly Control[],
  concurrency: number,
  today: string,
): SweepOptions {
  const { isReported, policy } = configuration;
  return {
    inspect: (document) => inspect(controls, [document], ADMISSION),
    isReported: ({ control, surface }) => isReported(control, surface),
    exemptions: policy.exemptions,
    exemptionFor: exemptionsAt(policy.exemptions, today),
    concurrency,
  };
}

/** Reads the CA that kubelets are verified by. */
export function readKubeletCA(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'no reason given';
    throw new StartError('usage', `cannot read --kubelet-certificate-authority ${path} (${reason})`, { cause });
  }
}
