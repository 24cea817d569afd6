// Files of the folder of kubeadm's --patches: what they change of what kubeadm makes by itself. What they do not change is
// no finding: kubeadm decides it.

import { asRecord, asRecords, asText } from '../../../json.ts';
import type { Origin, Reading } from '../../../policy/reading.ts';
import { KUBELET_SETTINGS, type KubeletSettingName } from '../../../policy/settings.ts';
import type { ApiServer, Kubelet, Subject } from '../../../policy/subject.ts';
import { basename } from '../../argv/words.ts';
import type { Budget } from '../../budget.ts';
import { fieldType } from '../../decoding/decode.ts';
import { kubeadmKubelet } from '../../kubeadm/kubelet.ts';
import { patchedApiServer } from '../../kubeadm/manifest.ts';
import { patchName, type PatchName } from '../../kubeadm/patches.ts';
import { apiServerSettingNames } from '../../readings.ts';
import { decodedDocument, parseStream, type ParsedDocument } from '../../yaml/documents.ts';
import { withOrigins, type ConfigurationPlace } from '../configuration.ts';
import type { FoundText, TextInput } from '../text/text-input.ts';

/** A patch of kube-apiserver or of the KubeletConfiguration. */
export const kubeadmPatch: TextInput = {
  name: 'patches of kubeadm (`kube-apiserver*.yaml`, `kubeletconfiguration*.json`, …)',
  surfaces: ['kubeadm-config'],
  matches: ({ path, text, budget }) => {
    const name = patchName(path);
    return name !== undefined && isOurs(name) && isPatch(name, text, budget);
  },
  read: (found) => ({
    subjects: read(found).map((subject) => withOrigins({ ...subject, platform: 'kubeadm' }, withoutFile)),
    problems: [],
  }),
};

const CLUSTER = {
  document: decodedDocument({ apiVersion: 'kubeadm.k8s.io/v1beta4', kind: 'ClusterConfiguration' }),
  pointer: '',
} as const;

function isOurs({ target }: PatchName): boolean {
  return target === 'kube-apiserver' || target === 'kubeletconfiguration';
}

/** A file of such a name can also be a whole manifest or configuration. */
function isPatch({ explicit, suffix, target }: PatchName, text: string, budget: Budget): boolean {
  if (explicit) return true;
  const documents = parseStream(text, budget);
  return documents.every((document) => {
    if ('problem' in document) return suffix !== '';
    return target === 'kube-apiserver' ? isPodPatch(document) : isKubeletPatch(document, suffix);
  });
}

function isPodPatch({ value }: ParsedDocument): boolean {
  const object = asRecord(value);
  const { kind, metadata, spec } = object;
  if (kind === undefined)
    return Object.keys(object).every(
      (name) => ['apiVersion', 'metadata', 'spec'].includes(name) || name.startsWith('$'),
    );
  const containers = asRecords(asRecord(spec).containers);
  const isWhole =
    asText(asRecord(metadata).name) !== undefined &&
    containers.length > 0 &&
    containers.every(({ image }) => asText(image) !== undefined);
  return kind === 'Pod' && !isWhole;
}

function isKubeletPatch({ value }: ParsedDocument, suffix: string): boolean {
  const object = asRecord(value);
  if (object.kind !== undefined) return object.kind === 'KubeletConfiguration' && suffix !== '';
  return Object.keys(object).every(
    (name) => name.startsWith('$') || fieldType('KubeletConfiguration', [name]) !== undefined,
  );
}

function read({ path, text, source, vantage, budget }: FoundText): Subject[] {
  const name = basename(path);
  const place: ConfigurationPlace = { name, kind: 'kubeadm patch', source, vantage, surface: 'kubeadm-config' };
  const patches = [{ path, content: { text }, pointer: '' }];
  if (patchName(path)?.target === 'kube-apiserver')
    return patchedApiServer({ cluster: CLUSTER, patches }, place, budget).filter(
      (subject) => subject.component === 'kubelet' || isTouched(subject),
    );
  return kubeadmKubelet({ cluster: CLUSTER, patches }, place, budget).flatMap((subject): Subject[] =>
    subject.component === 'kubelet' ? touchedKubelet(subject) : [subject],
  );
}

/** The patch is the file that is checked, so that its lines need no name. */
function withoutFile({ file: _, ...origin }: Origin): Origin {
  return origin;
}

function isTouched(subject: ApiServer): boolean {
  if (subject.refusal || subject.doubts.length > 0) return true;
  return apiServerSettingNames.some((name) => {
    const reading: Reading<string> = subject[name];
    if (changes(reading)) return true;
    // kubeadm sets the pair, and mounts it
    if (reading.state !== 'set') return name !== 'kubeletCertificateAuthority';
    return subject.view(reading.value) !== 'visible';
  });
}

/** The kubelet with what a patch decides. */
function touchedKubelet(subject: Kubelet): Kubelet[] {
  if (subject.refusal || subject.doubts.length > 0) return [subject];
  const names = Object.keys(KUBELET_SETTINGS) as KubeletSettingName[];
  const untouched = new Set<string>(
    names.filter((name) => {
      const reading = subject[name];
      return reading === undefined || (reading.state === 'set' && !changes(reading));
    }),
  );
  if (untouched.size === names.length) return [];
  return [Object.fromEntries(Object.entries(subject).filter(([name]) => !untouched.has(name))) as unknown as Kubelet];
}

function changes(reading: Reading<unknown>): boolean {
  const origin: Origin | undefined = reading.state === 'unreadable' ? reading.problem.origin : reading.origin;
  return reading.state === 'unreadable' || origin?.file !== undefined;
}
