// Writes that the webhook has to decide, at a steady rate, through the API server: dry runs of a bad kubelet-config.

import { readFileSync } from 'node:fs';

import { parse } from 'yaml';

import { ApiClient } from '../../e2e/support/api.ts';
import { kubeletConfigMap } from '../../e2e/support/samples.ts';
import type { RealCluster } from './real-cluster.ts';

interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: Readonly<Record<string, string>> }];
  readonly users: readonly [{ readonly user: Readonly<Record<string, string>> }];
}

/** What became of the writes. */
export interface Outcome {
  readonly sent: number;
  /** Denied by kubelet-guard, as they should be. */
  readonly denied: number;
  /** Accepted: nobody asked the webhook, or it did not answer. */
  readonly through: number;
  /** Anything else: an error of the API server, a broken connection. */
  readonly failures: readonly string[];
  /** The slowest write in milliseconds. */
  readonly slowest: number;
}

/** Talks to the API server of a cluster as its administrator. */
export function adminOf({ kubeconfig }: RealCluster): ApiClient {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as Kubeconfig;
  const [{ cluster }] = clusters;
  const [{ user }] = users;
  const pem = (data = '') => Buffer.from(data, 'base64').toString();
  return new ApiClient(cluster.server ?? '', pem(cluster['certificate-authority-data']), {
    certificate: pem(user['client-certificate-data']),
    key: pem(user['client-key-data']),
  });
}

/** Writes that are being sent. */
export interface Reviews {
  readonly sent: () => number;
  /** Sends no more, and waits for the last answers. */
  readonly stop: () => Promise<Outcome>;
}

/** Starts to send writes. */
export function sendReviews(admin: ApiClient, perSecond: number): Reviews {
  const outcome = { denied: 0, through: 0, failures: [] as string[], slowest: 0 };
  const open: Promise<void>[] = [];
  const send = async () => {
    const start = performance.now();
    try {
      const { status, message } = await admin.replace(kubeletConfigMap(undefined), '?dryRun=All');
      if (status === 200) outcome.through += 1;
      else if (status === 403 && message.includes('kubelet-client-ca')) outcome.denied += 1;
      else outcome.failures.push(`${String(status)} ${message}`);
    } catch (cause) {
      outcome.failures.push(String(cause));
    }
    outcome.slowest = Math.max(outcome.slowest, Math.round(performance.now() - start));
  };
  const timer = setInterval(() => open.push(send()), 1000 / perSecond);
  return {
    sent: () => open.length,
    stop: async () => {
      clearInterval(timer);
      await Promise.all(open);
      return { sent: open.length, ...outcome };
    },
  };
}
