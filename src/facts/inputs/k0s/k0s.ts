// The documents of k0s: its own ClusterConfig, k0sctl's Cluster, and the objects of k0smotron.

import { asRecord, asRecords, asString, asText, isRecord, type UnknownRecord } from '../../../json.ts';
import type { Subject } from '../../../policy/subject.ts';
import { minorOf } from '../../argv/flags.ts';
import { pointerOf, valueAt } from '../../values/shape.ts';
import { inDocument } from '../configuration.ts';
import type { AdmissionResource, FoundObject, Input } from '../input.ts';
import { objectPlace, unreadableParts } from '../object-place.ts';
import { k0sKubelet, k0sSubjects, type K0sPlace } from './cluster.ts';

/** A kind of document that holds parts of a k0s cluster. */
interface K0sKind {
  readonly group: string;
  readonly kind: string;
  /** The plural name of the resource, for the kinds that users write to an API server. */
  readonly resource?: string;
  readonly version?: string;
  /** The way to the ClusterConfig. */
  readonly config?: readonly string[];
  /** The way to the version of k0s. */
  readonly release?: readonly string[];
  /** The ways to the options of `k0s worker` or `k0s controller`. */
  readonly options?: (object: UnknownRecord) => readonly (readonly string[])[];
}

const KINDS: readonly K0sKind[] = [
  { group: 'k0s.k0sproject.io', kind: 'ClusterConfig', config: [] },
  {
    ...{ group: 'k0sctl.k0sproject.io', kind: 'Cluster', config: ['spec', 'k0s', 'config'] },
    release: ['spec', 'k0s', 'version'],
    options: ({ spec }) =>
      asRecords(asRecord(spec).hosts).map((_host, at) => ['spec', 'hosts', String(at), 'installFlags']),
  },
  {
    ...{ group: 'controlplane.cluster.x-k8s.io', kind: 'K0sControlPlane', resource: 'k0scontrolplanes' },
    ...{ version: 'v1beta1', config: ['spec', 'k0sConfigSpec', 'k0s'], release: ['spec', 'version'] },
    options: () => [['spec', 'k0sConfigSpec', 'args']],
  },
  {
    ...{ group: 'bootstrap.cluster.x-k8s.io', kind: 'K0sWorkerConfig', resource: 'k0sworkerconfigs' },
    ...{ version: 'v1beta1', release: ['spec', 'version'] },
    options: () => [['spec', 'args']],
  },
  {
    ...{ group: 'bootstrap.cluster.x-k8s.io', kind: 'K0sWorkerConfigTemplate', resource: 'k0sworkerconfigtemplates' },
    ...{ version: 'v1beta1', release: ['spec', 'template', 'spec', 'version'] },
    options: () => [['spec', 'template', 'spec', 'args']],
  },
];

const RESOURCES: readonly AdmissionResource[] = KINDS.flatMap(({ group, version, kind, resource }) =>
  resource === undefined || version === undefined
    ? []
    : [
        {
          ...{ group, version, kind, resource, subResource: '', operations: ['CREATE', 'UPDATE'], reads: [['spec']] },
          ...(kind === 'K0sWorkerConfig' && { isMadeByControllers: true }),
        },
      ],
);

/** k0s, k0sctl and k0smotron. */
export const k0s: Input = {
  name: 'k0s `ClusterConfig`, k0sctl `Cluster`, `K0sControlPlane`, `K0sWorkerConfig`',
  platform: 'k0s',
  surfaces: ['declared-cluster'],
  matches: (object) => kindOf(object) !== undefined,
  read: (found) => {
    const known = kindOf(found.object);
    return known === undefined ? [] : read(known, found).map((subject) => inDocument(subject, found.pointer));
  },
  unreadable: (found, problem) => unreadableParts(found, problem, kindOf(found.object)?.config !== undefined),
  resources: RESOURCES,
};

function kindOf({ apiVersion, kind }: UnknownRecord): K0sKind | undefined {
  const group = asString(apiVersion)?.split('/')[0];
  return KINDS.find((known) => known.kind === kind && known.group === group);
}

function read({ config, release, options }: K0sKind, found: FoundObject): Subject[] {
  const { object, budget } = found;
  const minor = minorOf(asText(valueAt(object, release ?? ['spec', 'version'])) ?? '');
  const place: K0sPlace = { ...objectPlace(found), minor, names: config ?? [] };
  const cluster = config === undefined ? undefined : valueAt(object, config);
  const subjects = isRecord(cluster) ? k0sSubjects(cluster, place, budget) : [];
  // a control plane without a ClusterConfig gets k0s's defaults
  if (config !== undefined && (cluster === undefined || cluster === null))
    subjects.push(...k0sSubjects({}, place, budget));
  for (const names of options?.(object) ?? []) {
    const given = valueAt(object, names);
    if (!Array.isArray(given) || given.length === 0) continue;
    const words = given.map((text, at) => ({ text: asString(text) ?? '', pointer: pointerOf([...names, String(at)]) }));
    if (words.some(({ text }) => text.includes('kubelet-extra-args'))) {
      subjects.push(...k0sKubelet(words, { ...place, name: `${place.name}${hostOf(names)}` }, budget));
    }
  }
  return subjects;
}

/** k0sctl has options for each host. */
function hostOf(names: readonly string[]): string {
  const at = names.indexOf('hosts');
  return at === -1 ? '' : `/host ${names[at + 1] ?? ''}`;
}
