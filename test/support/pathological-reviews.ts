// Expensive reviews, as an API server would send them. The result of each object is fail or unknown.

import { review } from './admission.ts';
import { PATHOLOGICAL, type Pathological } from './pathological.ts';
import { count, repeat, TEXTS } from './pathological-texts.ts';

const KI = 1024;
/** The largest object that etcd stores, less some overhead. */
const LARGEST = 1536 * KI - 4 * KI;
/** The limits of an API server for a ConfigMap's data and for annotations. */
const [MOST_DATA, MOST_ANNOTATIONS] = [1024 * KI - 100, 256 * KI - 100];
/** A character that takes six bytes in a review. */
const ESCAPED = '<';

/** Objects of a kind with about this many characters, and with other content. */
export interface PathologicalReview {
  readonly name: string;
  /** A CREATE of an object of about this many bytes. */
  readonly created: (size: number) => string;
  /** An UPDATE from one object of the maximum size to another. */
  readonly updated: () => string;
  /** The same with 64 KiB of expensive content in each, and the rest escapes. */
  readonly escaped: () => string;
}

/** JSON as Go writes it. */
function asGo(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e')
    .replaceAll('&', '\\u0026')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

const RESOURCES: Readonly<Record<string, { readonly group: string; readonly resource: string }>> = {
  Pod: { group: '', resource: 'pods' },
  ConfigMap: { group: '', resource: 'configmaps' },
  Deployment: { group: 'apps', resource: 'deployments' },
};

interface Made {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

function sent(object: Made, oldObject?: Made): string {
  const { group = '', resource = '' } = RESOURCES[object.kind] ?? {};
  const operation = oldObject === undefined ? 'CREATE' : 'UPDATE';
  const kind = { group, version: 'v1', kind: object.kind };
  const named = { name: object.metadata.name, kind, resource: { group, version: 'v1', resource } };
  return asGo(review({ ...named, operation, object, oldObject: oldObject ?? null }));
}

interface Beside {
  readonly generation?: number;
  readonly annotations?: object;
}

function metadataOf(name: string, beside: Beside) {
  return { name, namespace: 'kube-system', ...beside };
}

const BAD = { name: 'bad', command: ['kube-apiserver', '--kubelet-client-key='] };

function ofPod({ name, containers }: Pathological): PathologicalReview {
  // some start no component
  const specOf = (size: number) => ({ containers: [...containers(size), BAD] });
  const pod = (size: number) => ({
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: metadataOf('p', {}) },
    spec: specOf(size),
  });
  const deployment = (size: number, beside: Beside) => ({
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: metadataOf('d', beside) },
    spec: {
      replicas: beside.generation,
      template: { metadata: { labels: { of: String(beside.generation) } }, spec: specOf(size) },
    },
  });
  const filler = { annotations: { a: ESCAPED.repeat(LARGEST - 64 * KI) } };
  return {
    name,
    created: (size) => sent(pod(size)),
    updated: () => sent(deployment(LARGEST, { generation: 2 }), deployment(LARGEST, { generation: 1 })),
    escaped: () =>
      sent(deployment(64 * KI, { generation: 2, ...filler }), deployment(64 * KI, { generation: 1, ...filler })),
  };
}

function ofText(name: string, make: (size: number) => string): PathologicalReview {
  const map = (size: number, more: object, beside: Beside) => ({
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: metadataOf('kubelet-config', beside) },
    data: { kubelet: make(size), ...more },
  });
  const more = { other: ESCAPED.repeat(MOST_DATA - 64 * KI) };
  const annotations = { a: ESCAPED.repeat(MOST_ANNOTATIONS) };
  return {
    name: `kubelet-config: ${name}`,
    created: (size) => sent(map(size, {}, {})),
    updated: () => sent(map(MOST_DATA, {}, { annotations }), map(MOST_DATA, { x: '' }, { annotations })),
    escaped: () => sent(map(64 * KI, more, { annotations }), map(64 * KI, { ...more, x: '' }, { annotations })),
  };
}

