// kops' Cluster and InstanceGroup: what nodeup starts kube-apiserver and the kubelets with (kops nodeup/pkg/model/kube_apiserver.go,
// kubelet.go, pkg/model/components/kubelet.go).

import { asRecord, asString, asText, scalarText, type UnknownRecord } from '../../../json.ts';
import type { Problem } from '../../../policy/reading.ts';
import type { KubeletSettingName } from '../../../policy/settings.ts';
import type { Subject } from '../../../policy/subject.ts';
import { minorOf } from '../../argv/flags.ts';
import type { Word } from '../../argv/words.ts';
import { declaredApiServer, declaredKubelet, notDeclared } from '../../declared/components.ts';
import { kubeletSettingNames } from '../../readings.ts';
import {
  inDocument,
  unreadableConfiguredApiServer,
  unreadableConfiguredKubelet,
  type ConfigurationPlace,
} from '../configuration.ts';
import type { FoundObject, Input } from '../input.ts';

const SRV = '/srv/kubernetes';
/** Before this minor version, kops gave kube-apiserver the pair only if kubelets rejected anonymous requests. */
const ALWAYS_PAIR = 20;

/** The fields of kops' kubelet specification that the user decides. kops sets the client CA file itself. */
const FIELDS = {
  anonymousAuth: { field: 'anonymousAuth', flag: 'anonymous-auth', own: 'false' },
  authorizationMode: { field: 'authorizationMode', flag: 'authorization-mode', own: 'Webhook' },
} as const satisfies Partial<Record<KubeletSettingName, object>>;

/** `Cluster` and `InstanceGroup` of kops. */
export const kops: Input = {
  name: 'kops `Cluster`, `InstanceGroup`',
  platform: 'kops',
  surfaces: ['declared-cluster'],
  matches: ({ apiVersion, kind }) =>
    asString(apiVersion)?.startsWith('kops.k8s.io/') === true && (kind === 'Cluster' || kind === 'InstanceGroup'),
  read: (found) => {
    const spec = asRecord(found.object.spec);
    const subjects = found.object.kind === 'Cluster' ? clusterSubjects(spec, found) : groupSubjects(spec, found);
    return subjects.map((subject) => inDocument(subject, found.pointer));
  },
  unreadable: (found, problem) => {
    const kubelet = unreadableConfiguredKubelet(problem, placeOf(found));
    return found.object.kind === 'Cluster'
      ? [unreadableConfiguredApiServer(problem, placeOf(found)), kubelet]
      : [kubelet];
  },
};

function clusterSubjects(spec: UnknownRecord, found: FoundObject): Subject[] {
  const minor = minorOf(asText(spec.kubernetesVersion) ?? '');
  const place = placeOf(found);
  const workers: Part = { names: ['kubelet'], value: asRecord(spec.kubelet) };
  const subjects = [...apiServer(spec, minor, found), ...kubelet([workers], minor, place, found)];
  const name = Object.hasOwn(spec, 'masterKubelet') ? 'masterKubelet' : 'controlPlaneKubelet';
  if (!Object.hasOwn(spec, name)) return subjects;
  const controlPlane: Part = { names: [name], value: asRecord(spec[name]) };
  return [
    ...subjects,
    ...kubelet([workers, controlPlane], minor, { ...place, name: `${place.name}/control-plane` }, found),
  ];
}

/** The settings that an instance group leaves out come from its cluster, so they are not shown here. */
function groupSubjects(spec: UnknownRecord, found: FoundObject): Subject[] {
  if (spec.role === 'Bastion') return [];
  const value = asRecord(spec.kubelet);
  const subjects = kubelet([{ names: ['kubelet'], value }], undefined, placeOf(found), found);
  const left = kubeletSettingNames.filter((name) => name in FIELDS && !Object.hasOwn(value, name));
  return subjects.map((subject) => {
    const shown = Object.entries(subject).filter(([name]) => !left.some((one) => one === name));
    return Object.fromEntries(shown) as unknown as Subject;
  });
}

function apiServer(spec: UnknownRecord, minor: number | undefined, found: FoundObject): Subject[] {
  const pair = [
    { text: `--kubelet-client-certificate=${SRV}/kubelet-api.crt` },
    { text: `--kubelet-client-key=${SRV}/kubelet-api.key` },
  ];
  const authority = asText(asRecord(spec.kubeAPIServer).kubeletCertificateAuthority);
  const pointer = '/spec/kubeAPIServer/kubeletCertificateAuthority';
  const words: Word[] =
    authority === undefined ? pair : [...pair, { text: `--kubelet-certificate-authority=${authority}`, pointer }];
  const isCertain = minor === undefined || minor >= ALWAYS_PAIR || asRecord(spec.kubelet).anonymousAuth === false;
  const doubts: Problem[] = isCertain ? [] : [oldVersion()];
  return declaredApiServer(placeOf(found), { words, doubts, ...(minor !== undefined && { minor }) }, found.budget);
}

function oldVersion(): Problem {
  const message =
    'kops gives a kube-apiserver of this version the pair only if spec.kubelet.anonymousAuth is false; set it, or check the pod of kube-apiserver';
  return { code: 'not-visible', message, origin: { layer: 'file', pointer: '/spec/kubernetesVersion' } };
}

/** A kubelet specification in the object. */
interface Part {
  /** The way to it below `spec`. */
  readonly names: readonly string[];
  readonly value: UnknownRecord;
}

/** The kubelet of several specifications, each overriding those before it. */
function kubelet(
  parts: readonly Part[],
  minor: number | undefined,
  place: ConfigurationPlace,
  { budget }: FoundObject,
): Subject[] {
  const words: Word[] = [
    { text: `--client-ca-file=${SRV}/ca.crt` },
    { text: '--kubeconfig=/var/lib/kubelet/kubeconfig' },
  ];
  for (const { field, flag, own } of Object.values(FIELDS)) {
    const part = parts.findLast(
      ({ value }) => value[field] !== undefined && value[field] !== null && value[field] !== '',
    );
    const text = `--${flag}=${part ? (scalarText(part.value[field]) ?? '') : own}`;
    words.push(part ? { text, pointer: `/spec/${[...part.names, field].join('/')}` } : { text });
  }
  const files = { files: [], missing: notDeclared };
  return declaredKubelet(place, { words, ...files, ...(minor !== undefined && { minor }) }, budget);
}

function placeOf({ object, source, vantage }: FoundObject): ConfigurationPlace {
  const kind = asText(object.kind) ?? '';
  const name = asText(asRecord(object.metadata).name) ?? kind;
  return { name, kind: `kops ${kind}`, source, vantage, surface: 'declared-cluster' };
}
