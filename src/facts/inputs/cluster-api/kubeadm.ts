// Cluster API's kubeadm provider: control planes and machines that kubeadm will set up (cluster-api
// bootstrap/kubeadm/api, controlplane/kubeadm/api, bootstrap/kubeadm/types/upstream*).

import { asRecord, asRecords, asString, asText, isRecord, type UnknownRecord } from '../../../json.ts';
import type { Subject } from '../../../policy/subject.ts';
import { minorOf } from '../../argv/flags.ts';
import type { DeclaredFile } from '../../declared/files.ts';
import type { KubeadmDocument, KubeadmDocuments } from '../../kubeadm/documents.ts';
import { kubeadmKubelet } from '../../kubeadm/kubelet.ts';
import { insideObject, kubeadmSubjects } from '../../kubeadm/subjects.ts';
import { decodeBase64 } from '../../values/base64.ts';
import { pointerOf, valueAt } from '../../values/shape.ts';
import {
  inDocument,
  unreadableConfiguredApiServer,
  unreadableConfiguredKubelet,
  type ConfigurationPlace,
} from '../configuration.ts';
import type { FoundObject, Input } from '../input.ts';

/** A kind of object with a KubeadmConfigSpec. */
interface KubeadmKind {
  readonly group: string;
  readonly kind: string;
  readonly resource: string;
  /** The way to the KubeadmConfigSpec. */
  readonly spec: readonly string[];
  /** It sets up control planes: what it leaves out, kubeadm's defaults decide. */
  readonly controlPlane?: true;
}

const CONTROL_PLANE = { group: 'controlplane.cluster.x-k8s.io', controlPlane: true } as const;
const BOOTSTRAP = { group: 'bootstrap.cluster.x-k8s.io' } as const;
const KINDS: readonly KubeadmKind[] = [
  {
    ...{ ...CONTROL_PLANE, kind: 'KubeadmControlPlane', resource: 'kubeadmcontrolplanes' },
    spec: ['spec', 'kubeadmConfigSpec'],
  },
  {
    ...{ ...CONTROL_PLANE, kind: 'KubeadmControlPlaneTemplate', resource: 'kubeadmcontrolplanetemplates' },
    spec: ['spec', 'template', 'spec', 'kubeadmConfigSpec'],
  },
  { ...BOOTSTRAP, kind: 'KubeadmConfig', resource: 'kubeadmconfigs', spec: ['spec'] },
  {
    ...{ ...BOOTSTRAP, kind: 'KubeadmConfigTemplate', resource: 'kubeadmconfigtemplates' },
    spec: ['spec', 'template', 'spec'],
  },
];

/** The objects of Cluster API's kubeadm provider. */
export const clusterApiKubeadm: Input = {
  name: KINDS.map(({ kind }) => `\`${kind}\``).join(', '),
  surfaces: ['declared-cluster'],
  matches: (object) => kindOf(object) !== undefined,
  read: (found) => {
    const known = kindOf(found.object);
    return known === undefined ? [] : read(known, found).map((subject) => inDocument(subject, found.pointer));
  },
  unreadable: (found, problem) => {
    const kubelet = unreadableConfiguredKubelet(problem, placeOf(found));
    return kindOf(found.object)?.controlPlane === true
      ? [unreadableConfiguredApiServer(problem, placeOf(found)), kubelet]
      : [kubelet];
  },
  resources: KINDS.map(({ group, kind, resource }) => ({
    ...{ group, version: 'v1beta1', kind, resource, subResource: '' },
    ...{ operations: ['CREATE', 'UPDATE'], reads: [['spec']] },
  })),
};

function kindOf({ apiVersion, kind }: UnknownRecord): KubeadmKind | undefined {
  const group = asString(apiVersion)?.split('/')[0];
  return KINDS.find((known) => known.kind === kind && known.group === group);
}

