// From an AdmissionRequest to a decision: findings of the object, what it was before, and the configured actions.

import type { Allowance } from '../inspect.ts';
import type { AdmissionDecision } from '../outputs/admission/answer.ts';
import { decide, type PreviousOutcome } from '../policy/decision/decide.ts';
import type { Action, Control } from '../policy/control.ts';
import type { DecisionPolicy } from '../policy/finding.ts';
import type { Problem, ProblemCode } from '../policy/reading.ts';
import type { AdmissionRequest } from './admission-review.ts';
import type { ObjectCache, ObjectName } from './object-cache.ts';
import { findingsOf, NODE_USER_PREFIX, type RequestFindings } from './request-findings.ts';
import { isInScope } from './resources.ts';
import { decideOnUnchecked } from './unchecked.ts';

/** Decides on a request; undefined if the webhook does not check such requests. */
export type Validate = (request: AdmissionRequest) => AdmissionDecision | undefined;

/** Decides on the findings of a request; undefined if its namespace is not configured. */
export type Decide = (checked: RequestFindings) => AdmissionDecision | undefined;

/** Decides on a review of which only the uid is known. */
export type DecideUnchecked = (uid: string, reason: string) => AdmissionDecision;

/** The part of the configuration that a decision depends on. */
export interface ValidatorConfiguration {
  /** The controls that are not off everywhere. */
  readonly controls: readonly Control[];
  readonly policy: DecisionPolicy;
  readonly namespaces: ReadonlySet<string>;
}

/** What a validator needs. */
export interface ValidatorDeps {
  /** The current configuration, read once for each request. */
  readonly configuration: () => ValidatorConfiguration;
  /** The objects that the watches last saw. */
  readonly cache: ObjectCache;
  /** What the last complete sweep stored about an object; empty where it stored nothing. */
  readonly stored: (kind: ObjectName['kind'], namespace: string, name: string) => readonly PreviousOutcome[];
  readonly now: () => Date;
}

/** Problems of an object of which nothing was read, so that no finding shows what is wrong with it. */
const NOT_READ: ReadonlySet<ProblemCode> = new Set(['crashed', 'too-large']);

/** Makes a validator. It does no I/O and waits for nothing. */
export function createValidator({ allowance, ...deps }: ValidatorDeps & { readonly allowance: Allowance }): Validate {
  const decideOn = createDecide(deps);
  return (request) => {
    const { controls, policy, namespaces } = deps.configuration();
    if (!isInScope(request, namespaces)) return undefined;
    const checked = findingsOf(request, controls, policy.action, allowance);
    return checked && decideOn(checked);
  };
}

/** Makes a function that decides on the findings of a request. It keeps nothing from one request to the next. */
export function createDecide({ configuration, cache, stored, now }: ValidatorDeps): Decide {
  const before = (checked: RequestFindings): readonly PreviousOutcome[] | undefined => {
    if (checked.before) return checked.before;
    const { namespace, name, resource, username } = checked.attributes;
    // kubeadm sends CREATE for a ConfigMap that exists, and the kubelet deletes and re-creates mirror pods
    const isConfigMap = resource === 'configmaps';
    if (!isConfigMap && !checked.findings.some(({ surface }) => surface === 'mirror-pod')) return undefined;
    const kind = isConfigMap ? 'ConfigMap' : 'Pod';
    const node = isConfigMap ? {} : { node: username.slice(NODE_USER_PREFIX.length) };
    const cached = cache.get({ kind, namespace, name, ...node });
    if (cached !== undefined) return cached;
    const swept = stored(kind, namespace, name);
    return swept.length === 0 ? undefined : swept;
  };

  return (checked) => {
    const { controls, policy: configured, namespaces } = configuration();
    const { attributes, findings } = checked;
    if (!isInScope(attributes, namespaces)) return undefined;
    const policy = policyFor(checked, configured);
    const today = utcDay(now());
    const problem = unreadProblem(checked);
    if (problem !== undefined) {
      const { kind, namespace, name } = attributes;
      const subject = { kind, ...(namespace !== '' && { namespace }), name: name === '' ? '(no name)' : name };
      return decideOnUnchecked(controls, policy, subject, problem, today);
    }
    const passed = findings.every(({ outcome }) => outcome.result === 'pass');
    const decision = decide(findings, passed ? undefined : before(checked), policy, today);
    return { ...decision, problems: checked.problems.map(({ problem }) => problem) };
  };
}

/**
 * Makes a function that decides on reviews that were too large, or took too long, to check. Nothing but the uid of such a
 * review is known, so that no exemption applies.
 *
 * @param configuration the current configuration
 */
export function createDecideUnchecked(configuration: () => ValidatorConfiguration, now: () => Date): DecideUnchecked {
  return (uid, reason) => {
    const { controls, policy } = configuration();
    const problem = { code: 'too-large', message: `not checked: ${reason}` } as const;
    const subject = { kind: 'AdmissionReview', name: uid };
    return decideOnUnchecked(controls, { ...policy, exemptions: [] }, subject, problem, utcDay(now()));
  };
}

/** Why nothing of the object was read; undefined if something was. */
function unreadProblem({ findings, problems }: RequestFindings): Problem | undefined {
  return findings.length > 0 ? undefined : problems.find(({ problem }) => NOT_READ.has(problem.code))?.problem;
}

/**
 * The policy for a request. The update of a pod is denied at most for what it makes worse: the pod already runs, so that any
 * other denial would prevent nothing, and stop whoever labels or schedules the pod.
 */
function policyFor({ attributes, keepsContainers }: RequestFindings, policy: DecisionPolicy): DecisionPolicy {
  if (attributes.resource !== 'pods' || attributes.operation !== 'UPDATE') return policy;
  const most = keepsContainers ? 'audit' : 'ratchet';
  const atMost = (action: Action): Action => (action === 'enforce' || action === 'ratchet' ? most : action);
  return {
    ...policy,
    action: (control, surface) => atMost(policy.action(control, surface)),
    isLowered: (control, surface) => {
      const action = policy.action(control, surface);
      return atMost(action) !== action;
    },
  };
}

/** The day in UTC, as YYYY-MM-DD. */
function utcDay(date: Date): string {
  return date.toISOString().slice(0, 10);
}
