// Edge cases of runners, wrappers, images and whole pods, rows 43-57.

import {
  BOTH,
  CERTIFICATE,
  configMap,
  KEY,
  NO_FINDING,
  pod,
  podText,
  PASS,
  text,
  workload,
  type Row,
  type Verdict,
} from './show.ts';

const C = `${CERTIFICATE}=/c`;
const KEY_EMPTY = [`fail empty ${KEY}`];
const KEY_MISSING = [`fail missing ${KEY}`];
const BOTH_MISSING = [`fail missing ${CERTIFICATE} missing ${KEY}`];

/** OpenShift's configuration as its operator writes it. */
function openShift(args: Readonly<Record<string, unknown>>): Verdict {
  const config = {
    apiVersion: 'kubecontrolplane.config.openshift.io/v1',
    kind: 'KubeAPIServerConfig',
    apiServerArguments: args,
  };
  return text(configMap('config-7', 'config.yaml', JSON.stringify(config), 'openshift-kube-apiserver'));
}

const OPENSHIFT = [
  'exec watch-termination --termination-touch-file=/t --graceful-termination-duration=15s --',
  'hyperkube kube-apiserver --openshift-config=/etc/kubernetes/config.yaml --advertise-address=${HOST_IP} -v=2',
].join(' ');

const HOST_IP = ['env:', '- {name: HOST_IP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}'];

/** A pod of several containers, each with its command. */
function pods(
  metadata: string,
  ...containers: readonly (readonly [name: string, command: readonly string[]])[]
): Verdict {
  const lines = containers.map(
    ([name, command]) => `  - {name: ${name}, image: x, command: ${JSON.stringify(command)}}`,
  );
  return text(`apiVersion: v1\nkind: Pod\nmetadata: ${metadata}\nspec:\n  containers:\n${lines.join('\n')}\n`);
}

const LABELLED = '{name: x, namespace: kube-system, labels: {component: kube-apiserver}}';

const UNLABELLED = '{name: api, namespace: team-a}';

