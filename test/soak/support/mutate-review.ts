// Changes to an AdmissionReview: to the text of a ConfigMap, to a pod's words, to any place of the JSON, to its bytes.

import { mutateText } from './mutate-text.ts';
import type { Random } from './random.ts';

type Json = Record<string, unknown>;

/** Documents whose parts are put into a review. */
export interface Pools {
  readonly kubelet: readonly string[];
  readonly kubeadm: readonly string[];
}

const WORDS = [
  ...[
    'kube-apiserver',
    '/usr/local/bin/kube-apiserver',
    'kubelet',
    'sh',
    '-c',
    'env',
    'exec',
    '--',
    'nice',
    'sleep',
    'go-runner',
  ],
  ...[
    '--kubelet-client-certificate=/c',
    '--kubelet-client-key=/k',
    '--kubelet-client-key=',
    '--kubelet-client-key',
    '/k',
  ],
  ...[
    '--kubelet-client-certificate',
    '--kubelet_client_key=/x',
    '--kubelet-client-key=$(A)',
    '$(A)',
    '$$(A)',
    '$(A',
    '',
  ],
  ...[
    'exec kube-apiserver --kubelet-client-certificate=/c --kubelet-client-key=/k',
    'kube-apiserver $@',
    '--v=2',
    '--v=x',
  ],
  ...[
    '--help',
    '--version',
    '-h',
    '--feature-gates=a=true',
    '--profiling=false',
    '--profiling',
    'false',
    '--log-file=/x',
    '-',
  ],
];
const VALUES: readonly unknown[] = [
  ...[
    null,
    '',
    'x',
    0,
    -1,
    1e308,
    true,
    false,
    [],
    {},
    [null],
    [[]],
    ['kube-apiserver'],
    { a: 1 },
    'kube-system',
    'v1',
  ],
  ...[
    '__proto__',
    'constructor',
    ' '.repeat(300),
    '\u0000',
    '\ud800',
    'kubelet-config',
    'kubeadm-config',
    'CREATE',
    'DELETE',
  ],
];

/** The body of a changed review. */
export function mutateReview(random: Random, review: string, pools: Pools): string {
  const body = JSON.parse(review) as Json;
  let text: string | undefined;
  for (let left = 1 + random.below(3); left > 0; left -= 1) {
    const kind = random.below(20);
    if (kind < 17) mutateObject(random, body, pools);
    else if (kind < 19) mutateJson(random, body);
    else text = JSON.stringify(body);
  }
  if (text === undefined) return JSON.stringify(body);
  for (let left = 1 + random.below(3); left > 0; left -= 1) text = mutateText(random, text, [review]);
  return text;
}

/** Changes the ConfigMap's text or the pod's arguments, in the old or the new object at random. */
function mutateObject(random: Random, body: Json, pools: Pools): void {
  const request = record(body.request);
  const object = record(request?.[random.oneIn(8) ? 'oldObject' : 'object']);
  const data = record(object?.data);
  if (data !== undefined) {
    for (const [key, pool] of [
      ['kubelet', pools.kubelet],
      ['ClusterConfiguration', pools.kubeadm],
    ] as const) {
      if (typeof data[key] === 'string') data[key] = mutateText(random, data[key], pool);
    }
    return;
  }
  const spec = record(object?.spec);
  if (spec !== undefined) mutatePod(random, spec);
}

function mutatePod(random: Random, spec: Json): void {
  const list = ['containers', 'initContainers', 'ephemeralContainers'].find((name) => Array.isArray(spec[name]));
  const containers = list === undefined ? [] : (spec[list] as unknown[]);
  const container = record(random.pick(containers.length === 0 ? [undefined] : containers));
  if (container === undefined) return;
  switch (random.below(10)) {
    case 0:
      container.image = random.pick([
        'registry.k8s.io/kube-apiserver:v1.37.2',
        'busybox',
        'a@sha256:0',
        '',
        'kube-apiserver',
      ]);
      return;
    case 1:
      container.env = [
        { name: 'A', value: random.pick(['', 'x', '/k', '--kubelet-client-key=', '$(A)', '$(B)', 'kube-']) },
      ];
      return;
    case 2:
      spec.initContainers = [{ ...container, name: 'init' }];
      return;
    case 3:
      [container.command, container.args] = [container.args, container.command];
      return;
    default: {
      const key = random.oneIn(2) ? 'command' : 'args';
      const words = Array.isArray(container[key]) ? [...(container[key] as unknown[])] : [];
      const at = random.below(words.length + 1);
      container[key] = words.toSpliced(at, random.below(2), ...(random.oneIn(3) ? [] : [random.pick(WORDS)]));
    }
  }
}

/** Removes, replaces, doubles or renames one value in the tree. */
function mutateJson(random: Random, root: Json): void {
  let place: Json | unknown[] = root;
  for (let depth = random.below(8); depth > 0; depth -= 1) {
    const below: unknown = Array.isArray(place) ? random.pick(place) : place[random.pick(Object.keys(place))];
    if (typeof below !== 'object' || below === null || Object.keys(below).length === 0) break;
    place = below as Json | unknown[];
  }
  const keys = Object.keys(place);
  const key = random.pick(keys.length === 0 ? ['x'] : keys);
  if (Array.isArray(place)) {
    if (random.oneIn(3)) place.splice(Number(key), 1);
    else place[Number(key) || 0] = structuredClone(random.pick(VALUES));
    return;
  }
  const value = place[key];
  if (random.oneIn(2)) Reflect.deleteProperty(place, key);
  if (random.oneIn(3)) place[random.pick([key.toUpperCase(), `${key} `, 'items', '__proto__x', 'metadata'])] = value;
  else if (random.oneIn(2)) place[key] = structuredClone(random.pick(VALUES));
}

function record(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}