/** The parts of a pod other than its containers. */
function ofRest(
  name: string,
  rest: (size: number) => { readonly metadata?: object; readonly spec?: object },
): PathologicalReview {
  const pod = (size: number, generation: number) => {
    const { metadata, spec } = rest(size);
    return {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...metadataOf('d', { generation }), ...metadata } },
      spec: {
        replicas: generation,
        template: { metadata: { name: `t${generation}`, ...metadata }, spec: { ...spec, containers: [BAD] } },
      },
    };
  };
  const escapes = (size: number) => ({ [ESCAPED]: ESCAPED.repeat(size) });
  const both = (generation: number) => {
    const object = pod(64 * KI, generation);
    return { ...object, status: escapes(LARGEST - 64 * KI) };
  };
  return {
    name: `beside containers: ${name}`,
    created: (size) => sent(pod(size / 2, 1)),
    updated: () => sent(pod(LARGEST / 2, 2), pod(LARGEST / 2, 1)),
    escaped: () => sent(both(2), both(1)),
  };
}

function many(size: number, length: number, make: (index: number) => readonly [string, unknown]): object {
  return Object.fromEntries(Array.from({ length: Math.floor(size / length) }, (_, index) => make(index)));
}

function nested(size: number, wrap: (inner: unknown) => unknown, length: number): unknown {
  let value: unknown = 'a';
  // JSON.stringify cannot write deeper values
  for (let level = 0; level < Math.min(size / length, 5000); level += 1) value = wrap(value);
  return value;
}

const RESTS: readonly PathologicalReview[] = [
  ofRest('labels', (size) => ({ metadata: { labels: many(size, 20, (index) => [`label${index}`, 'x']) } })),
  ofRest('annotations', (size) => ({ metadata: { annotations: many(size, 20, (index) => [`a${index}`, 'x']) } })),
  ofRest('a long annotation', (size) => ({ metadata: { annotations: { a: 'x'.repeat(size) } } })),
  ofRest('a long key', (size) => ({ metadata: { labels: { ['k'.repeat(size)]: 'x' } } })),
  ofRest('escapes', (size) => ({ metadata: { annotations: { a: ESCAPED.repeat(size) } } })),
  ofRest('control characters', (size) => ({ metadata: { annotations: { a: '\u0001'.repeat(size) } } })),
  ofRest('line separators', (size) => ({ metadata: { annotations: { a: '\u2028'.repeat(size) } } })),
  ofRest('quotes', (size) => ({ metadata: { annotations: { a: '"'.repeat(size) } } })),
  ofRest('backslashes', (size) => ({ metadata: { annotations: { a: '\\'.repeat(size) } } })),
  ofRest('characters of four bytes', (size) => ({ metadata: { annotations: { a: '\u{1F600}'.repeat(size / 4) } } })),
  ofRest('lists in lists', (size) => ({ spec: { x: nested(size, (inner) => [inner], 2) } })),
  ofRest('objects in objects', (size) => ({ spec: { x: nested(size, (inner) => ({ a: inner }), 6) } })),
  ofRest('numbers', (size) => ({ spec: { x: Array.from({ length: size / 4 }, () => 1.5) } })),
  ofRest('empty lists', (size) => ({ spec: { x: Array.from({ length: size / 3 }, () => []) } })),
  ofRest('objects of one key', (size) => ({ spec: { x: Array.from({ length: size / 8 }, () => ({ a: 1 })) } })),
  ofRest('objects of other keys', (size) => ({
    spec: { x: Array.from({ length: size / 16 }, (_, index) => ({ [`a${index}`]: 1 })) },
  })),
  ofRest('keys that are numbers', (size) => ({ spec: { x: many(size, 10, (index) => [String(index * 1000), 1]) } })),
  ofRest('volumes', (size) => ({
    spec: { volumes: Array.from({ length: size / 40 }, (_, i) => ({ name: `v${i}`, hostPath: {} })) },
  })),
  ofRest('a review in a review', (size) => ({
    spec: { x: JSON.stringify({ kind: 'AdmissionReview', request: { object: 'x'.repeat(size / 2) } }), y: review() },
  })),
  ofRest('init containers', (size) => ({
    spec: { initContainers: Array.from({ length: size / 50 }, () => ({ command: ['sh', '-c', 'a; b'] })) },
  })),
];

/** All expensive reviews: pods, texts of ConfigMaps, and other parts of objects. */
export const PATHOLOGICAL_REVIEWS: readonly PathologicalReview[] = [
  ...PATHOLOGICAL.map(ofPod),
  ...Object.entries(TEXTS).map(([name, make]) => ofText(name, make)),
  ofText('a port range of blanks', repeat('a: x\nserviceNodePortRange: "', ' ', 'x"')),
  ofText(
    'sequences in one line',
    count('a: ', (index) => (index % 2 ? ']' : '[a, b')),
  ),
  ...RESTS,
];
