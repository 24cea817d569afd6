// The check `platform`: has AKS or GKE Autopilot rewritten the ValidatingWebhookConfiguration?

import { asRecord, asRecords, stringOrEmpty } from '../../../json.ts';
import type { Check } from '../report.ts';
import type { Answer } from '../../../kube/read-only-api.ts';
import { expressionsOf, type InstalledWebhook } from './webhook-configuration.ts';

const AKS_ANNOTATION = 'admissions.enforcer/disabled';
/** Parts of the API server's version that name the provider. */
const VERSIONS = [
  ['-gke.', 'GKE'],
  ['-eks-', 'EKS'],
] as const;

/**
 * Recognises platforms that rewrite webhook configurations so that kube-system is excluded.
 *
 * @param version the `gitVersion` of the API server
 * @param server its address
 */
export function checkPlatform(
  asked: Answer<InstalledWebhook | undefined>,
  version: Answer<string>,
  server: string,
): Check {
  const check = 'platform';
  if ('unknown' in asked || asked.known === undefined) {
    const why = 'unknown' in asked ? 'the ValidatingWebhookConfiguration cannot be read' : 'there is none';
    const message = `whether the platform rewrites the ValidatingWebhookConfiguration is unknown, because ${why}`;
    return { check, result: 'unknown', message };
  }
  const { object } = asked.known;
  const expressions = asRecords(asRecord(object).webhooks).flatMap(expressionsOf);
  const { annotations, labels } = asRecord(asRecord(object).metadata);
  const isLeftAlone = [annotations, labels].some((map) => asRecord(map)[AKS_ANNOTATION] === 'true');
  if (expressions.some(({ key }) => key === 'control-plane' || key.startsWith('kubernetes.azure.com/'))) {
    return {
      check,
      result: 'problem',
      message:
        'AKS has rewritten the namespaceSelector (its admissions enforcer adds control-plane and kubernetes.azure.com labels): kube-system is excluded, and the webhook is never called for it',
      remedy: isLeftAlone
        ? `it has the annotation ${AKS_ANNOTATION} now: apply the manifests again, which restores the selector`
        : `set the annotation ${AKS_ANNOTATION}: "true" (the component aks, or aks.enabled in the chart), and apply the manifests again`,
    };
  }
  const isExcluded = expressions.some(
    ({ key, operator, values }) =>
      key === 'kubernetes.io/metadata.name' && operator === 'NotIn' && values.includes('kube-system'),
  );
  if (isExcluded) {
    return {
      check,
      result: 'problem',
      message:
        'the namespaceSelector excludes kube-system, as GKE Autopilot does: the webhook is never called for kube-system',
      remedy:
        'on Autopilot this cannot be prevented: rely on the sweep there, which needs no webhook; elsewhere apply the manifests again',
    };
  }
  return { check, result: 'ok', message: describe(version, server, isLeftAlone) };
}

function describe(version: Answer<string>, server: string, isLeftAlone: boolean): string {
  const host = URL.canParse(server) ? new URL(server).hostname : '';
  if (host.endsWith('.azmk8s.io') || isLeftAlone) {
    return isLeftAlone
      ? 'the annotation for AKS is set, and AKS has not rewritten the ValidatingWebhookConfiguration'
      : `AKS has not rewritten the ValidatingWebhookConfiguration yet: set the annotation ${AKS_ANNOTATION}: "true" before it does`;
  }
  if ('unknown' in version) return 'nothing has rewritten the ValidatingWebhookConfiguration';
  const known = VERSIONS.find(([mark]) => stringOrEmpty(version.known).includes(mark));
  return known === undefined
    ? 'nothing has rewritten the ValidatingWebhookConfiguration'
    : `${known[1]}: nothing has rewritten the ValidatingWebhookConfiguration; no pod shows kube-apiserver there, only /flagz shows its flags`;
}
