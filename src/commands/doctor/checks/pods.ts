// The checks `pods` and `endpoints`: do the Deployments run, and does the Service of the webhook lead to a ready pod?

import { asRecord, asRecords, stringOrEmpty } from '../../../json.ts';
import { short } from '../compare.ts';
import type { Installation, Workload } from '../installation.ts';
import { FIRST, NO_RIGHT, type Check } from '../report.ts';
import type { InstalledWebhook } from './webhook-configuration.ts';

interface Rollout {
  readonly name: string;
  readonly wanted: number;
  readonly ready: number;
  readonly updated: number;
}

/** What to do about the reasons that kubelets and the scheduler give. */
const REMEDIES: Readonly<Record<string, string>> = {
  ImagePullBackOff: 'check the image name and the pull secret of the Deployment, and whether nodes reach the registry',
  ErrImagePull: 'check the image name and the pull secret of the Deployment, and whether nodes reach the registry',
  CrashLoopBackOff: 'read why it ends: kubectl logs --previous',
  CreateContainerConfigError: 'check the ConfigMaps and Secrets that the Deployment mounts',
  Unschedulable: 'check requests, taints and affinity against the nodes (kubectl describe pod)',
};

/** Whether the Deployments have all their pods ready; if not, why. */
export function checkPods({ home, webhook, sweeper }: Installation): Check {
  const check = 'pods';
  const known = [webhook, sweeper].filter(({ deployment }) => 'known' in deployment && deployment.known !== undefined);
  const unread = [webhook, sweeper].flatMap(({ deployment }) => ('unknown' in deployment ? [deployment.unknown] : []));
  const rollouts = known.map(rolloutOf);
  const bad = known.filter((_, at) => !isComplete(rollouts[at]));
  const message = rollouts.map(({ name, ready, wanted }) => `${name} ${ready} of ${wanted} ready`).join(', ');
  if (bad.length > 0) {
    const reasons = bad.flatMap((workload) => reasonsOf(workload));
    const known = reasons.find(({ code }) => code in REMEDIES);
    return {
      check,
      result: 'problem',
      message,
      details: [...reasons.map(({ words }) => words), ...unread],
      remedy: known === undefined ? `see kubectl -n ${home} describe pods` : (REMEDIES[known.code] ?? ''),
    };
  }
  const [unknown] = unread;
  if (unknown !== undefined) return { check, result: 'unknown', message: unknown, remedy: NO_RIGHT };
  if (known.length === 0) {
    return { check, result: 'problem', message: `there is no Deployment in ${home}`, remedy: 'apply the manifests' };
  }
  return { check, result: 'ok', message };
}

/** Whether a Deployment has no ready pod, as far as it is known. */
export function hasNoReadyPod({ deployment }: Workload): boolean {
  if (!('known' in deployment)) return false;
  return deployment.known === undefined || rolloutOf({ name: '', deployment, pods: { known: [] } }).ready === 0;
}

function rolloutOf({ name, deployment }: Workload): Rollout {
  const { spec, status } = asRecord('known' in deployment ? deployment.known : undefined);
  const { readyReplicas, updatedReplicas } = asRecord(status);
  return {
    name,
    wanted: numberOf(asRecord(spec).replicas ?? 1),
    ready: numberOf(readyReplicas),
    updated: numberOf(updatedReplicas),
  };
}

