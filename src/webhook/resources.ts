/** A resource that is judged, and what of it a verdict depends on. */
export interface Judged {
  readonly group: string;
  readonly resource: string;
  readonly subResource: string;
  /** What an API server sends of it. An object of another kind would be judged as none of ours. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly operations: readonly ('CREATE' | 'UPDATE')[];
  /** The fields that a verdict depends on: an update that leaves them as they are is not judged. Undefined: every update is. */
  readonly reads?: readonly (readonly string[])[];
}

const BOTH = ['CREATE', 'UPDATE'] as const;
const POD = [['spec'], ['metadata', 'labels']] as const;
const CORE = { group: '', apiVersion: 'v1' } as const;
const APPS = { group: 'apps', apiVersion: 'apps/v1' } as const;
const BATCH = { group: 'batch', apiVersion: 'batch/v1' } as const;

/**
 * What is judged. The API server asks about exactly this: a test holds the rules and match conditions of the manifests to
 * this list, and the list to what `check` judges.
 */
export const JUDGED: readonly Judged[] = [
  { ...CORE, kind: 'ConfigMap', resource: 'configmaps', subResource: '', operations: BOTH },
  { ...CORE, kind: 'Pod', resource: 'pods', subResource: '', operations: BOTH, reads: POD },
  { ...CORE, kind: 'Pod', resource: 'pods', subResource: 'ephemeralcontainers', operations: ['UPDATE'], reads: POD },
  workload(APPS, 'Deployment', 'deployments'),
  workload(APPS, 'StatefulSet', 'statefulsets'),
  workload(APPS, 'DaemonSet', 'daemonsets'),
  workload(APPS, 'ReplicaSet', 'replicasets'),
  workload(CORE, 'ReplicationController', 'replicationcontrollers'),
  workload(CORE, 'PodTemplate', 'podtemplates', ['template']),
  workload(BATCH, 'Job', 'jobs'),
  workload(BATCH, 'CronJob', 'cronjobs', ['spec', 'jobTemplate', 'spec', 'template']),
];

function workload(
  api: Pick<Judged, 'group' | 'apiVersion'>,
  kind: string,
  resource: string,
  template: readonly string[] = ['spec', 'template'],
): Judged {
  return { ...api, kind, resource, subResource: '', operations: BOTH, reads: [template] };
}

const BY_NAME: ReadonlyMap<string, Judged> = new Map(
  JUDGED.map((judged) => [nameOf(judged.group, judged.resource, judged.subResource), judged]),
);

/** The `resource` part of what is judged. */
export const judgedResources: readonly string[] = [...new Set(JUDGED.map(({ resource }) => resource))];

/** What is judged of a resource; undefined where that is nothing. */
export function judgedAs(group: string, resource: string, subResource: string): Judged | undefined {
  return BY_NAME.get(nameOf(group, resource, subResource));
}

function nameOf(group: string, resource: string, subResource: string): string {
  return `${group}/${resource}/${subResource}`;
}
