// Objects whose writes the API server must send to the webhook, and changes of an existing pod.

import fc from 'fast-check';
import type { KubeObject } from './api.ts';
import { pod, type Container, type Pod } from './samples.ts';

/** Ways to start a component. A search for its name does not find all of them. */
export const LAUNCHES: Readonly<Record<string, Partial<Container>>> = {
  'by its command': { command: ['/usr/local/bin/kube-apiserver', '--v=2'] },
  'by its arguments': { args: ['/go-runner', '/usr/local/bin/kube-apiserver'] },
  'by a shell': { command: ['sh', '-c', 'sleep 1; exec kube-apiserver --v=2'] },
  'by a shell that joins parts of the name': { command: ['sh', '-c', 'exec kube-api""server --etcd-servers=x'] },
  'by a shell with a backslash': { command: ['sh', '-c', String.raw`exec kube\-apiserver --etcd-servers=x`] },
  'by a shell with quotes': { command: ['sh', '-c', "exec kube-api'server' --etcd-servers=x"] },
  'by variables': {
    command: ['$(A)$(B)'],
    env: [
      { name: 'A', value: 'kube-api' },
      { name: 'B', value: 'server' },
    ],
  },
  'by a variable and its name': { command: ['$(A)kube-apiserver'], env: [{ name: 'A', value: '/bin/' }] },
  'by flags from a variable': { args: ['$(E)etcd-servers=x', '--allow-privileged'], env: [{ name: 'E', value: '--' }] },
  'by its flags alone': { args: ['--etcd-servers=http://127.0.0.1:2379', '--allow-privileged'] },
  'by its image': { image: 'registry.k8s.io/kube-apiserver:v1.37.0', args: ['--v=2'] },
  'by its name': { name: 'kube-apiserver', args: ['--v=2'] },
  'in hyperkube': { command: ['hyperkube', 'apiserver'] },
  'in k3s': { command: ['k3s', 'server'] },
  'as a kubelet': { command: ['kubelet', '--client-ca-file='] },
  'as none of them': { command: ['coredns', '-conf', '/etc/coredns/Corefile'] },
};

type Template = Pick<Pod, 'spec'> & { readonly metadata: { readonly labels: object } };

const labels = { app: 'e2e' };
const KINDS: readonly (readonly [kind: string, apiVersion: string, of: (template: Template) => object])[] = [
  ['Deployment', 'apps/v1', (template) => ({ spec: { selector: { matchLabels: labels }, template } })],
  [
    'StatefulSet',
    'apps/v1',
    (template) => ({ spec: { selector: { matchLabels: labels }, serviceName: 'e', template } }),
  ],
  ['DaemonSet', 'apps/v1', (template) => ({ spec: { selector: { matchLabels: labels }, template } })],
  ['ReplicaSet', 'apps/v1', (template) => ({ spec: { selector: { matchLabels: labels }, template } })],
  ['ReplicationController', 'v1', (template) => ({ spec: { selector: labels, template } })],
  ['PodTemplate', 'v1', (template) => ({ template })],
  ['Job', 'batch/v1', (template) => ({ spec: { template: ending(template) } })],
  [
    'CronJob',
    'batch/v1',
    (template) => ({ spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template: ending(template) } } } }),
  ],
];

function ending({ metadata, spec }: Template): object {
  return { metadata, spec: { ...spec, restartPolicy: 'Never' } };
}

/** A pod and a workload of each kind with it, all with one name. */
export function writesOf(name: string, container: Partial<Container>): readonly KubeObject[] {
  const plain = pod(name, container);
  const template = { metadata: { labels }, spec: plain.spec };
  const workloads = KINDS.map(([kind, apiVersion, of]) => {
    return { apiVersion, kind, metadata: plain.metadata, ...of(template) };
  });
  return [plain, ...workloads];
}

/** A change of an existing pod. */
export interface PodChange {
  readonly to: '' | '/ephemeralcontainers' | '/status';
  readonly change: (pod: Pod) => object;
}

const image = fc.constantFrom('registry.k8s.io/kube-apiserver:v1.37.0', 'registry.example/main:v2');
const launch = fc.constantFrom(...Object.values(LAUNCHES));

function withLabels(pod: Pod, added: object): object {
  return { ...pod, metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, ...added } } };
}

const podChange: fc.Arbitrary<PodChange> = fc.oneof(
  image.map((name): PodChange => {
    return {
      to: '',
      change: (pod) => ({ ...pod, spec: { ...pod.spec, containers: [{ ...pod.spec.containers[0], image: name }] } }),
    };
  }),
  fc.constantFrom('kube-apiserver', 'x').map((component): PodChange => {
    return { to: '', change: (pod) => withLabels(pod, { component }) };
  }),
  fc.constant<PodChange>({
    to: '',
    change: (pod) => ({ ...pod, metadata: { ...pod.metadata, annotations: { note: 'kube-apiserver' } } }),
  }),
  fc.constant<PodChange>({ to: '', change: (pod) => pod }),
  fc.constant<PodChange>({
    to: '',
    change: (pod) => ({ ...pod, spec: { ...pod.spec, tolerations: [{ key: 'e2e', operator: 'Exists' }] } }),
  }),
  launch.map((fields): PodChange => {
    const container = { image: 'registry.example/main:v1', ...fields, name: 'debugger' };
    return {
      to: '/ephemeralcontainers',
      change: (pod) => ({ ...pod, spec: { ...pod.spec, ephemeralContainers: [container] } }),
    };
  }),
  fc.constant<PodChange>({ to: '/status', change: (pod) => ({ ...pod, status: { phase: 'Running' } }) }),
);

/** Generated pods, each with a change; the same ones in each run. */
export function podChanges(
  count: number,
): readonly { readonly container: Partial<Container>; readonly change: PodChange }[] {
  const container = fc.oneof(launch, fc.constant({ args: ['--v=2'] }));
  return fc.sample(fc.record({ container, change: podChange }), { numRuns: count, seed: 20261127 });
}