function isComplete(rollout: Rollout | undefined): boolean {
  if (rollout === undefined) return false;
  const { wanted, ready, updated } = rollout;
  return wanted > 0 && ready >= wanted && updated >= wanted;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

interface Reason {
  readonly code: string;
  readonly words: string;
}

function reasonsOf(workload: Workload): Reason[] {
  const { name, pods } = workload;
  const { wanted, ready, updated } = rolloutOf(workload);
  if (wanted === 0) return [{ code: 'scaled', words: `${name}: scaled to 0 replicas` }];
  if ('unknown' in pods) return [{ code: 'unknown', words: `${name}: ${pods.unknown}` }];
  const counted = new Map<string, Reason & { count: number }>();
  const all = pods.known.length === 0 ? conditionsOf(workload) : pods.known.flatMap((pod) => podReason(pod) ?? []);
  for (const reason of all) {
    const before = counted.get(reason.code);
    counted.set(reason.code, { ...(before ?? reason), count: (before?.count ?? 0) + 1 });
  }
  const reasons = [...counted.values()].map(({ code, words, count }) => ({
    code,
    words: `${name}: ${pods.known.length === 0 ? '' : `${count} ${count === 1 ? 'pod' : 'pods'}: `}${words}`,
  }));
  if (reasons.length > 0) return reasons;
  const words =
    ready >= wanted && updated < wanted
      ? `only ${updated} of ${wanted} pods are of the new version`
      : 'no pod says why';
  return [{ code: 'rollout', words: `${name}: ${words}` }];
}

/** Why there are no pods. */
function conditionsOf({ deployment }: Workload): Reason[] {
  const { status } = asRecord('known' in deployment ? deployment.known : undefined);
  const failed = asRecords(asRecord(status).conditions).filter(
    ({ type, status: holds }) => type === 'ReplicaFailure' && holds === 'True',
  );
  if (failed.length === 0) return [{ code: 'none', words: 'there are no pods, and nothing says why' }];
  return failed.map(({ reason, message }) => ({ code: stringOrEmpty(reason), words: wordsOf(reason, message) }));
}

/** Why a pod is not ready; undefined if it is. */
function podReason(pod: unknown): Reason | undefined {
  const { status } = asRecord(pod);
  const { conditions, containerStatuses, initContainerStatuses } = asRecord(status);
  const has = (wanted: string) => asRecords(conditions).find(({ type }) => type === wanted);
  if (has('Ready')?.status === 'True') return undefined;
  const scheduled = has('PodScheduled');
  if (scheduled?.status === 'False') {
    return { code: stringOrEmpty(scheduled.reason), words: wordsOf(scheduled.reason, scheduled.message) };
  }
  for (const { state, lastState } of [...asRecords(initContainerStatuses), ...asRecords(containerStatuses)]) {
    const { waiting, terminated } = asRecord(state);
    const stopped = asRecord(waiting ?? terminated);
    if (typeof stopped.reason !== 'string') continue;
    const { exitCode, reason: ended } = asRecord(asRecord(lastState).terminated ?? terminated);
    const last =
      typeof exitCode === 'number' ? `; it last ended with exit code ${exitCode} (${stringOrEmpty(ended)})` : '';
    return { code: stopped.reason, words: `${wordsOf(stopped.reason, stopped.message)}${last}` };
  }
  return { code: 'unready', words: 'it runs, and is not ready: see its log' };
}

function wordsOf(reason: unknown, message: unknown): string {
  const text = stringOrEmpty(message);
  return text === '' ? stringOrEmpty(reason) : `${stringOrEmpty(reason)}: ${short(text)}`;
}

/** Whether the Service of the webhook leads to a ready pod. */
export function checkEndpoints(installation: Installation, registered: InstalledWebhook | undefined): Check {
  const check = 'endpoints';
  const { service, endpointSlices, home } = installation;
  const { namespace, name } = registered?.service ?? { namespace: home, name: 'kubelet-guard' };
  const what = `Service ${namespace}/${name}`;
  if ('unknown' in service) return { check, result: 'unknown', message: service.unknown, remedy: NO_RIGHT };
  if (service.known === undefined) {
    return { check, result: 'problem', message: `there is no ${what}`, remedy: 'apply the manifests' };
  }
  if ('unknown' in endpointSlices) {
    return { check, result: 'unknown', message: endpointSlices.unknown, remedy: NO_RIGHT };
  }
  const endpoints = endpointSlices.known.flatMap((slice) => asRecords(asRecord(slice).endpoints));
  const ready = endpoints.filter(({ conditions }) => asRecord(conditions).ready !== false).length;
  if (ready > 0) {
    return { check, result: 'ok', message: `${what} has ${ready} ready ${ready === 1 ? 'endpoint' : 'endpoints'}` };
  }
  if (hasNoReadyPod(installation.webhook)) {
    return {
      check,
      result: 'problem',
      message: `${what} has no ready endpoint, because no pod is ready`,
      remedy: FIRST,
    };
  }
  return {
    check,
    result: 'problem',
    message: `${what} has no ready endpoint`,
    remedy: 'compare the selector of the Service with the labels of the pods, and check kube-controller-manager',
  };
}
