// Cluster API's kubeadm provider: control planes and machines that kubeadm will set up (cluster-api
// bootstrap/kubeadm/api, controlplane/kubeadm/api, bootstrap/kubeadm/types/upstream*).

import { asRecord, asString, asText, isRecord, type UnknownRecord } from '../../../json.ts';
import type { Problem } from '../../../policy/reading.ts';
import type { Subject } from '../../../policy/subject.ts';
import { minorOf } from '../../argv/flags.ts';
import { declaredHost, type DeclaredHost } from '../../declared/document.ts';
import type { DeclaredFile } from '../../declared/files.ts';
import { hiddenFile } from '../../declared/host-paths.ts';
import type { KubeadmDocument, KubeadmDocuments } from '../../kubeadm/documents.ts';
import { kubeadmKubelet } from '../../kubeadm/kubelet.ts';
import { insideObject, kubeadmSubjects } from '../../kubeadm/subjects.ts';
import { pointerOf, valueAt } from '../../values/shape.ts';
import { inDocument } from '../configuration.ts';
import type { FoundObject, Input } from '../input.ts';
import { objectPlace, unreadableParts } from '../object-place.ts';
import { commandDoubts, machineFiles, type MachineFiles } from './machine.ts';

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
  platform: 'kubeadm',
  surfaces: ['declared-cluster'],
  matches: (object) => kindOf(object) !== undefined,
  read: (found) => {
    const known = kindOf(found.object);
    if (known === undefined) return [];
    const { spec, files } = holderOf(known, found);
    const doubts = [...hiddenPatches(spec, files.hidden), ...commandDoubts(spec, known.spec)];
    return [...read(known, found), ...hostOf(found).subjects]
      .map((subject) => ({ ...subject, doubts: [...subject.doubts, ...doubts] }))
      .map((subject) => inDocument(subject, found.pointer));
  },
  problems: (found) => hostOf(found).problems,
  contents: (found) => hostOf(found).rest,
  unreadable: (found, problem) => unreadableParts(found, problem, kindOf(found.object)?.controlPlane === true),
  resources: KINDS.map(({ group, kind, resource, spec }) => ({
    ...{ group, version: 'v1beta1', otherVersions: ['v1beta2'], kind, resource, subResource: '' },
    ...(kind === 'KubeadmConfig' && { isMadeByControllers: true }),
    ...{
      operations: ['CREATE', 'UPDATE'],
      reads: kind === 'KubeadmControlPlane' ? [spec, ['spec', 'version']] : [spec],
    },
  })),
};

function kindOf({ apiVersion, kind }: UnknownRecord): KubeadmKind | undefined {
  const group = asString(apiVersion)?.split('/')[0];
  return KINDS.find((known) => known.kind === kind && known.group === group);
}

/** The object's KubeadmConfigSpec, and the files that it gives to its machines. */
function holderOf({ spec: names }: KubeadmKind, found: FoundObject): Holder {
  const spec = asRecord(valueAt(found.object, names));
  return { found, spec, names, files: machineFiles(spec.files, [...names, 'files']) };
}

/** The files that kubeadm does not read as patches, as a host has them. */
function hostOf(found: FoundObject): DeclaredHost {
  const known = kindOf(found.object);
  if (known === undefined) return { subjects: [], problems: [], rest: [] };
  const { spec, files } = holderOf(known, found);
  const patches = new Set(patchFolders(spec));
  const others = files.texts.filter(({ path }) => !patches.has(folderOf(path)));
  const hidden = files.hidden.filter(({ path }) => !patches.has(folderOf(path)));
  const host = declaredHost(others, objectPlace(found), found.budget);
  return {
    ...host,
    problems: [...host.problems, ...hidden.flatMap(({ path, why, pointer }) => hiddenFile(path, why, pointer))],
  };
}

function read(known: KubeadmKind, found: FoundObject): Subject[] {
  const { object, budget } = found;
  const holder = holderOf(known, found);
  const { spec } = holder;
  const version =
    asText(asRecord(object.spec).version) ?? asText(asRecord(spec.clusterConfiguration).kubernetesVersion);
  const minor = minorOf(version ?? '');
  const cluster = documentIn(holder, 'clusterConfiguration', 'ClusterConfiguration', known.controlPlane === true);
  const init = documentIn(holder, 'initConfiguration', 'InitConfiguration', cluster !== undefined);
  const join = documentIn(holder, 'joinConfiguration', 'JoinConfiguration', false);
  const files = holder.files.texts.map(({ path, text, pointer }) => ({ path, content: { text }, pointer }));
  const common = { files, ...(cluster && { cluster }), ...(minor !== undefined && { minor }) };
  const place = objectPlace(found);
  const joining = { ...place, name: init ? `${place.name}/join` : place.name };
  return [
    ...(init
      ? kubeadmSubjects({ ...common, node: init, ...patchesOf(spec.initConfiguration, files) }, place, budget)
      : []),
    ...(join
      ? kubeadmKubelet({ ...common, node: join, ...patchesOf(spec.joinConfiguration, files) }, joining, budget)
      : []),
  ];
}

interface Holder {
  readonly found: FoundObject;
  readonly spec: UnknownRecord;
  readonly names: readonly string[];
  readonly files: MachineFiles;
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

/** The files in the folder of patches that a node's configuration names. */
function patchesOf(node: unknown, files: readonly DeclaredFile[]): Pick<KubeadmDocuments, 'patches'> {
  const folder = patchFolder(node);
  return folder === undefined ? {} : { patches: files.filter(({ path }) => folderOf(path) === folder) };
}

function patchFolders({ initConfiguration, joinConfiguration }: UnknownRecord): string[] {
  return [initConfiguration, joinConfiguration].flatMap((node) => patchFolder(node) ?? []);
}

function patchFolder(node: unknown): string | undefined {
  return asText(valueAt(node, ['patches', 'directory']))?.replace(/(?<!\/)\/+$/, '');
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** A patch that cannot be read may change everything that kubeadm makes. */
function hiddenPatches(spec: UnknownRecord, hidden: MachineFiles['hidden']): Problem[] {
  const folders = new Set(patchFolders(spec));
  return hidden
    .filter(({ path }) => folders.has(folderOf(path)))
    .map(({ path, why, pointer }) => {
      const message = `the patch ${path} is not read, because ${why}; check that file too, or check the node with kubelet-guard node`;
      return { code: 'not-read', message, origin: { layer: 'file', pointer } };
    });
}
