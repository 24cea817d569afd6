import { ADMISSION_LIMITS, inspect } from '../../../inspect.ts';
import { decide } from '../../../policy/decision/decide.ts';
import type { Control } from '../../../policy/control.ts';
import type { DecisionPolicy } from '../../../policy/finding.ts';
import type { Check } from '../report.ts';
import type { Answer, DryRunAnswer } from '../../../kube/questions.ts';
import { NAMES } from '../shipped.ts';

/** A ConfigMap that is tried and never written: the webhook has to say something about it. */
export interface Canary {
  readonly apiVersion: 'v1';
  readonly kind: 'ConfigMap';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly data: Readonly<Record<string, string>>;
}

/** The configuration in force, as far as it decides about a canary. */
export interface CanaryRules {
  readonly policy: DecisionPolicy;
  readonly namespaces: ReadonlySet<string>;
}

const NAMESPACE = 'kube-system';
/** The canaries are our own, so that no clock is needed. */
const ALLOWANCE = { limits: ADMISSION_LIMITS, now: () => 0 };

/** No cluster ever had the first of these names. kubeadm's own may be there, and an answer comes all the same. */
const CANARIES: readonly [Canary, Canary] = [
  canary('kubelet-config-1.0', {
    kubelet: 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication: {x509: {}}\n',
  }),
  canary('kubeadm-config', {
    ClusterConfiguration:
      'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\napiServer: {extraArgs: [{name: kubelet-client-certificate, value: ""}, {name: kubelet-client-key, value: ""}]}\n',
  }),
];

const REACH =
  'see whether the pods of the webhook are ready, whether the Service has endpoints, whether a NetworkPolicy or firewall lets the API server through to port 8443, and whether its log says "failed calling webhook"';

function canary(name: string, data: Canary['data']): Canary {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: NAMESPACE }, data };
}

/**
 * The canary that the webhook has to speak about, under the configuration in force.
 *
 * @param rules undefined where the configuration is not known: then by the defaults the first one will do
 * @returns undefined where the configuration lets all of them pass in silence
 */
export function chooseCanary(
  rules: CanaryRules | undefined,
  controls: readonly Control[],
  today: string,
): Canary | undefined {
  if (rules === undefined) return CANARIES[0];
  return CANARIES.find((candidate) => {
    const source = { object: `ConfigMap ${NAMESPACE}/${candidate.metadata.name}` };
    const document = { form: 'object', source, vantage: 'declared', value: candidate } as const;
    const { findings } = inspect(controls, [document], ALLOWANCE);
    const { denied, warned } = decide(findings, undefined, rules.policy, today);
    return rules.namespaces.has(NAMESPACE) && denied.length + warned.length > 0;
  });
}

/** The check where nothing can be tried. */
export function silentCanary(): Check {
  return {
    check: 'canary',
    result: 'unknown',
    message:
      'the configuration lets every canary pass in silence: its controls are off or exempted, or kube-system is left out',
    remedy: 'set an action for kubelet-client-ca or apiserver-kubelet-client-cert; audit is enough',
  };
}

/**
 * Tells by the API server's answer to a canary whether it really asked the webhook.
 *
 * @param controls the controls whose names a warning of ours begins with
 */
export function checkCanary(
  { metadata: { name } }: Canary,
  asked: Answer<DryRunAnswer>,
  controls: readonly Pick<Control, 'slug'>[],
): Check {
  const check = 'canary';
  const what = `a dry run of ConfigMap ${NAMESPACE}/${name}`;
  if ('unknown' in asked) return { check, result: 'unknown', message: `${what}: ${asked.unknown}` };
  const { status, message, warnings } = asked.known;
  if (status === 403 && message.includes(`admission webhook "${NAMES.webhook}" denied the request`)) {
    return { check, result: 'ok', message: `the API server asks the webhook: ${what} was refused by it` };
  }
  const ours = warnings.filter((warning) => controls.some(({ slug }) => warning.startsWith(`${slug} (`)));
  if (ours.length > 0) {
    return { check, result: 'ok', message: `the API server asks the webhook: ${what} was warned about by it` };
  }
  if (message.includes(`failed calling webhook "${NAMES.webhook}"`)) {
    return {
      check,
      result: 'problem',
      message: `the API server gets no answer from the webhook: ${message}`,
      remedy: REACH,
    };
  }
  if (status === 403 && message.includes(' cannot create resource ')) {
    return {
      check,
      result: 'unknown',
      message: `you may not try it: ${message}`,
      remedy: `ask for the right to create configmaps in ${NAMESPACE}; nothing is written`,
    };
  }
  // a name that is taken is refused only after admission
  if (status < 300 || status === 409) {
    return {
      check,
      result: 'problem',
      message: `${what} passed without a word: the API server did not ask the webhook, or got no answer and ignored that (failurePolicy Ignore)`,
      remedy: `where the registration above is right, ${REACH}`,
    };
  }
  return {
    check,
    result: 'unknown',
    message: `${what} was answered by something else: HTTP ${status}: ${message}`,
    remedy: 'see that this refusal does not come before the webhook, and try again',
  };
}
