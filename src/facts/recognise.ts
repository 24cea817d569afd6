// From a document to the subjects in it. Total: what is not understood is a problem, what is none of ours is nothing.

import type { Problem, Source, Subject, Surface, Vantage } from '../policy/types.ts';
import { configMapSubjects } from './config-maps.ts';
import {
  clusterConfiguration,
  kubeletConfiguration,
  openShiftConfiguration,
  type ConfigurationReader,
} from './configurations.ts';
import { findMismatchIn, rootType } from './decoding/decode.ts';
import { decodedDocument, type ParsedDocument } from './yaml/documents.ts';
import { answerSubject, configzReadings } from './live.ts';
import { isClusterConfiguration, kubeadmDirectory } from './kubeadm.ts';
import { isApiServerConfig } from './openshift.ts';
import { podSubjects } from './pods.ts';
import { select, type PathName, type Selected } from './select.ts';
import { asArray, asRecord, asString, asText, isRecord } from './values/shape.ts';

/** What a document holds. */
export interface Recognised {
  readonly subjects: readonly Subject[];
  readonly problems: readonly Problem[];
}

/** Where a document was found. */
interface Context {
  readonly source: Source;
  readonly vantage: Vantage;
  readonly kubeadmDirectory?: string;
}

const TEMPLATES: Readonly<Record<string, PathName>> = {
  Deployment: 'podTemplate',
  StatefulSet: 'podTemplate',
  DaemonSet: 'podTemplate',
  ReplicaSet: 'podTemplate',
  ReplicationController: 'podTemplate',
  Job: 'podTemplate',
  CronJob: 'jobTemplate',
  PodTemplate: 'bareTemplate',
};
const MIRROR = 'kubernetes.io/config.mirror';
const MAX_DEPTH = 8;

/**
 * Finds the subjects in one document.
 *
 * @param document a Kubernetes object, a list of them, a configuration, a `/configz` body or an AdmissionReview
 * @param context where it came from and how much it proves
 */
export function recognise(document: ParsedDocument, context: Context): Recognised {
  const { source } = context;
  const answered = 'via' in source ? answerSubject(document.value, source) : undefined;
  if (answered) return { subjects: [answered], problems: [] };
  const found: Found = { subjects: [], problems: [] };
  collect(document, '', context, 0, found);
  return found;
}

/**
 * Finds the subjects in the documents of one file. Documents can depend on each other: kubeadm fills in what a
 * KubeletConfiguration beside its own configuration leaves empty, and a kubelet reads the first document only.
 *
 * @returns for each document what it holds
 */
export function recogniseAll(
  documents: readonly ParsedDocument[],
  contextOf: (document: ParsedDocument) => Context,
): Recognised[] {
  const directory = kubeadmDirectory(documents.map(({ value }) => value));
  const [first] = documents;
  const ofKubelet =
    first?.index === 0 && readerOf(asRecord(first.value)) === kubeletConfiguration && directory === undefined;
  return documents.map((document) => {
    if (ofKubelet && document !== first && readerOf(asRecord(document.value)) === kubeletConfiguration)
      return { subjects: [], problems: [] };
    return recognise(document, {
      ...contextOf(document),
      ...(directory !== undefined && { kubeadmDirectory: directory }),
    });
  });
}

interface Found {
  readonly subjects: Subject[];
  readonly problems: Problem[];
}

function collect(document: ParsedDocument, pointer: string, context: Context, depth: number, found: Found): void {
  const { value } = document;
  if (!isRecord(value)) return;
  const { kind, apiVersion } = value;
  if (depth > MAX_DEPTH) {
    found.problems.push({
      code: 'malformed',
      message: 'lists are nested too deeply',
      origin: { layer: 'file', pointer },
    });
  } else if (typeof kind === 'string' && kind.endsWith('List') && Array.isArray(value.items)) {
    const items = select('items', value);
    for (const [index, item] of asArray(items.value).entries()) {
      const typed =
        isRecord(item) && item.kind === undefined && kind !== 'List'
          ? { apiVersion, kind: kind.slice(0, -4), ...item }
          : item;
      collect({ ...document, value: typed }, `${pointer}${items.pointer}/${String(index)}`, context, depth + 1, found);
    }
  } else if (kind === 'AdmissionReview') {
    const reviewed = select('admissionObject', value);
    collect(
      { ...decodedDocument(reviewed.value), index: document.index },
      `${pointer}${reviewed.pointer}`,
      context,
      depth + 1,
      found,
    );
  } else found.subjects.push(...subjectsOf(document, value, pointer, context));
}

