// Controls as ValidatingAdmissionPolicies, which an API server evaluates without the webhook. Annotations list what CEL cannot
// see.

import { remediationFor } from '../../policy/benchmarks/remedy.ts';
import { titleOf } from '../../policy/benchmarks/shown.ts';
import { isExpired } from '../../policy/decision/exempt.ts';
import type { Action, ControlMetadata, Exemption } from '../../policy/control.ts';
import type { DecisionPolicy } from '../../policy/finding.ts';
import type { Surface } from '../../policy/reading.ts';
import { API_SERVER_SETTINGS } from '../../policy/settings.ts';
import { ruleOf, type KnownFlag, type Named } from './rule.ts';

/** The controls and the configuration that policies are rendered from. */
export interface PolicyInput {
  readonly controls: readonly ControlMetadata[];
  readonly flags: readonly KnownFlag[];
  readonly policy: DecisionPolicy;
  readonly namespaces: ReadonlySet<string>;
  /** The day in UTC, as YYYY-MM-DD: exemptions that have expired by then are left out. */
  readonly today: string;
  /** For files that an API server reads at its start, instead of objects that are written to it. */
  readonly isStatic: boolean;
}

/** Only policies from files may have such names (apiserver pkg/admission/plugin/manifest/validation.go:35). */
const STATIC_SUFFIX = '.static.k8s.io';
const MIRROR = 'kubernetes.io/config.mirror';

const ANSWERS =
  'Pods that are created, in which a container runs kube-apiserver as its program, or behind go-runner or kube-log-runner, ' +
  'with a command line that can be read word by word: flags as --flag=value or --flag value, with _ or -, the last one wins. ' +
  'A violation that is certain is acted on. The audit annotation verdict is pass or fail where it is certain; where it is ' +
  'absent, the policy makes no statement.';
const DOES_NOT_SEE =
  'Updates of pods (other images), ephemeral containers, and workloads until their pods are created. YAML inside ConfigMaps (kubeadm-config, kubelet-config); kubelets; wrappers, shells, hyperkube, k3s and the like; $(VAR) in ' +
  'a command line; files, such as that of --openshift-config; a flag whose value may be the next flag, stray words, flags with ' +
  'one dash. Never pass: flags and values that are not certain to be accepted, paths below no mount, pods with other ' +
  'containers that run scripts or mention kube-apiserver, and pods that cost more than the CEL budget of a policy. The ' +
  'webhook and the sweep check these.';

/** A policy with the binding that acts on it. */
interface Guard {
  readonly control: ControlMetadata;
  readonly settings: readonly string[];
  readonly action: Exclude<Action, 'off'>;
  /** Only for pods of this surface; undefined for all. */
  readonly surface: 'mirror-pod' | 'pod' | undefined;
}

/**
 * Policies and bindings as YAML, for each control that CEL can carry and that is not off for pods.
 *
 * @returns an empty text where there is none
 */
export function renderPolicies(input: PolicyInput): string {
  return input.controls
    .flatMap((control) => guardsOf(control, input.policy))
    .flatMap((guard) => [renderPolicy(guard, input), renderBinding(guard, input)])
    .join('---\n');
}

function guardsOf(control: ControlMetadata, policy: DecisionPolicy): Guard[] {
  if (control.requiredPaths === undefined) return [];
  const settings = control.requiredPaths.map((name) => API_SERVER_SETTINGS[name].flag);
  const guard = (action: Action, surface: Guard['surface']): Guard[] =>
    action === 'off' ? [] : [{ control, settings, action, surface }];
  const [mirror, pod] = (['mirror-pod', 'pod'] satisfies Surface[]).map((surface) => policy.action(control, surface));
  if (mirror === undefined || pod === undefined) return [];
  return mirror === pod ? guard(pod, undefined) : [...guard(mirror, 'mirror-pod'), ...guard(pod, 'pod')];
}

function nameOf({ control, surface }: Guard, isStatic: boolean): string {
  const own = surface === undefined ? control.slug : `${control.slug}.${surface}`;
  return `${own}.kubelet-guard.dev${isStatic ? STATIC_SUFFIX : ''}`;
}

