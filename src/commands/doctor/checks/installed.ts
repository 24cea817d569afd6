// The checks `cluster` and `installed`: which cluster is this, and is anything of kubelet-guard in it?

import type { Answer } from '../../../kube/read-only-api.ts';
import type { Installation } from '../installation.ts';
import { NO_RIGHT, type Check } from '../report.ts';
import { NAMES } from '../shipped.ts';
import type { InstalledWebhook } from './webhook-configuration.ts';

/** Names the cluster: its context, address and version. */
export function checkCluster(context: string | undefined, server: string, version: Answer<string>): Check {
  const where = context === undefined ? server : `context ${context}, ${server}`;
  if ('unknown' in version) return { check: 'cluster', result: 'unknown', message: `${where}: ${version.unknown}` };
  if (version.known === '') {
    const message = `${where}: its version is missing in its answer`;
    return { check: 'cluster', result: 'unknown', message };
  }
  return { check: 'cluster', result: 'ok', message: `${where}, Kubernetes ${version.known}` };
}

/** Whether anything of kubelet-guard is in the cluster. */
export function checkInstalled(
  { home, webhook, sweeper }: Installation,
  registered: Answer<InstalledWebhook | undefined>,
): Check {
  const check = 'installed';
  const parts = [
    [`ValidatingWebhookConfiguration ${NAMES.registration}`, registered],
    [`Deployment ${home}/${webhook.name}`, webhook.deployment],
    [`Deployment ${home}/${sweeper.name}`, sweeper.deployment],
  ] as const;
  const found = parts.filter(([, asked]) => 'known' in asked && asked.known !== undefined).map(([name]) => name);
  if (found.length > 0) return { check, result: 'ok', message: `the cluster has ${found.join(', ')}` };
  const unread = parts.flatMap(([, asked]) => ('unknown' in asked ? [asked.unknown] : []));
  const [message] = unread;
  if (message !== undefined) return { check, result: 'unknown', message, remedy: NO_RIGHT };
  return {
    check,
    result: 'problem',
    message: `kubelet-guard is not installed: there is no ${parts.map(([name]) => name).join(' and no ')}`,
    remedy: `install it (docs/install.md), name its namespace with --namespace, or choose another cluster with --context`,
  };
}
