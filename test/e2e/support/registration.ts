import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { succeeded, type ApiClient, type KubeObject } from './api.ts';
import type { Cleanup } from './cleanup.ts';
import { kubeletConfigMap } from './samples.ts';
import { eventually } from './wait.ts';

interface Registration extends KubeObject {
  readonly webhooks: readonly { readonly clientConfig: object; readonly failurePolicy: string }[];
}

const SHIPPED = new URL('../../../manifests/base/validating-webhook-configuration.yaml', import.meta.url);

/** Seconds that the API server waits, where a machine that stalls must not decide what is admitted. */
export const PATIENT = 20;

/** Where the API server finds the webhook, and how to see that the API server called it. */
export interface Target {
  readonly port: number;
  /** The CA of its serving certificate, PEM. */
  readonly authority: string;
  /** The number of reviews that it has answered. */
  readonly reviews: () => Promise<number>;
}

/**
 * Registers a webhook on loopback with the shipped manifest, except for its address and its failurePolicy,
 * and waits until the API server calls it. Without that the following tests would prove nothing.
 *
 * @param timeoutSeconds how long the API server waits for an answer, if not as shipped
 */
export async function register(
  cleanup: Cleanup,
  admin: ApiClient,
  target: Target,
  failurePolicy: 'Ignore' | 'Fail',
  timeoutSeconds?: number,
): Promise<void> {
  const shipped = parse(readFileSync(SHIPPED, 'utf8')) as Registration;
  const clientConfig = {
    url: `https://127.0.0.1:${target.port}/validate`,
    caBundle: Buffer.from(target.authority).toString('base64'),
  };
  const changes = { clientConfig, failurePolicy, ...(timeoutSeconds !== undefined && { timeoutSeconds }) };
  const registration = { ...shipped, webhooks: shipped.webhooks.map((webhook) => ({ ...webhook, ...changes })) };
  cleanup.add(() => admin.delete(registration));
  succeeded(await admin.create(registration));
  await eventually('the API server to call the webhook', async () => {
    const before = await target.reviews();
    await admin.create(kubeletConfigMap('/etc/kubernetes/pki/ca.crt', { name: 'kubelet-config-1.0' }), '?dryRun=All');
    return (await target.reviews()) > before ? true : undefined;
  });
}