function renderPolicy(guard: Guard, { flags, policy, namespaces, today, isStatic }: PolicyInput): string {
  const { control, settings, action, surface } = guard;
  const { slug, title } = control;
  const remediation = remediationFor({ control, surface: surface ?? 'pod' });
  const rule = ruleOf(settings, flags);
  const exemptions = policy.exemptions.filter((entry) => entry.control === slug && !isExpired(entry, today));
  const conditions = [
    ...(surface === undefined ? [] : [onlyOn(surface)]),
    ...(exemptions.length === 0 ? [] : [notExempt(exemptions)]),
    ...rule.matchConditions,
  ];
  const head = titleOf({ control });
  const annotations = [
    ['title', title],
    ['answers', ANSWERS],
    ['does-not-see', `${DOES_NOT_SEE}${action === 'ratchet' ? RATCHET : ''}${until(exemptions)}`],
  ];
  return `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: ${nameOf(guard, isStatic)}
  labels:
    app.kubernetes.io/name: kubelet-guard
  annotations:
${annotations.map(([key = '', value]) => `    kubelet-guard.dev/${key}: ${JSON.stringify(value)}\n`).join('')}spec:
  failurePolicy: Ignore
  matchConstraints:
    matchPolicy: Equivalent
    namespaceSelector:
      matchExpressions:
        - key: kubernetes.io/metadata.name
          operator: In
          values: ${JSON.stringify([...namespaces].sort())}
    resourceRules:
      - apiGroups: [""]
        apiVersions: [v1]
        operations: [CREATE]
        resources: [pods]
        scope: Namespaced
  matchConditions:
${conditions.map(renderNamed).join('')}  variables:
${rule.variables.map(renderNamed).join('')}  validations:
    - expression: ${rule.validation}
      message: ${JSON.stringify(`${head}: ${remediation}`)}
      messageExpression: |-
${indent(`${text(`${head}: `)} + ${rule.faults}.join('; ') + ${text(`. ${remediation}`)}`, 8)}
      reason: Forbidden
  auditAnnotations:
    - key: verdict
      valueExpression: |-
${indent(rule.verdict, 8)}
`;
}

const RATCHET = ' ratchet has no memory here: a re-created mirror pod is treated as with enforce.';

function until(exemptions: readonly Exemption[]): string {
  const [first] = exemptions.map(({ expires }) => expires).sort();
  if (first === undefined) return '';
  return ` CEL has no clock, so exemptions do not expire: export the policies again after ${first}.`;
}

function renderBinding(guard: Guard, { isStatic }: PolicyInput): string {
  const name = nameOf(guard, isStatic);
  return `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: ${name}
  labels:
    app.kubernetes.io/name: kubelet-guard
spec:
  policyName: ${name}
  validationActions: ${guard.action === 'audit' ? '[Warn, Audit]' : '[Deny]'}
`;
}

function onlyOn(surface: NonNullable<Guard['surface']>): Named {
  const isMirror = `has(object.metadata.annotations) && '${MIRROR}' in object.metadata.annotations`;
  return surface === 'mirror-pod'
    ? { name: 'is-a-mirror-pod', expression: isMirror }
    : { name: 'is-no-mirror-pod', expression: `!(${isMirror})` };
}

/** The names and patterns of policy/exempt.ts. */
function notExempt(exemptions: readonly Exemption[]): Named {
  const patterns = exemptions.map(({ subject }) => {
    const [kind = ''] = subject.split('/', 1);
    const parts = `${kind.toLowerCase()}${subject.slice(kind.length)}`.split('*');
    return text(`^${parts.map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, String.raw`\$&`)).join('[^/]*')}$`);
  });
  return {
    name: 'is-not-exempt',
    expression: `![
  'pod/' + object.metadata.name,
  'pod/' + request.namespace + '/' + object.metadata.name,
  has(object.spec.nodeName) ? 'node/' + object.spec.nodeName : ''
].exists(name, [
${patterns.map((pattern) => `  ${pattern}`).join(',\n')}
].exists(pattern, name.matches(pattern)))`,
  };
}

function renderNamed({ name, expression }: Named): string {
  return `    - name: ${name}\n      expression: |-\n${indent(expression, 8)}\n`;
}

function indent(lines: string, by: number): string {
  return lines.replaceAll(/^(?=.)/gm, ' '.repeat(by));
}

/** A CEL string: its escapes are those of JSON, as far as these texts need any. */
function text(value: string): string {
  return JSON.stringify(value);
}
