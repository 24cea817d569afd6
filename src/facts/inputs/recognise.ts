// From a document to the subjects in it. Total: what is not understood is a problem, what is none of ours is nothing.

import { asArray, asRecord, asString, asText, isRecord } from '../../json.ts';
import type { Problem, Source, Surface, Vantage } from '../../policy/reading.ts';
import type { Subject } from '../../policy/subject.ts';
import { problemOf, type Budget } from '../budget.ts';
import { configMapSubjects, unreadableConfigMap } from './config-maps.ts';
import {
  clusterConfiguration,
  kubeletConfiguration,
  openShiftConfiguration,
  type ConfigurationReader,
} from './configurations.ts';
import { findMismatchIn, rootType } from '../decoding/decode.ts';
import { decodedDocument, type ParsedDocument } from '../yaml/documents.ts';
import { alwaysShown, configzReadings } from './live.ts';
import { isClusterConfiguration, kubeadmDirectory } from '../api-server/kubeadm.ts';
import { isApiServerConfig } from '../api-server/openshift.ts';
import { podSubjects, unreadablePod, type PodPlace } from '../pod/pods.ts';
import { select, type PathName } from '../select.ts';

/** What a document holds. */
export interface Recognised {
  readonly subjects: readonly Subject[];
  readonly problems: readonly Problem[];
}

/** Where a document was found. */
interface Context {
  readonly source: Source;
  readonly vantage: Vantage;
  readonly budget: Budget;
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
  } else {
    try {
      found.subjects.push(...subjectsOf(document, value, pointer, context));
    } catch (cause) {
      unjudged(value, pointer, context, problemOf(cause), found);
    }
  }
}

/** What cannot be judged, by a limit or a bug of ours: subjects of which nothing could be read, where its kind tells which. */
function unjudged(
  value: Readonly<Record<string, unknown>>,
  pointer: string,
  context: Context,
  problem: Problem,
  found: Found,
): void {
  const reader = readerOf(value) ?? (isRecord(value.kubeletconfig) ? kubeletConfiguration : undefined);
  const pod = podIn(value, pointer, context);
  if (pod) found.subjects.push(...unreadablePod(problem, pod.place));
  else if (value.kind === 'ConfigMap') found.subjects.push(...unreadableConfigMap(value, pointer, context, problem));
  else if (reader) found.subjects.push(reader.unreadable(problem, placeOf(value, reader, context)));
  else found.problems.push(problem);
}

function subjectsOf(
  document: ParsedDocument,
  value: Readonly<Record<string, unknown>>,
  pointer: string,
  context: Context,
): Subject[] {
  const pod = podIn(value, pointer, context);
  if (pod) {
    const { spec, place } = pod;
    if (document.syntax === 'decoded') return podSubjects(spec, place, context.budget);
    return podSubjects(spec, { ...place, doubts: decodingDoubts(document, value, pointer) }, context.budget);
  }
  if (value.kind === 'ConfigMap') return configMapSubjects(value, pointer, context);
  const reader = readerOf(value);
  if (reader) return reader.read(document, placeOf(value, reader, context), context.budget);
  return isRecord(value.kubeletconfig) ? configzSubjects(value, context) : [];
}

function placeOf(value: Readonly<Record<string, unknown>>, { surface }: ConfigurationReader, context: Context) {
  const kind = asText(value.kind) ?? (isRecord(value.kubeletconfig) ? 'configz' : 'KubeletConfiguration');
  return { name: kind, kind, surface, ...context };
}

function readerOf(value: Readonly<Record<string, unknown>>): ConfigurationReader | undefined {
  const { kind, apiVersion } = value;
  const ofKubelet = asString(apiVersion)?.startsWith('kubelet.config.k8s.io/') === true;
  if (kind === 'KubeletConfiguration' || (ofKubelet && kind === undefined)) return kubeletConfiguration;
  if (isClusterConfiguration(value)) return clusterConfiguration;
  return isApiServerConfig(value) ? openShiftConfiguration : undefined;
}

/** The body of a kubelet's `/configz` in a file: its effective configuration after file, drop-ins and flags. */
function configzSubjects(value: Readonly<Record<string, unknown>>, { source, budget }: Context): Subject[] {
  const { value: config } = select('kubeletconfig', value);
  const effective = { apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', ...asRecord(config) };
  const place = {
    name: 'configz',
    kind: 'configz',
    source,
    vantage: 'live',
    surface: kubeletConfiguration.surface,
  } as const;
  // a real body always shows these, so that a default does not stand for them
  const shown = alwaysShown(configzReadings(value));
  return kubeletConfiguration
    .read(decodedDocument(effective), place, budget)
    .map((subject) => ({ ...subject, ...shown }));
}

interface PodIn {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly place: PodPlace;
}

/** The pod that an object is, or makes. */
function podIn(
  object: Readonly<Record<string, unknown>>,
  pointer: string,
  { source, vantage }: Context,
): PodIn | undefined {
  const kind = asString(object.kind) ?? '';
  const isPod = kind === 'Pod';
  if (!isPod && !Object.hasOwn(TEMPLATES, kind)) return undefined;
  const template = isPod ? { value: object, pointer: '' } : select(TEMPLATES[kind] ?? 'podTemplate', object);
  const spec = asRecord(asRecord(template.value).spec);
  const { name, generateName, namespace, annotations } = asRecord(object.metadata);
  const node = isPod ? asText(spec.nodeName) : undefined;
  const place: PodPlace = {
    name: asString(name) ?? asString(generateName) ?? '',
    ...(typeof namespace === 'string' && { namespace }),
    kind,
    ...(node !== undefined && { node }),
    source,
    vantage,
    surface: isPod ? surfaceOf(asRecord(annotations)) : 'workload',
    pointer: `${pointer}${template.pointer}/spec`,
    labels: asRecord(asRecord(asRecord(template.value).metadata).labels),
    endsByItself: kind === 'Job' || kind === 'CronJob',
    doubts: [],
  };
  return { spec, place };
}

/** An API server or a kubelet refuses an object that it cannot decode, and nothing of it takes effect. */
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
  const message = `the ${kind} cannot be decoded: ${found.reason} (${found.pointer}); mend it, then judge it again`;
  return [{ code: 'malformed', message, origin: { layer: 'file', pointer: `${pointer}${found.pointer}` } }];
}

function surfaceOf(annotations: Readonly<Record<string, unknown>>): Surface {
  return Object.hasOwn(annotations, MIRROR) ? 'mirror-pod' : 'pod';
}
