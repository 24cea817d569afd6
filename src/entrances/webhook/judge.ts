import { inspect, type Allowance } from '../../inspect.ts';
import { beforeOf, decide, type Before } from '../../policy/decide.ts';
import type {
  Action,
  Control,
  ControlMetadata,
  DecisionPolicy,
  Finding,
  Inspection,
  Source,
} from '../../policy/types.ts';
import type { Judgement } from '../../report/admission-answer.ts';
import { isJudged, runsTheSame } from './judged.ts';
import type { ObjectMemory, ObjectName } from './memory.ts';
import type { AdmissionRequest } from './review.ts';

/** Decides about a request; undefined where the request is none of this webhook's business. */
export type Judge = (request: AdmissionRequest) => Judgement | undefined;

/** Decides about a review of which nothing but the uid could be read: by what is done about what cannot be told. */
export type JudgeUnread = (uid: string, reason: string) => Judgement;

/** What is configured, as far as a judge needs it. */
export interface Rules {
  /** Those that are not off everywhere. */
  readonly controls: readonly Control[];
  readonly policy: DecisionPolicy;
  readonly namespaces: ReadonlySet<string>;
}

interface Surroundings {
  /** The rules in force; each request is judged by those of its moment. */
  readonly rules: () => Rules;
  /** What may be spent on each object. */
  readonly allowance: Allowance;
  readonly memory: ObjectMemory;
  /** What the last complete sweep stored of an object; empty where nothing is known. */
  readonly stored: (kind: ObjectName['kind'], namespace: string, name: string) => readonly Before[];
  readonly now: () => Date;
}

/** How API servers name a kubelet. */
const NODE_USER = 'system:node:';

/** Makes a judge. It does no I/O and waits for nothing, and keeps nothing from one request to the next. */
export function createJudge({ rules, allowance, memory, stored, now }: Surroundings): Judge {
  const today = dayTeller(now);

  const look = (request: AdmissionRequest, value: unknown): Inspection => {
    const { controls } = rules();
    // a pod in the API shows a process, all else only what somebody wrote down
    const vantage = request.resource === 'pods' ? 'running' : 'declared';
    const { findings, problems } = inspect(
      controls,
      [{ form: 'object', source: sourceOf(request, value), vantage, value }],
      allowance,
    );
    return { findings: findings.map((finding) => identified(finding, request, value)), problems };
  };

  const before = (request: AdmissionRequest, findings: readonly Finding[]): readonly Before[] | undefined => {
    if (isPresent(request.oldObject)) return look(request, request.oldObject).findings.map(beforeOf);
    const { namespace, name, resource, username } = request;
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

  return (request) => {
    const { policy, namespaces } = rules();
    if (!namespaces.has(request.namespace)) return undefined;
    if (!isJudged(request)) return undefined;
    const { findings, problems } = look(request, request.object);
    const passed = findings.every(({ outcome }) => outcome.result === 'pass');
    const decision = decide(
      findings,
      passed ? undefined : before(request, findings),
      policyFor(request, policy),
      today(),
    );
    return { decision, problems: problems.map(({ problem }) => problem) };
  };
}

/**
 * What may be refused of a request. A pod's update is refused only for what it makes worse of what runs: a refusal of
 * anything else would prevent nothing, and stop whoever labels or schedules the pod.
 */
function policyFor(request: AdmissionRequest, policy: DecisionPolicy): DecisionPolicy {
  if (request.resource !== 'pods' || request.operation !== 'UPDATE') return policy;
  const most = runsTheSame(request) ? 'audit' : 'ratchet';
  const atMost = (action: Action): Action => (action === 'enforce' || action === 'ratchet' ? most : action);
  return { ...policy, action: (control, surface) => atMost(policy.action(control, surface)) };
}

/**
 * The finding under the name that the API server has for its object, because exemptions go by it. A pod is of a node only
 * if that node's kubelet asks: anybody who may create a pod can write any `spec.nodeName`.
 */
function identified(finding: Finding, request: AdmissionRequest, value: unknown): Finding {
  const { node, ...subject } = finding.subject;
  const { kind, namespace, username } = request;
  const isOfNode = node !== undefined && request.resource === 'pods' && username === `${NODE_USER}${node}`;
  const name = namedBy(request, value);
  // anybody can set the annotation; only a kubelet's pod is the mirror of a static one
  const isForged = finding.surface === 'mirror-pod' && !username.startsWith(NODE_USER);
  const surface = isForged ? 'pod' : finding.surface;
  return { ...finding, surface, subject: { ...subject, kind, namespace, name, ...(isOfNode && { node }) } };
}

const SURFACES = ['mirror-pod', 'pod', 'workload', 'kubelet-config', 'kubeadm-config', 'openshift-config'] as const;
const ACTIONS = ['enforce', 'ratchet', 'audit'] as const;

/**
 * Makes what decides about reviews that were not read. What such a review is about is not known, so that the strictest
 * action of each control counts, and no exemption.
 */
export function createJudgeUnread(rules: () => Rules, now: () => Date): JudgeUnread {
  const today = dayTeller(now);
  return (uid, reason) => {
    const { controls, policy } = rules();
    const strictest = (control: ControlMetadata): Action => {
      const actions = SURFACES.map((surface) => policy.action(control, surface));
      return ACTIONS.find((action) => actions.includes(action)) ?? 'off';
    };
    const findings = controls.map((control) => unreadFinding(control, uid, reason));
    const decision = decide(findings, undefined, { ...policy, action: strictest, exemptions: [] }, today());
    return { decision, problems: [] };
  };
}

function unreadFinding(control: ControlMetadata, uid: string, message: string): Finding {
  const problem = { code: 'too-large', message } as const;
  return {
    control,
    subject: { component: control.component, name: uid, kind: 'AdmissionReview' },
    source: { object: `AdmissionReview ${uid}` },
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
