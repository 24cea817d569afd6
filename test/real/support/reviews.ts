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
  /** Let through or failed while this machine stood still, or just after that, which proves nothing about the webhook. */
  readonly excused: number;
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

/** A timer that is later than this, in milliseconds, shows that the machine stood still. The webhook has 2 seconds to answer. */
const STILL = 1000;
/** So long after that, the processes of the node may still be behind: a replica stops to listen by its clock, before kube-proxy knows. */
const BEHIND = 5000;

interface Span {
  readonly from: number;
  readonly to: number;
}

interface Exception extends Span {
  /** Undefined if it was let through. */
  readonly failure?: string;
}

/** Starts to send writes. */
export function sendReviews(admin: ApiClient, perSecond: number): Reviews {
  const open: Promise<void>[] = [];
  const exceptions: Exception[] = [];
  const stalls: Span[] = [];
  let denied = 0;
  let slowest = 0;
  let ticked = performance.now();
  const send = async () => {
    const from = performance.now();
    const answer = await admin
      .replace(kubeletConfigMap(undefined), '?dryRun=All')
      .catch((cause: unknown) => ({ status: 0, message: String(cause) }));
    const to = performance.now();
    const { status, message } = answer;
    if (status === 200) exceptions.push({ from, to });
    else if (status === 403 && message.includes('kubelet-client-ca')) denied += 1;
    else exceptions.push({ from, to, failure: `${String(status)} ${message}` });
    slowest = Math.max(slowest, Math.round(to - from));
  };
  const tick = () => {
    const now = performance.now();
    if (now - ticked > STILL) stalls.push({ from: ticked, to: now });
    ticked = now;
  };
  const timer = setInterval(() => {
    tick();
    open.push(send());
  }, 1000 / perSecond);
  return {
    sent: () => open.length,
    stop: async () => {
      tick();
      clearInterval(timer);
      await Promise.all(open);
      const counted = exceptions.filter(
        ({ from, to }) => !stalls.some((stall) => stall.from <= to && from <= stall.to + BEHIND),
      );
      const failures = counted.flatMap(({ failure }) => (failure === undefined ? [] : [failure]));
      const through = counted.length - failures.length;
      return { sent: open.length, denied, through, failures, excused: exceptions.length - counted.length, slowest };
    },
  };
}
