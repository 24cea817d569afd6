// What earlier checks saw that explains the result of later ones.

import type { Answer } from '../../kube/read-only-api.ts';
import { NOT_RENEWED } from './checks/certificate.ts';
import { hasNoReadyPod } from './checks/pods.ts';
import type { InstalledWebhook } from './checks/webhook-configuration.ts';
import type { Installation } from './installation.ts';
import type { Check } from './report.ts';

/** Why the webhook cannot answer, as far as the checks before have seen it. */
export function silencedBy(
  registered: Answer<InstalledWebhook | undefined>,
  runs: readonly Check[],
  installation: Installation,
  certificate: Check,
): string | undefined {
  if ('known' in registered && registered.known === undefined) return 'there is no ValidatingWebhookConfiguration';
  if (runs.some(({ check, result }) => check === 'endpoints' && result === 'problem')) {
    return hasNoReadyPod(installation.webhook) ? 'no pod is ready' : 'the Service of the webhook has no ready endpoint';
  }
  if (certificate.result !== 'problem' || certificate.message.endsWith(NOT_RENEWED)) return undefined;
  return 'the API server cannot verify the certificate of the webhook';
}

/** Whether one of the Deployments exists, as far as it is known. */
export function hasDeployment({ webhook: { deployment }, sweeper }: Installation): boolean {
  return [deployment, sweeper.deployment].some((asked) => 'unknown' in asked || asked.known !== undefined);
}

/** Whether the Deployment of the sweeper exists, as far as it is known. */
export function hasSweeper({ sweeper: { deployment } }: Installation): boolean {
  return 'unknown' in deployment || deployment.known !== undefined;
}
