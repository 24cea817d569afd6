import type { Allowance } from '../inspect.ts';
import { decide, type Before } from '../policy/decision/decide.ts';
import type { Action, Control } from '../policy/control.ts';
import type { DecisionPolicy, Finding } from '../policy/finding.ts';
import type { Problem, ProblemCode } from '../policy/reading.ts';
import type { SubjectName } from '../policy/subject.ts';
import type { Judgement } from '../outputs/admission/answer.ts';
import { look, NODE_USER, type Sight } from './request-findings.ts';
import type { ObjectMemory, ObjectName } from './memory.ts';
import type { AdmissionRequest } from './review.ts';

/** Decides about a request; undefined where the request is none of this webhook's business. */
export type Judge = (request: AdmissionRequest) => Judgement | undefined;

/** Decides on what was seen of a request; undefined where its namespace is not followed. */
export type Decider = (sight: Sight) => Judgement | undefined;

/** Decides about a review of which nothing but the uid could be read: by what is done about what cannot be told. */
export type JudgeUnread = (uid: string, reason: string) => Judgement;

/** What is configured, as far as a judge needs it. */
export interface Rules {
  /** Those that are not off everywhere. */
  readonly controls: readonly Control[];
  readonly policy: DecisionPolicy;
  readonly namespaces: ReadonlySet<string>;
}

/** What a judge works with. */
export interface JudgeSurroundings {
  /** The rules in force; each request is judged by those of its moment. */
  readonly rules: () => Rules;
  readonly memory: ObjectMemory;
  /** What the last complete sweep stored of an object; empty where nothing is known. */
  readonly stored: (kind: ObjectName['kind'], namespace: string, name: string) => readonly Before[];
  readonly now: () => Date;
}

/** Makes a judge that looks and decides at once. It does no I/O and waits for nothing. */
export function createJudge({
  allowance,
  ...surroundings
}: JudgeSurroundings & { readonly allowance: Allowance }): Judge {
  const decideOn = createDecider(surroundings);
  return (request) => {
    const { controls, policy, namespaces } = surroundings.rules();
    const sight = namespaces.has(request.namespace) ? look(request, controls, policy.action, allowance) : undefined;
    return sight && decideOn(sight);
  };
}

/** Makes what decides on what was seen of a request. It keeps nothing from one request to the next. */
export function createDecider({ rules, memory, stored, now }: JudgeSurroundings): Decider {
  const today = dayTeller(now);

  const before = (sight: Sight): readonly Before[] | undefined => {
    if (sight.before) return sight.before;
    const { findings } = sight.inspection;
    const { namespace, name, resource, username } = sight.request;
    // kubeadm creates before it updates, also what exists; and a mirror pod is deleted and created anew
    const isConfigMap = resource === 'configmaps';
    if (!isConfigMap && !findings.some(({ surface }) => surface === 'mirror-pod')) return undefined;
    const kind = isConfigMap ? 'ConfigMap' : 'Pod';
    const node = isConfigMap ? {} : { node: username.slice(NODE_USER.length) };
    const seen = memory.last({ kind, namespace, name, ...node });
    if (seen !== undefined) return seen;
    const swept = stored(kind, namespace, name);
    return swept.length === 0 ? undefined : swept;
  };

  return (sight) => {
    const { controls, policy, namespaces } = rules();
    if (!namespaces.has(sight.request.namespace)) return undefined;
    const { findings, problems } = sight.inspection;
    const unread = findings.length === 0 ? problems.find(({ problem }) => NOT_READ.has(problem.code)) : undefined;
    if (unread !== undefined) {
      const { kind, namespace, name } = sight.request;
      const subject = { kind, namespace, name: name === '' ? '(no name)' : name };
      const unknown = controls.map((control) => unreadFinding(control, subject, unread.problem));
      const strict = policyFor(sight, { ...policy, action: strictest(policy) });
      return { decision: decide(unknown, undefined, strict, today()), problems: [] };
    }
    const passed = findings.every(({ outcome }) => outcome.result === 'pass');
    const decision = decide(findings, passed ? undefined : before(sight), policyFor(sight, policy), today());
    return { decision, problems: problems.map(({ problem }) => problem) };
  };
}

/**
 * What may be refused of a request. A pod's update is refused only for what it makes worse of what runs: a refusal of
 * anything else would prevent nothing, and stop whoever labels or schedules the pod.
 */
function policyFor({ request, runsTheSame }: Sight, policy: DecisionPolicy): DecisionPolicy {
  if (request.resource !== 'pods' || request.operation !== 'UPDATE') return policy;
  const most = runsTheSame ? 'audit' : 'ratchet';
  const atMost = (action: Action): Action => (action === 'enforce' || action === 'ratchet' ? most : action);
  return { ...policy, action: (control, surface) => atMost(policy.action(control, surface)) };
}

/** Where what is found in a review can stand. */
export const SURFACES = [
  'mirror-pod',
  'pod',
  'workload',
  'kubelet-config',
  'kubeadm-config',
  'openshift-config',
] as const;
/** Problems of an object of which nothing was read: no finding shows what could be wrong with it. */
const NOT_READ: ReadonlySet<ProblemCode> = new Set(['crashed', 'too-large']);
const ACTIONS = ['enforce', 'ratchet', 'audit'] as const;

/**
 * Makes what decides about reviews that were not read. What such a review is about is not known, so that the strictest
 * action of each control counts, and no exemption.
 */
export function createJudgeUnread(rules: () => Rules, now: () => Date): JudgeUnread {
  const today = dayTeller(now);
  return (uid, message) => {
    const { controls, policy } = rules();
    const subject = { kind: 'AdmissionReview', name: uid };
    const findings = controls.map((control) => unreadFinding(control, subject, { code: 'too-large', message }));
    const decision = decide(findings, undefined, { ...policy, action: strictest(policy), exemptions: [] }, today());
    return { decision, problems: [] };
  };
}

/** The strictest action of a control on any surface, for objects whose surface is not known. */
function strictest(policy: DecisionPolicy): DecisionPolicy['action'] {
  return (control) => {
    const actions = SURFACES.map((surface) => policy.action(control, surface));
    return ACTIONS.find((action) => actions.includes(action)) ?? 'off';
  };
}

/** The finding about an object that could not be read. */
function unreadFinding(control: Control, subject: Omit<SubjectName, 'component'>, problem: Problem): Finding {
  const { kind = '', namespace, name } = subject;
  return {
    control,
    subject: { component: control.component, ...subject },
    source: { object: `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}` },
    vantage: 'declared',
    surface: 'process',
    outcome: { result: 'unknown', problems: [problem], warnings: [] },
    evidence: [],
  };
}

const DAY = 24 * 60 * 60 * 1000;

/** Makes a function that tells the day in UTC, as YYYY-MM-DD, and writes it out once a day only. */
function dayTeller(now: () => Date): () => string {
  let day: number | undefined;
  let text = '';
  return () => {
    const today = Math.floor(now().getTime() / DAY);
    if (today !== day) text = new Date(today * DAY).toISOString().slice(0, 10);
    day = today;
    return text;
  };
}
