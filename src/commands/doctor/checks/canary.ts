// The check `canary`: does the API server call the webhook?

import { ADMISSION_LIMITS, inspect } from '../../../inspect.ts';
import { decide } from '../../../policy/decision/decide.ts';
import type { Control } from '../../../policy/control.ts';
import type { DecisionPolicy } from '../../../policy/finding.ts';
import { FIRST, NO_RIGHT, type Check } from '../report.ts';
import type { Answer, DryRunAnswer } from '../../../kube/read-only-api.ts';
import { deniedRight } from '../../../policy/rights/denied.ts';
import { NAMES } from '../shipped.ts';

/** A ConfigMap that is only sent as a dry run: the webhook must deny it or warn about it. */
export interface Canary {
  readonly apiVersion: 'v1';
  readonly kind: 'ConfigMap';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly data: Readonly<Record<string, string>>;
}

/** What the configuration says about a canary. */
export interface CanaryRules {
  readonly policy: DecisionPolicy;
  readonly namespaces: ReadonlySet<string>;
}

const NAMESPACE = 'kube-system';
/** The canaries are known and small, so that their reading needs no time limit. */
const ALLOWANCE = { limits: ADMISSION_LIMITS, now: () => 0 };

/** No cluster has a ConfigMap of the first name. The second may exist: the webhook is called before the name conflict. */
const CANARIES: readonly [Canary, Canary] = [
  canary('kubelet-config-1.0', {
    kubelet: 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication: {x509: {}}\n',
  }),
  canary('kubeadm-config', {
    ClusterConfiguration:
      'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\napiServer: {extraArgs: [{name: kubelet-client-certificate, value: ""}, {name: kubelet-client-key, value: ""}]}\n',
  }),
];

const REACH = 'check that the webhook runs, and that its address in the ValidatingWebhookConfiguration leads to it';
const NETWORK =
  'check whether a NetworkPolicy or firewall blocks the API server from the webhook (port 8443 as shipped), and whether the log of kube-apiserver has "failed calling webhook"';

/** What earlier checks saw of the webhook. */
export interface Silence {
  /** Why it cannot answer. */
  readonly cause?: string | undefined;
  /** Its pods and endpoints are ready. */
  readonly isReady?: boolean;
}

function canary(name: string, data: Canary['data']): Canary {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: NAMESPACE }, data };
}

/**
 * The canary that the webhook must deny or warn about, under the configuration that is in use.
 *
 * @param rules undefined if the configuration is unknown: the defaults then deny or warn about the first canary
 * @returns undefined if the configuration accepts all of them without a warning
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

/** The result if the configuration accepts every canary. */
export function silentCanary(): Check {
  return {
    check: 'canary',
    result: 'unknown',
    message:
      'the configuration accepts every canary without a warning: its controls are off or exempt, or kube-system is not among its namespaces',
    remedy: 'set an action for kubelet-client-ca or apiserver-kubelet-client-cert; audit is enough',
  };
}

/**
 * Decides by the API server's answer to a canary whether it called the webhook.
 *
 * @param controls warnings of the webhook begin with the object, and end with the name of one of them
 */
export function checkCanary(
  { metadata: { name } }: Canary,
  asked: Answer<DryRunAnswer>,
  controls: readonly Pick<Control, 'slug'>[],
  { cause, isReady = false }: Silence = {},
): Check {
  const check = 'canary';
  const object = `ConfigMap ${NAMESPACE}/${name}`;
  const what = `a dry run of ${object}`;
  if ('unknown' in asked) return { check, result: 'unknown', message: `${what}: ${asked.unknown}` };
  const { status, message, warnings } = asked.known;
  if (status === 403 && message.includes(`admission webhook "${NAMES.webhook}" denied the request`)) {
    return { check, result: 'ok', message: `the API server calls the webhook: ${what} was denied by it` };
  }
  const ours = warnings.filter((warning) =>
    controls.some(({ slug }) => warning.startsWith(object) && warning.endsWith(`kubelet-guard explain ${slug}`)),
  );
  if (ours.length > 0) {
    return { check, result: 'ok', message: `the API server calls the webhook: ${what} was warned about by it` };
  }
  if (message.includes(`failed calling webhook "${NAMES.webhook}"`)) {
    return {
      check,
      result: 'problem',
      message: `the API server gets no answer from the webhook${because(cause)}: ${message}`,
      remedy: remedyFor({ cause, isReady }),
    };
  }
  if (status === 403 && message.includes(' cannot create resource ')) {
    const denied = deniedRight(message);
    return {
      check,
      result: 'unknown',
      message: denied === undefined ? message : `User "${denied.user}" cannot ${denied.right}`,
      remedy: NO_RIGHT,
    };
  }
  // a name conflict is found only after admission
  if (status < 300 || status === 409) {
    return {
      check,
      result: 'problem',
      message:
        cause === undefined
          ? `${what} was accepted without a warning: the API server does not call the webhook, or gets no answer and ignores that (failurePolicy Ignore)`
          : `${what} was accepted without a warning${because(cause)}`,
      remedy: remedyFor({ cause, isReady }),
    };
  }
  return {
    check,
    result: 'unknown',
    message: `${what} was answered by something else, not by the webhook: HTTP ${status}: ${message}`,
    remedy: 'fix what denies the request before the webhook is called, and try again',
  };
}

function because(cause: string | undefined): string {
  return cause === undefined ? '' : `, because ${cause}`;
}

function remedyFor({ cause, isReady = false }: Silence): string {
  if (cause !== undefined) return FIRST;
  return isReady
    ? `its pods and endpoints are ready: see the logs of the pods, and ${NETWORK}`
    : `${REACH}, and ${NETWORK}`;
}
