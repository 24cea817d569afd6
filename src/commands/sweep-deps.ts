import { readFileSync } from 'node:fs';

import type { HandedOver } from '../sweeper/run/node.ts';
import type { SweepPorts, SweepRules } from '../sweeper/run/sweep.ts';
import { controls } from '../controls/index.ts';
import { inspect, WATCHED_CONFIG_MAPS } from '../inspect.ts';
import { findExemption } from '../policy/decision/exempt.ts';
import type { Control } from '../policy/control.ts';
import { takeOver } from '../evidence/node-agent/stored-audit.ts';
import type { GuardConfiguration } from '../runtime/configuration/configuration.ts';
import type { SweepEvidence, SweepPlan } from '../runtime/configuration/sweep.ts';
import { StartError } from '../runtime/start-error.ts';
import { isKubeletAddress } from '../evidence/addresses.ts';
import type { Cluster } from '../kube/cluster.ts';
import { configzEvidence, configzProxyEvidence } from '../evidence/configz/configz.ts';
import type { KubeletEvidence } from '../evidence/evidence.ts';
import { askApiServers, authorityOf } from '../evidence/flagz/flagz.ts';
import { AGENT_NAMESPACE, handOversIn, type HandOvers } from '../evidence/node-agent/config-maps.ts';
import { handshakeEvidence } from '../evidence/handshake/index.ts';
import { listNodes } from '../evidence/nodes.ts';
import { listObjects } from '../kube/objects/objects.ts';
import { servingNamesBy } from '../evidence/serving-names.ts';
import { tokenSource } from '../evidence/configz/token.ts';
import { readVersion } from '../kube/discovery.ts';
import { ADMISSION } from './allowances.ts';

/** The namespace of the product where it does not run in a pod. */
export const OWN_NAMESPACE = 'kubelet-guard';

/** The account whose only right is to read the configz of kubelets (manifests/base). */
const CONFIGZ_ACCOUNT = 'kubelet-guard-configz';

/** What evidence needs besides the cluster. */
export interface EvidenceOptions {
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
}

/** Makes what a sweep of a cluster asks. */
export function evidencePorts(
  cluster: Cluster,
  { plan, namespaces, namespace, kubeletCA, clock, now, unverified }: EvidenceOptions,
): Pick<SweepPorts, 'server' | 'objects' | 'nodes' | 'version' | 'evidence' | 'handedOver' | 'askApiServers'> {
  const { request } = cluster;
  const { timeout } = plan;
  const readNames = servingNamesBy({ kubelets: kubeletCA, cluster: cluster.ca });
  const makers: Readonly<Record<Exclude<SweepEvidence, 'flagz' | 'node-agent'>, () => KubeletEvidence>> = {
    handshake: () => handshakeEvidence({ timeout, accepts: isKubeletAddress, readNames }),
    configz: () =>
      configzEvidence({
        tokens: tokenSource({
          request,
          namespace: namespace ?? cluster.namespace ?? OWN_NAMESPACE,
          account: CONFIGZ_ACCOUNT,
          clock,
        }),
        ca: kubeletCA,
        clusterCA: cluster.ca,
        unverified: ({ name }) => {
          unverified(name);
        },
        readNames,
        userAgent: cluster.userAgent,
        timeout,
      }),
    'configz-proxy': () => configzProxyEvidence({ request, timeout }),
  };
  return {
    server: authorityOf(cluster.server),
    objects: (signal) => listObjects(cluster, { namespaces, configMaps: WATCHED_CONFIG_MAPS }, signal),
    nodes: (signal) => listNodes(request, signal),
    version: (signal) => readVersion(request, signal),
    evidence: plan.evidence.flatMap((name) => (name === 'flagz' || name === 'node-agent' ? [] : [makers[name]()])),
    handedOver: plan.evidence.includes('node-agent')
      ? handedOver(handOversIn(request, AGENT_NAMESPACE), now)
      : () => Promise.resolve(undefined),
    askApiServers: plan.evidence.includes('flagz')
      ? (signal) => askApiServers({ server: cluster.server, request, timeout }, signal)
      : undefined,
  };
}

/** What agents handed over; where no node has one, none is asked about. */
function handedOver({ isUsed, read }: HandOvers, now: () => Date): HandedOver {
  let used: Promise<boolean> | undefined;
  return async (node, signal) => {
    used ??= isUsed(signal);
    const found = (await used) ? await read(node.name, signal) : undefined;
    if (found === undefined || 'code' in found) return found;
    return takeOver(found.report, found, { node, controls, now: now().toISOString() });
  };
}

/** The rules of a sweep under a configuration. */
export function sweepRules(
  configuration: GuardConfiguration,
  controls: readonly Control[],
  concurrency: number,
  today: string,
): SweepRules {
  const { isReported, policy } = configuration;
  return {
    inspect: (document) => inspect(controls, [document], ADMISSION),
    isReported: ({ control, surface }) => isReported(control, surface),
    exemptionFor: (finding) => findExemption(policy.exemptions, finding, today),
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
