// Why kubeadm cannot decode one of its documents. Then it does nothing at all.

import { asRecord, asString } from '../../json.ts';
import type { Origin } from '../../policy/reading.ts';
import type { Refusal } from '../../policy/subject.ts';
import { findMismatch, findMismatchIn, rootType, type Mismatch } from '../decoding/decode.ts';
import { pointerOf, valueAt } from '../values/shape.ts';
import type { ParsedDocument } from '../yaml/documents.ts';
import { kubeadmVersion, type KubeadmVersion } from './versions.ts';

/** The parts of a document that decide how kubeadm reads it. */
export type Decoded = Pick<ParsedDocument, 'value' | 'syntax' | 'attempts'>;

const ARGUMENTS = 'map[string]string';
/** Types of the fields that decide something, in versions whose Go types are not in the data. */
const FIELDS: readonly (readonly [field: string, type: string])[] = [
  ['certificatesDir', 'string'],
  ['kubernetesVersion', 'string'],
  ['imageRepository', 'string'],
  ['clusterName', 'string'],
  ['controlPlaneEndpoint', 'string'],
  ['featureGates', 'map[string]bool'],
  ['controllerManagerExtraArgs', ARGUMENTS],
  ['schedulerExtraArgs', ARGUMENTS],
  ['controllerManager.extraArgs', ARGUMENTS],
  ['scheduler.extraArgs', ARGUMENTS],
  ['etcd.local.extraArgs', ARGUMENTS],
  ['nodeRegistration.name', 'string'],
  ['nodeRegistration.criSocket', 'string'],
];

/** Why kubeadm rejects a document of its API; undefined if it decodes it. */
export function decodingFault(document: Decoded): Refusal | undefined {
  const { apiVersion: version, kind } = asRecord(document.value);
  const apiVersion = asString(version) ?? '';
  const origin: Origin = { layer: 'file', pointer: '/apiVersion' };
  if (document.syntax === 'broken-json') return { reason: 'it begins with a brace and is no JSON', origin };
  const type = rootType(apiVersion, asString(kind) ?? '');
  if (type !== undefined) return refusalOf(findMismatchIn(type, document));
  const known = kubeadmVersion(document.value);
  if (known?.arguments !== 'map')
    return { reason: `kubeadm knows no ${asString(kind) ?? 'document'} of ${apiVersion}`, origin };
  return refusalOf(mismatchIn(document.value, known));
}

function mismatchIn(value: unknown, { apiServerArguments, kubeletArguments }: KubeadmVersion): Mismatch | undefined {
  const fields = FIELDS.map(([field, type]) => [field.split('.'), type] as const);
  const all = [[apiServerArguments, ARGUMENTS] as const, [kubeletArguments ?? [], ARGUMENTS] as const, ...fields];
  for (const [names, type] of all) {
    const entry = names.length === 0 ? undefined : valueAt(value, names);
    const found = entry === undefined ? undefined : findMismatch(type, entry, {}, pointerOf(names));
    if (found) return found;
  }
  return undefined;
}

function refusalOf(found: Mismatch | undefined): Refusal | undefined {
  if (found === undefined) return undefined;
  const { pointer, reason } = found;
  const quote = reason.endsWith('type string') && !/array|object/.test(reason) ? '; put the value in quotes' : '';
  return {
    reason: `kubeadm cannot decode it: ${reason} (${pointer})${quote}`,
    origin: { layer: 'file', pointer },
  };
}