function read({ spec: names, controlPlane }: KubeadmKind, found: FoundObject): Subject[] {
  const { object, budget } = found;
  const spec = asRecord(valueAt(object, names));
  const version =
    asText(asRecord(object.spec).version) ?? asText(asRecord(spec.clusterConfiguration).kubernetesVersion);
  const minor = minorOf(version ?? '');
  const holder: Holder = { found, spec, names };
  const cluster = documentIn(holder, 'clusterConfiguration', 'ClusterConfiguration', controlPlane === true);
  const init = documentIn(holder, 'initConfiguration', 'InitConfiguration', cluster !== undefined);
  const join = documentIn(holder, 'joinConfiguration', 'JoinConfiguration', false);
  const files = filesOf(spec, names);
  const common = { files, ...(cluster && { cluster }), ...(minor !== undefined && { minor }) };
  const place = placeOf(found);
  return [
    ...(init
      ? kubeadmSubjects({ ...common, node: init, ...patchesOf(spec.initConfiguration, files) }, place, budget)
      : []),
    ...(join
      ? kubeadmKubelet(
          { ...common, node: join, ...patchesOf(spec.joinConfiguration, files) },
          { ...place, name: init ? `${place.name}/join` : place.name },
          budget,
        )
      : []),
  ];
}

interface Holder {
  readonly found: FoundObject;
  readonly spec: UnknownRecord;
  readonly names: readonly string[];
}

/** A document of kubeadm in the object; if it is `needed`, an empty one stands for kubeadm's defaults. */
function documentIn(
  { found, spec, names }: Holder,
  field: string,
  kind: string,
  needed: boolean,
): KubeadmDocument | undefined {
  const value = spec[field];
  if (!isRecord(value) && !needed) return undefined;
  const header = { apiVersion: versionOf(found.object, spec), kind };
  return insideObject(found.document, asRecord(value), pointerOf([...names, field]), header);
}

/** The version of kubeadm's API that the object's arguments are written as: a list, or a map in older versions. */
function versionOf(
  { apiVersion }: UnknownRecord,
  { clusterConfiguration, initConfiguration, joinConfiguration }: UnknownRecord,
): string {
  const lists = [
    valueAt(clusterConfiguration, ['apiServer', 'extraArgs']),
    ...[initConfiguration, joinConfiguration].map((node) => valueAt(node, ['nodeRegistration', 'kubeletExtraArgs'])),
  ];
  const isList = lists.some((value) => Array.isArray(value)) || asString(apiVersion)?.endsWith('/v1beta2') === true;
  return isList ? 'kubeadm.k8s.io/v1beta4' : 'kubeadm.k8s.io/v1beta3';
}

/** The files that the object holds. A file that is compressed, or that stands in a Secret, is left out. */
function filesOf(spec: UnknownRecord, names: readonly string[]): DeclaredFile[] {
  return asRecords(spec.files).flatMap(({ path, content, encoding }, at) => {
    const text = encoding === undefined || encoding === '' ? asString(content) : decoded(encoding, content);
    if (typeof path !== 'string' || text === undefined) return [];
    return [{ path, content: { text }, pointer: pointerOf([...names, 'files', String(at), 'content']) }];
  });
}

function decoded(encoding: unknown, content: unknown): string | undefined {
  return encoding === 'base64' && typeof content === 'string' ? decodeBase64(content) : undefined;
}

/** The files in the folder of patches that a node's configuration names. */
function patchesOf(node: unknown, files: readonly DeclaredFile[]): Pick<KubeadmDocuments, 'patches'> {
  const directory = asText(valueAt(node, ['patches', 'directory']))?.replace(/\/+$/, '');
  if (directory === undefined) return {};
  return { patches: files.filter(({ path }) => path.slice(0, path.lastIndexOf('/')) === directory) };
}

function placeOf({ object, source, vantage }: FoundObject): ConfigurationPlace {
  const { name, namespace } = asRecord(object.metadata);
  const kind = asText(object.kind) ?? '';
  const known = asText(namespace);
  return {
    name: asText(name) ?? kind,
    ...(known !== undefined && { namespace: known }),
    ...{ kind, source, vantage, surface: 'declared-cluster' },
  };
}
