import { inspect, type Allowance } from '../inspect.ts';
import { beforeOf, type Before } from '../policy/decision/decide.ts';
import type { Control } from '../policy/control.ts';
import type { DecisionPolicy, Finding, Inspection } from '../policy/finding.ts';
import type { Source } from '../policy/reading.ts';
import { isJudged, runsTheSame } from './changes.ts';
import type { AdmissionRequest } from './review.ts';

/** A request without its objects: what is said of it in answers, metrics and the log. */
export type RequestName = Omit<AdmissionRequest, 'object' | 'oldObject'>;

/** What there is to see in the objects of a request. Nothing else of them is needed for a decision. */
export interface Sight {
  readonly request: RequestName;
  readonly inspection: Inspection;
  /** Of `oldObject`, where there is one and a decision depends on it. */
  readonly before?: readonly Before[];
  /** An update that leaves what a pod runs as it is. */
  readonly runsTheSame: boolean;
}

/** How API servers name a kubelet. */
export const NODE_USER = 'system:node:';

/**
 * Looks at the objects of a request: what a review costs is spent here.
 *
 * @param action the configured actions, by which `oldObject` matters or does not
 * @returns undefined where the request is about nothing that is judged
 */
export function look(
  request: AdmissionRequest,
  controls: readonly Control[],
  action: DecisionPolicy['action'],
  allowance: Allowance,
): Sight | undefined {
  if (!isJudged(request)) return undefined;
  const lookAt = (value: unknown): Inspection => {
    // a pod in the API shows a process, all else only what somebody wrote down
    const vantage = request.resource === 'pods' ? 'running' : 'declared';
    const document = { form: 'object', source: sourceOf(request, value), vantage, value } as const;
    const { findings, problems } = inspect(controls, [document], allowance);
    return { findings: findings.map((finding) => identified(finding, request, value)), problems };
  };
  const { object, oldObject } = request;
  const inspection = lookAt(object);
  const isPodUpdate = request.resource === 'pods' && request.operation === 'UPDATE';
  // only `ratchet` compares, and it is the most that the update of a pod meets
  const isCompared = ({ control, surface, outcome }: Finding): boolean => {
    if (outcome.result === 'pass') return false;
    const configured = action(control, surface);
    return configured === 'ratchet' || (isPodUpdate && configured === 'enforce');
  };
  const compares = isPresent(oldObject) && inspection.findings.some(isCompared);
  const before = compares ? lookAt(oldObject).findings.map(beforeOf) : undefined;
  return { request, inspection, ...(before && { before }), runsTheSame: isPodUpdate && runsTheSame(request) };
}

/**
 * The finding under the name that the API server has for its object, because exemptions go by it. A pod is of a node only
 * if that node's kubelet asks: anybody who may create a pod can write any `spec.nodeName`.
 */
function identified(finding: Finding, request: AdmissionRequest, value: unknown): Finding {
  const { component, container, node } = finding.subject;
  const { kind, namespace, username } = request;
  const isOfNode = node !== undefined && request.resource === 'pods' && username === `${NODE_USER}${node}`;
  const name = namedBy(request, value);
  // anybody can set the annotation; only a kubelet's pod is the mirror of a static one
  const isForged = finding.surface === 'mirror-pod' && !username.startsWith(NODE_USER);
  const surface = isForged ? 'pod' : finding.surface;
  const subject = {
    component,
    name,
    namespace,
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
  return { object: `${request.kind} ${request.namespace}/${namedBy(request, value)}` };
}

function namedBy({ name }: AdmissionRequest, value: unknown): string {
  return name === '' ? nameOf(value) : name;
}

/** On CREATE with generateName the API server has not yet made the name when it asks. */
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
