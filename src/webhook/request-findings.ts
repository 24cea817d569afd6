// From an AdmissionRequest to findings: inspects its object, and its old object where the decision depends on it.

import { inspect, type Allowance } from '../inspect.ts';
import { previousOutcomeOf, type PreviousOutcome } from '../policy/decision/decide.ts';
import type { Control } from '../policy/control.ts';
import type { DecisionPolicy, Finding, Inspection } from '../policy/finding.ts';
import type { Source, SourceProblem } from '../policy/reading.ts';
import { isChecked, hasSameContainers } from './changes.ts';
import type { AdmissionRequest, RequestAttributes } from './admission-review.ts';

/** What is wrong with the objects of a request. A decision needs nothing else of them. */
export interface RequestFindings {
  readonly attributes: RequestAttributes;
  /** The findings of `object`. */
  readonly findings: readonly Finding[];
  /** The parts of `object` that could not be understood. */
  readonly problems: readonly SourceProblem[];
  /** The findings of `oldObject`, where there is one and the decision depends on it. */
  readonly before?: readonly PreviousOutcome[];
  /** The request updates a pod and leaves its containers as they are. */
  readonly keepsContainers: boolean;
}

/** How the user name of a kubelet begins. */
export const NODE_USER_PREFIX = 'system:node:';

/**
 * Inspects the objects of a request. Nearly all of the time of a review is spent here.
 *
 * @param action the configured actions: they decide whether `oldObject` has to be inspected
 * @param allowance what may be spent on each object
 * @returns undefined if the webhook does not check such requests
 */
export function findingsOf(
  request: AdmissionRequest,
  controls: readonly Control[],
  action: DecisionPolicy['action'],
  allowance: Allowance,
): RequestFindings | undefined {
  if (!isChecked(request)) return undefined;
  const { object, oldObject } = request;
  const { findings, problems } = inspectObject(request, object, controls, allowance);
  const isPodUpdate = request.resource === 'pods' && request.operation === 'UPDATE';
  // only `ratchet` compares, and `enforce` acts like `ratchet` on the update of a pod
  const isCompared = ({ control, surface, outcome }: Finding): boolean => {
    if (outcome.result === 'pass') return false;
    const configured = action(control, surface);
    return configured === 'ratchet' || (isPodUpdate && configured === 'enforce');
  };
  const before =
    isPresent(oldObject) && findings.some(isCompared)
      ? inspectObject(request, oldObject, controls, allowance).findings.map(previousOutcomeOf)
      : undefined;
  const keepsContainers = isPodUpdate && hasSameContainers(request);
  return { attributes: request, findings, problems, ...(before && { before }), keepsContainers };
}

function inspectObject(
  request: AdmissionRequest,
  value: unknown,
  controls: readonly Control[],
  allowance: Allowance,
): Inspection {
  // a pod in the API shows a process, and other objects only what somebody wrote down
  const vantage = request.resource === 'pods' ? 'running' : 'declared';
  const document = { form: 'object', source: sourceOf(request, value), vantage, value } as const;
  const { findings, problems } = inspect(controls, [document], allowance);
  return { findings: findings.map((finding) => withRequestName(finding, request, value)), problems };
}

/**
 * The finding with the name that the API server has for its object, because exemptions name it so. A pod counts as a node's
 * pod only if the kubelet of that node sends the request: anybody who can create pods can write any `spec.nodeName`.
 */
function withRequestName(finding: Finding, request: AdmissionRequest, value: unknown): Finding {
  const { component, container, node } = finding.subject;
  const { kind, namespace, username } = request;
  const isOfNode = node !== undefined && request.resource === 'pods' && username === `${NODE_USER_PREFIX}${node}`;
  const name = namedBy(request, value);
  // anybody can set the annotation of a mirror pod; only a kubelet's request has a real one
  const isForged = finding.surface === 'mirror-pod' && !username.startsWith(NODE_USER_PREFIX);
  const surface = isForged ? 'pod' : finding.surface;
  const subject = {
    component,
    name,
    ...(namespace !== '' && { namespace }),
    kind,
    ...(isOfNode && { node }),
    ...(container !== undefined && { container }),
  };
  return { ...finding, surface, subject };
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function sourceOf(request: AdmissionRequest, value: unknown): Source {
  const { kind, namespace } = request;
  return { object: `${kind} ${namespace === '' ? '' : `${namespace}/`}${namedBy(request, value)}` };
}

function namedBy({ name }: AdmissionRequest, value: unknown): string {
  return name === '' ? nameOf(value) : name;
}

/** The name in the object. With generateName the API server has not made the name yet when it sends a CREATE. */
function nameOf(value: unknown): string {
  const metadata = fieldOf(value, 'metadata');
  const name = fieldOf(metadata, 'name');
  if (typeof name === 'string' && name !== '') return name;
  const prefix = fieldOf(metadata, 'generateName');
  return typeof prefix === 'string' ? `${prefix}*` : '(no name)';
}

function fieldOf(value: unknown, field: 'metadata' | 'name' | 'generateName'): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[field] : undefined;
}