/** Rows 43-57. */
export const rows: readonly Row[] = [
  {
    row: 43,
    title: 'go-runner over command and args',
    show: () =>
      pod(
        ['/go-runner', '--log-file=/var/log/kube-apiserver.log', '--also-stdout'],
        [`args: ${JSON.stringify(['/usr/local/bin/kube-apiserver', ...BOTH])}`],
      ),
    expected: PASS,
  },
  {
    row: 43,
    title: "go-runner's own flags are not kube-apiserver's",
    show: () => pod(['/go-runner', '-log-file', '/l', '-redirect-stderr', 'kube-apiserver', C]),
    expected: KEY_MISSING,
  },
  {
    row: 44,
    title: "args that begin with kube-apiserver, for the upstream image's go-runner",
    show: () => pod([], [`args: ${JSON.stringify(['kube-apiserver', ...BOTH])}`]),
    expected: PASS,
  },
  {
    row: 44,
    title: 'the same without the key',
    show: () => pod([], [`args: [kube-apiserver, ${C}]`]),
    expected: KEY_MISSING,
  },
  {
    row: 45,
    title: "only flags, for the upstream image's go-runner",
    show: () => pod([], [`args: ${JSON.stringify(BOTH)}`]),
    expected: ['fail would-not-start kube-apiserver'],
  },
  {
    row: 45,
    title: 'only flags, for an image with an unknown entrypoint',
    show: () => pod([], ['image: example.com/kube-apiserver:v1.37.2', `args: ${JSON.stringify(BOTH)}`]),
    expected: ['unknown not-visible'],
  },
  {
    row: 45,
    title: 'only flags, without the key',
    show: () => pod([], ['image: example.com/kube-apiserver:v1.37.2', `args: ["${C}"]`]),
    expected: KEY_MISSING,
  },
  ...[
    'hyperkube kube-apiserver',
    'hyperkube apiserver',
    '/usr/local/bin/kube-apiserver',
    'C:\\k\\kube-apiserver.exe',
  ].map((program) => ({
    row: 46,
    title: `\`${program}\``,
    show: () => pod([...program.split(' '), C]),
    expected: KEY_MISSING,
  })),
  {
    row: 47,
    title: "OpenShift's pod reads its flags from a file",
    show: () => pod(['/bin/bash', '-ec'], [`args: ${JSON.stringify([OPENSHIFT])}`, ...HOST_IP]),
    expected: ['unknown not-visible'],
  },
  {
    row: 47,
    title: "OpenShift's ConfigMap contains the flags",
    show: () => openShift({ 'kubelet-client-certificate': ['/c'], 'kubelet-client-key': ['/old', '/k'] }),
    expected: PASS,
    effective: '/k',
  },
  {
    row: 48,
    title: 'an empty list sets no flag',
    show: () => openShift({ 'kubelet-client-certificate': ['/c'], 'kubelet-client-key': [] }),
    expected: ['fail missing --kubelet-client-key'],
  },
  {
    row: 48,
    title: 'a list with an empty word last',
    show: () => openShift({ 'kubelet-client-certificate': ['/c'], 'kubelet-client-key': ['/k', ''] }),
    expected: KEY_EMPTY,
  },
  {
    row: 48,
    title: 'only one of the lists',
    show: () => openShift({ 'kubelet-client-key': ['/k'] }),
    expected: [`fail missing ${CERTIFICATE}`],
  },
  ...[
    'tini -s --',
    'dumb-init --',
    'env -i A=b',
    'nice -n -5',
    'timeout -k 5 10',
    'strace -f -o /t',
    '/bin/sh -c exec\u00a0"$@" --',
  ].map((wrapper) => ({
    row: 49,
    title: `through \`${wrapper.replace('\u00a0', ' ')}\``,
    show: () => pod([...wrapper.split(' ').map((word) => word.replace('\u00a0', ' ')), 'kube-apiserver', ...BOTH]),
    expected: PASS,
  })),
  {
    row: 49,
    title: 'through an unknown wrapper',
    show: () => pod(['/opt/launch', '/usr/local/bin/kube-apiserver', ...BOTH]),
    expected: ['unknown unknown-wrapper'],
  },
  {
    row: 50,
    title: 'a sidecar that only has the name of kube-apiserver',
    show: () =>
      pods(LABELLED, ['kube-apiserver-healthcheck', ['/kops-utils/health', C]], ['main', ['kube-apiserver', ...BOTH]]),
    expected: PASS,
  },
  {
    row: 51,
    title: 'the label of kube-apiserver, without a container that runs it',
    show: () => pods(LABELLED, ['kube-apiserver', ['sleep', 'infinity']]),
    expected: ['unknown ambiguous'],
  },
  {
    row: 52,
    title: 'no label, another name and namespace',
    show: () => pods(UNLABELLED, ['web', ['kube-apiserver', C]]),
    expected: KEY_MISSING,
  },
  {
    row: 53,
    title: 'three control planes, one of them bad',
    show: () => {
      const [good, bad] = [podText(['kube-apiserver', ...BOTH]), podText(['kube-apiserver', C])];
      return text([good, bad, good].join('---\n'));
    },
    expected: ['pass', `fail missing ${KEY}`, 'pass'],
  },
  {
    row: 54,
    title: 'a kube-apiserver that never calls kubelets is checked like others',
    show: () => workload('Deployment', podText(['kube-apiserver', '--etcd-servers=https://etcd:2379'])),
    expected: BOTH_MISSING,
  },
  {
    row: 56,
    title: 'a k3s pod hides its kube-apiserver',
    show: () => pods('{name: server-0, namespace: vcluster}', ['server', ['/bin/k3s', 'server', '--disable=traefik']]),
    expected: ['unknown not-visible'],
  },
  {
    row: 57,
    title: '`__complete` completes words and does not serve',
    show: () => pods(UNLABELLED, ['web', ['kube-apiserver', '__complete', ...BOTH]]),
    expected: NO_FINDING,
  },
];
