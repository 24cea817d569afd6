import { asRecord, asRecords, stringOrEmpty } from '../../../json.ts';
import type { Check } from '../report.ts';
import type { Answer } from '../../../kube/questions.ts';
import { expressionsOf, type Registered } from './webhook-configuration.ts';

const AKS_ANNOTATION = 'admissions.enforcer/disabled';
/** What tells by the API server's own version whose cluster it is. */
const VERSIONS = [
  ['-gke.', 'GKE'],
  ['-eks-', 'EKS'],
] as const;

/**
 * Recognises platforms that rewrite registrations so that kube-system is left out.
 *
 * @param version the `gitVersion` of the API server
 * @param server its address
 */
export function checkPlatform(asked: Answer<Registered | undefined>, version: Answer<string>, server: string): Check {
  const check = 'platform';
  if ('unknown' in asked || asked.known === undefined) {
    const message = 'without a registration it cannot be seen whether a platform rewrites it';
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
        'AKS has rewritten the namespaceSelector (its admissions enforcer adds control-plane and kubernetes.azure.com labels): kube-system is left out, and the webhook is never asked about it',
      remedy: isLeftAlone
        ? `it has the annotation ${AKS_ANNOTATION} now: apply the manifests again, so that the selector is as shipped`
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
        'the namespaceSelector leaves kube-system out, as GKE Autopilot makes it: the webhook is never asked about kube-system',
      remedy:
        'Autopilot knows no way around it: rely on the sweep there (handshake and configz need no webhook); anywhere else apply the manifests again',
    };
  }
  return { check, result: 'ok', message: describe(version, server, isLeftAlone) };
}

function describe(version: Answer<string>, server: string, isLeftAlone: boolean): string {
  const host = URL.canParse(server) ? new URL(server).hostname : '';
  if (host.endsWith('.azmk8s.io') || isLeftAlone) {
    return isLeftAlone
      ? 'AKS is asked to leave the registration alone, and does'
      : `AKS, which has not rewritten the registration yet: set the annotation ${AKS_ANNOTATION}: "true" before it does`;
  }
  if ('unknown' in version) return 'nothing has rewritten the registration';
  const known = VERSIONS.find(([mark]) => stringOrEmpty(version.known).includes(mark));
  return known === undefined
    ? 'nothing has rewritten the registration'
    : `${known[1]}: nothing has rewritten the registration; kube-apiserver is in no pod there, its flags are only seen by /flagz`;
}
