// Names and values of labels (apimachinery pkg/api/validate/content/kube.go), and which of them a kubelet may give its
// own node (kubernetes cmd/kubelet/app/options/options.go:150, k8s.io/kubelet pkg/apis/well_known_labels.go).

import { trimSpace } from '../values/go-values.ts';

const QUALIFIED_NAME =
  /^(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\/)?(?:[A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/;
const LABEL_VALUE = /^(?:(?:[A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$/;
const KUBERNETES = /^(?:.*\.)?(?:kubernetes|k8s)\.io$/s;
const ALLOWED_NAMESPACE = /^(?:.*\.)?(?:kubelet|node)\.kubernetes\.io$/s;
const ALLOWED = new Set([
  ...['kubernetes.io/hostname', 'kubernetes.io/os', 'kubernetes.io/arch'],
  ...['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'],
  ...['failure-domain.beta.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/region'],
  ...['beta.kubernetes.io/instance-type', 'beta.kubernetes.io/os', 'beta.kubernetes.io/arch'],
]);

/** Whether a text is a valid key of a label or taint. */
export function isQualifiedName(key: string): boolean {
  return QUALIFIED_NAME.test(key) && key.indexOf('/') <= 253;
}

/** Whether a text is a valid value of a label. */
export function isLabelValue(value: string): boolean {
  return LABEL_VALUE.test(value);
}

/**
 * Why a kubelet exits because of its --node-labels; undefined if it accepts them.
 *
 * @param values the value of each --node-labels on the command line, in order
 */
export function nodeLabelsFault(values: readonly string[]): string | undefined {
  const pairs = values.flatMap((value) => value.split(',')).filter((pair) => pair !== '');
  const labels = new Map(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      return equals === -1
        ? [trimSpace(pair), '']
        : [trimSpace(pair.slice(0, equals)), trimSpace(pair.slice(equals + 1))];
    }),
  );
  // OpenShift's kubelet accepts any label for its own node, and the machine-config-operator uses that
  if (Array.from(labels.keys()).some((key) => key.startsWith('node.openshift.io/'))) return undefined;
  for (const [key, value] of labels) {
    const slash = key.indexOf('/');
    const namespace = slash === -1 ? '' : key.slice(0, slash);
    if (KUBERNETES.test(namespace) && !ALLOWED.has(key) && !ALLOWED_NAMESPACE.test(namespace))
      return `a kubelet must not set the label ${key}`;
    if (!isQualifiedName(key) || !isLabelValue(value)) return `invalid node label: ${key}=${value}`;
  }
  return undefined;
}
