// Pods, and the workloads that make pods from a template.

import { asRecord, asString, asText, type UnknownRecord } from '../../../json.ts';
import type { Problem } from '../../../policy/reading.ts';
import type { Subject } from '../../../policy/subject.ts';
import { findMismatchIn, rootType } from '../../decoding/decode.ts';
import type { PodPlace } from '../../pod/place.ts';
import { podSubjects, unreadablePod } from '../../pod/pods.ts';
import { platformOfPod } from '../../platform.ts';
import { pathNames, select, type PathName } from '../../select.ts';
import type { FoundObject, Input } from '../input.ts';

/** A kind of object that makes pods. */
interface Workload {
  readonly group: string;
  readonly kind: string;
  readonly resource: string;
  /** Where the pod template is. */
  readonly template: PathName;
  /** Its pods end by themselves, so that printing something and exiting can be what they are for. */
  readonly endsByItself?: true;
}

const WORKLOADS: readonly Workload[] = [
  { group: 'apps', kind: 'Deployment', resource: 'deployments', template: 'podTemplate' },
  { group: 'apps', kind: 'StatefulSet', resource: 'statefulsets', template: 'podTemplate' },
  { group: 'apps', kind: 'DaemonSet', resource: 'daemonsets', template: 'podTemplate' },
  { group: 'apps', kind: 'ReplicaSet', resource: 'replicasets', template: 'podTemplate' },
  { group: '', kind: 'ReplicationController', resource: 'replicationcontrollers', template: 'podTemplate' },
  { group: '', kind: 'PodTemplate', resource: 'podtemplates', template: 'bareTemplate' },
  { group: 'batch', kind: 'Job', resource: 'jobs', template: 'podTemplate', endsByItself: true },
  { group: 'batch', kind: 'CronJob', resource: 'cronjobs', template: 'jobTemplate', endsByItself: true },
];
const BY_KIND: ReadonlyMap<unknown, Workload> = new Map(WORKLOADS.map((workload) => [workload.kind, workload]));

/** The annotation that a kubelet gives to the mirror pods of its static pods. */
const MIRROR = 'kubernetes.io/config.mirror';

const POD = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  resource: 'pods',
  reads: [['spec'], ['metadata', 'labels']],
} as const;

/** A pod. Static pod manifests are pods too. */
export const pod: Input = {
  name: 'Pod',
  platform: platformOfPod,
  surfaces: ['mirror-pod', 'pod'],
  matches: ({ kind }) => kind === 'Pod',
  read,
  unreadable,
  resources: [
    { ...POD, subResource: '', operations: ['CREATE', 'UPDATE'] },
    { ...POD, subResource: 'ephemeralcontainers', operations: ['UPDATE'] },
  ],
};

/** An object that makes pods. */
export const workload: Input = {
  name: WORKLOADS.map(({ kind }) => kind).join(', '),
  platform: platformOfPod,
  surfaces: ['workload'],
  matches: ({ kind }) => BY_KIND.has(kind),
  read,
  unreadable,
  resources: WORKLOADS.map(({ group, kind, resource, template }) => ({
    ...{ group, version: 'v1', kind, resource, subResource: '' },
    operations: ['CREATE', 'UPDATE'],
    reads: [pathNames(template)],
  })),
};

function read(found: FoundObject): Subject[] {
  const { spec, place } = podIn(found);
  const doubts = found.document.syntax === 'decoded' ? [] : decodingDoubts(found);
  return podSubjects(spec, { ...place, doubts }, found.budget);
}

function unreadable(found: FoundObject, problem: Problem): Subject[] {
  return unreadablePod(problem, podIn(found).place);
}

/** The pod that an object is or makes. */
function podIn({ object, pointer, source, vantage }: FoundObject): {
  readonly spec: UnknownRecord;
  readonly place: PodPlace;
} {
  const kind = asString(object.kind) ?? '';
  const { name, generateName, namespace, annotations } = asRecord(object.metadata);
  const maker = BY_KIND.get(kind);
  const template = maker ? select(maker.template, object) : { value: object, pointer: '' };
  const { metadata, spec: podSpec } = asRecord(template.value);
  const spec = asRecord(podSpec);
  const node = maker ? undefined : asText(spec.nodeName);
  const podSurface = Object.hasOwn(asRecord(annotations), MIRROR) ? 'mirror-pod' : 'pod';
  const place: PodPlace = {
    name: asString(name) ?? asString(generateName) ?? '',
    ...(typeof namespace === 'string' && { namespace }),
    kind,
    ...(node !== undefined && { node }),
    source,
    vantage,
    surface: maker ? 'workload' : podSurface,
    pointer: `${pointer}${template.pointer}/spec`,
    labels: asRecord(asRecord(metadata).labels),
    endsByItself: maker?.endsByItself === true,
    doubts: [],
  };
  return { spec, place };
}

/** API servers and kubelets reject an object that they cannot decode, so that none of it takes effect. */
function decodingDoubts({ object, document, pointer }: FoundObject): Problem[] {
  const kind = asString(object.kind) ?? '';
  const type = rootType(asString(object.apiVersion) ?? '', kind);
  const found =
    type === undefined
      ? { pointer: '/apiVersion', reason: 'its apiVersion is not known' }
      : findMismatchIn(type, document);
  if (!found) return [];
  const message = `the ${kind} cannot be decoded: ${found.reason} (${found.pointer}); fix it, then check it again`;
  return [{ code: 'malformed', message, origin: { layer: 'file', pointer: `${pointer}${found.pointer}` } }];
}