function subjectsOf(
  document: ParsedDocument,
  value: Readonly<Record<string, unknown>>,
  pointer: string,
  context: Context,
): Subject[] {
  const kind = asString(value.kind) ?? '';
  const { source, vantage } = context;
  if (kind === 'Pod') {
    const labels = asRecord(asRecord(value.metadata).labels);
    return podsOf(document, value, { value: value.spec, pointer: '/spec' }, labels, pointer, context);
  }
  if (Object.hasOwn(TEMPLATES, kind)) {
    const template = select(TEMPLATES[kind] ?? 'podTemplate', value);
    const { metadata, spec } = asRecord(template.value);
    const labels = asRecord(asRecord(metadata).labels);
    return podsOf(document, value, { value: spec, pointer: `${template.pointer}/spec` }, labels, pointer, context);
  }
  if (kind === 'ConfigMap') return configMapSubjects(value, pointer, source, vantage);
  const reader = readerOf(value);
  if (reader) {
    const name = kind === '' ? 'KubeletConfiguration' : kind;
    return reader.read(document, { name, kind: name, surface: reader.surface, ...context });
  }
  return isRecord(value.kubeletconfig) ? configzSubjects(value, source) : [];
}

function readerOf(value: Readonly<Record<string, unknown>>): ConfigurationReader | undefined {
  const { kind, apiVersion } = value;
  const ofKubelet = asString(apiVersion)?.startsWith('kubelet.config.k8s.io/') === true;
  if (kind === 'KubeletConfiguration' || (ofKubelet && kind === undefined)) return kubeletConfiguration;
  if (isClusterConfiguration(value)) return clusterConfiguration;
  return isApiServerConfig(value) ? openShiftConfiguration : undefined;
}

/** The body of a kubelet's `/configz` in a file: its effective configuration after file, drop-ins and flags. */
function configzSubjects(value: Readonly<Record<string, unknown>>, source: Source): Subject[] {
  const { value: config } = select('kubeletconfig', value);
  const effective = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', ...asRecord(config) };
  const place = {
    name: 'configz',
    kind: 'configz',
    source,
    vantage: 'live',
    surface: kubeletConfiguration.surface,
  } as const;
  // What it leaves out of these two has no default: a real body always shows them.
  const { anonymousAuth, authorizationMode } = configzReadings(value);
  return kubeletConfiguration
    .read(decodedDocument(effective), place)
    .map((subject) => ({ ...subject, anonymousAuth, authorizationMode }));
}

function podsOf(
  document: ParsedDocument,
  object: Readonly<Record<string, unknown>>,
  spec: Selected,
  labels: Readonly<Record<string, unknown>>,
  pointer: string,
  { source, vantage }: Context,
): Subject[] {
  const kind = asString(object.kind) ?? '';
  const { name, generateName, namespace, annotations } = asRecord(object.metadata);
  const node = kind === 'Pod' ? asText(asRecord(spec.value).nodeName) : undefined;
  return podSubjects(asRecord(spec.value), {
    name: asString(name) ?? asString(generateName) ?? '',
    ...(typeof namespace === 'string' && { namespace }),
    kind,
    ...(node !== undefined && { node }),
    source,
    vantage,
    surface: kind === 'Pod' ? surfaceOf(asRecord(annotations)) : 'workload',
    pointer: `${pointer}${spec.pointer}`,
    labels,
    endsByItself: kind === 'Job' || kind === 'CronJob',
    doubts: document.syntax === 'decoded' ? [] : decodingDoubts(document, object, pointer),
  });
}

/** An API server or a kubelet refuses an object that it can not decode, and nothing of it takes effect. */
function decodingDoubts(
  document: ParsedDocument,
  object: Readonly<Record<string, unknown>>,
  pointer: string,
): Problem[] {
  const kind = asString(object.kind) ?? '';
  const type = rootType(asString(object.apiVersion) ?? '', kind);
  const found =
    type === undefined
      ? { pointer: '/apiVersion', reason: 'its apiVersion is not known' }
      : findMismatchIn(type, object === document.value ? document : { value: object });
  if (!found) return [];
  const message = `the ${kind} can not be decoded: ${found.reason} (${found.pointer}); mend it, then judge it again`;
  return [{ code: 'malformed', message, origin: { layer: 'file', pointer: `${pointer}${found.pointer}` } }];
}

function surfaceOf(annotations: Readonly<Record<string, unknown>>): Surface {
  return Object.hasOwn(annotations, MIRROR) ? 'mirror-pod' : 'pod';
}
