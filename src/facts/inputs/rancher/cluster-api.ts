// Cluster API's providers of RKE2 and k3s: control planes and machines that they will set up (cluster-api-provider-rke2
// bootstrap/api, controlplane/api, pkg/rke2/config.go; cluster-api-k3s bootstrap/api, controlplane/api, pkg/k3s/config.go).

import { asArray, asRecord, asString, asText, isRecord, type UnknownRecord } from '../../../json.ts';
import type { Subject } from '../../../policy/subject.ts';
import { minorOf } from '../../argv/flags.ts';
import type { Word } from '../../argv/words.ts';
import { rancherSubjects, type RancherProgram } from '../../declared/rancher.ts';
import { argumentsOfConfigs, type RancherArgument } from '../../host/launchers/rancher/arguments.ts';
import { pointerOf, valueAt } from '../../values/shape.ts';
import { inDocument } from '../configuration.ts';
import type { AdmissionResource, FoundObject, Input } from '../input.ts';
import { nodeFiles, textDoubts } from './node-files.ts';
import { objectPlace, unreadableParts } from '../object-place.ts';

/** A kind of object that sets up nodes. */
interface RancherKind {
  readonly group: string;
  readonly kind: string;
  readonly resource: string;
  readonly program: RancherProgram;
  /** The way to the configuration of the nodes. */
  readonly spec: readonly string[];
  /** Its nodes are servers. Others are if they have a serverConfig. */
  readonly isServer?: true;
}

const CONTROL_PLANE = { group: 'controlplane.cluster.x-k8s.io', isServer: true } as const;
const BOOTSTRAP = { group: 'bootstrap.cluster.x-k8s.io' } as const;
const TEMPLATE = ['spec', 'template', 'spec'];
const KINDS: readonly RancherKind[] = [
  {
    ...{ ...CONTROL_PLANE, kind: 'RKE2ControlPlane', resource: 'rke2controlplanes', program: 'rke2' },
    spec: ['spec'],
  },
  {
    ...{ ...CONTROL_PLANE, kind: 'RKE2ControlPlaneTemplate', resource: 'rke2controlplanetemplates', program: 'rke2' },
    spec: TEMPLATE,
  },
  { ...BOOTSTRAP, kind: 'RKE2Config', resource: 'rke2configs', program: 'rke2', spec: ['spec'] },
  { ...BOOTSTRAP, kind: 'RKE2ConfigTemplate', resource: 'rke2configtemplates', program: 'rke2', spec: TEMPLATE },
  {
    ...{ ...CONTROL_PLANE, kind: 'KThreesControlPlane', resource: 'kthreescontrolplanes', program: 'k3s' },
    spec: ['spec', 'kthreesConfigSpec'],
  },
  {
    ...{ ...CONTROL_PLANE, kind: 'KThreesControlPlaneTemplate', resource: 'kthreescontrolplanetemplates' },
    ...{ program: 'k3s', spec: [...TEMPLATE, 'kthreesConfigSpec'] },
  },
  { ...BOOTSTRAP, kind: 'KThreesConfig', resource: 'kthreesconfigs', program: 'k3s', spec: ['spec'] },
  { ...BOOTSTRAP, kind: 'KThreesConfigTemplate', resource: 'kthreesconfigtemplates', program: 'k3s', spec: TEMPLATE },
];
/** The objects of Cluster API's RKE2 and k3s providers. */
export const clusterApiRancher: Input = {
  name: KINDS.map(({ kind }) => `\`${kind}\``).join(', '),
  platform: ({ kind }) => (asString(kind)?.startsWith('RKE2') === true ? 'rke2' : 'k3s'),
  surfaces: ['declared-cluster'],
  matches: (object) => kindOf(object) !== undefined,
  read: (found) => {
    const known = kindOf(found.object);
    return known === undefined ? [] : read(known, found).map((subject) => inDocument(subject, found.pointer));
  },
  unreadable: (found, problem) => unreadableParts(found, problem, kindOf(found.object)?.isServer === true),
  resources: KINDS.map(({ group, kind, resource }): AdmissionResource => ({
    ...{ group, version: 'v1beta1', kind, resource, subResource: '', operations: ['CREATE', 'UPDATE'] },
    ...((kind === 'RKE2Config' || kind === 'KThreesConfig') && { isMadeByControllers: true }),
    reads: [['spec']],
  })),
};

function kindOf({ apiVersion, kind }: UnknownRecord): RancherKind | undefined {
  const group = asString(apiVersion)?.split('/')[0];
  return KINDS.find((known) => known.kind === kind && known.group === group);
}

function read({ program, spec: names, isServer }: RancherKind, found: FoundObject): Subject[] {
  const { object, budget } = found;
  const spec = asRecord(valueAt(object, names));
  const agent = asRecord(spec.agentConfig);
  const version = asText(asRecord(object.spec).version) ?? asText(spec.version) ?? asText(agent.version) ?? '';
  const more = nodeFiles(object, [...names, 'files'], `/etc/rancher/${program}/config.yaml`, budget);
  const commands = ['preRKE2Commands', 'postRKE2Commands', 'preK3sCommands', 'postK3sCommands'];
  const doubts = [
    ...more.doubts,
    ...commands.flatMap((name) => textDoubts(object, [...names, name])),
    ...textDoubts(object, [...names, 'additionalUserData', 'config']),
    ...textDoubts(object, [...names, 'agentConfig', 'additionalUserData', 'config']),
  ];
  // a key of config.yaml.d replaces what the provider writes into config.yaml, unless it ends in +
  const replaced = new Set(more.configs.flatMap(({ keys }) => Object.keys(keys)));
  const given = [
    ...fieldArguments(object, names).filter(({ name }) => !replaced.has(name)),
    ...argumentsOfConfigs(more.configs),
  ];
  return rancherSubjects(
    objectPlace(found),
    {
      ...{ program, minor: minorOf(version), given, files: more.files, doubts },
      isServer: isServer === true || (isRecord(spec.serverConfig) && Object.keys(spec.serverConfig).length > 0),
    },
    budget,
  );
}

/** The arguments that the provider writes into config.yaml. */
function fieldArguments(object: unknown, names: readonly string[]): RancherArgument[] {
  const from = (name: string, ...way: readonly string[]): RancherArgument[] => {
    const path = [...names, ...way];
    return asArray(valueAt(object, path)).map((item, at) => ({ name, value: wordAt(item, [...path, String(at)]) }));
  };
  const directory = asText(valueAt(object, [...names, 'agentConfig', 'dataDir']));
  return [
    ...from('kube-apiserver-arg', 'serverConfig', 'kubeAPIServer', 'extraArgs'),
    ...from('kube-apiserver-arg', 'serverConfig', 'kubeAPIServerArg'),
    ...from('kubelet-arg', 'agentConfig', 'kubelet', 'extraArgs'),
    ...from('kubelet-arg', 'agentConfig', 'kubeletArgs'),
    ...(directory === undefined ? [] : [{ name: 'data-dir', value: { text: directory } }]),
  ];
}

function wordAt(item: unknown, names: readonly string[]): Word {
  return { text: asString(item) ?? '', pointer: pointerOf(names) };
}
