// Edge cases of pods, mirror pods and manifests, rows 58-72.

import { admit, BOTH, CERTIFICATE, KEY, NO_FINDING, podText, PASS, text, type Row } from './show.ts';

const KEY_MISSING = [`fail missing ${KEY}`];
const GOOD = podText(['kube-apiserver', ...BOTH]);
const BAD = podText(['kube-apiserver', `${CERTIFICATE}=/c`]);

const MIRROR = {
  'kubernetes.io/config.hash': '073c65df6d24735975',
  'kubernetes.io/config.mirror': '073c65df6d24735975',
  'kubernetes.io/config.seen': '2026-11-23T00:46:22Z',
};

/** The mirror of a static pod that has only the certificate. */
function mirror(source = 'file'): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'kube-apiserver-node-1',
      namespace: 'kube-system',
      annotations: { ...MIRROR, 'kubernetes.io/config.source': source },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: 'n', controller: true }],
    },
    spec: {
      nodeName: 'node-1',
      containers: [{ name: 'kube-apiserver', image: 'x', command: ['kube-apiserver', `${CERTIFICATE}=/c`] }],
    },
  };
}

const TEMPLATES: readonly (readonly [kind: string, apiVersion: string, path: string])[] = [
  ['Deployment', 'apps/v1', 'spec.template'],
  ['StatefulSet', 'apps/v1', 'spec.template'],
  ['DaemonSet', 'apps/v1', 'spec.template'],
  ['ReplicaSet', 'apps/v1', 'spec.template'],
  ['ReplicationController', 'v1', 'spec.template'],
  ['Job', 'batch/v1', 'spec.template'],
  ['CronJob', 'batch/v1', 'spec.jobTemplate.spec.template'],
  ['PodTemplate', 'v1', 'template'],
];

/** An object of a kind, with a pod that has only the certificate at the path of its template. */
function templated(kind: string, apiVersion: string, path: string): string {
  const spec = { containers: [{ name: 'a', image: 'x', command: ['kube-apiserver', `${CERTIFICATE}=/c`] }] };
  const nested = path.split('.').reduceRight<object>((inner, name) => ({ [name]: inner }), { spec });
  return JSON.stringify({ apiVersion, kind, metadata: { name: 'x', namespace: 'hosted' }, ...nested });
}

/** Rows 58-72. */
export const rows: readonly Row[] = [
  {
    row: 58,
    title: 'the mirror pod of a static pod without the key',
    show: () => admit({ operation: 'CREATE', resource: 'pods', object: mirror() }),
    expected: ['denied', ...KEY_MISSING],
  },
  {
    row: 58,
    title: 'the mirror pod as an AdmissionReview in a file',
    show: () =>
      text(
        JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { object: mirror() } }),
      ),
    expected: KEY_MISSING,
  },
  {
    row: 59,
    title: 'a forged mirror annotation exempts nothing',
    show: () => text(BAD.replace('namespace: kube-system', '$&, annotations: {kubernetes.io/config.mirror: forged}')),
    expected: KEY_MISSING,
  },
  {
    row: 60,
    title: 'an update of a bad mirror pod, whose command line cannot change',
    show: () => admit({ operation: 'UPDATE', resource: 'pods', object: mirror(), oldObject: mirror() }),
    expected: ['not checked'],
  },
  ...['status', 'eviction', 'ephemeralcontainers', 'resize'].map((subResource) => ({
    row: 61,
    title: `pods/${subResource}`,
    show: () => admit({ operation: 'CREATE', resource: 'pods', subResource, object: mirror() }),
    expected: ['not checked'],
  })),
  {
    row: 61,
    title: 'DELETE of a bad mirror pod',
    show: () => admit({ operation: 'DELETE', resource: 'pods', oldObject: mirror() }),
    expected: ['not checked'],
  },
  {
    row: 62,
    title: 'a dry run gets the same decision',
    show: () => admit({ operation: 'CREATE', resource: 'pods', object: mirror(), dryRun: true }),
    expected: ['denied', ...KEY_MISSING],
  },
  {
    row: 66,
    title: 'a manifest with two documents: each is checked, because the reader is unknown',
    show: () => text(`${GOOD}---\n${BAD}`),
    expected: ['pass', ...KEY_MISSING],
  },
  {
    row: 67,
    title: 'a manifest that is not YAML',
    show: () => text(`${GOOD}\t- {`),
    expected: ['problem malformed'],
  },
  {
    row: 70,
    title: 'the mirror pod of a static pod from HTTP',
    show: () => admit({ operation: 'CREATE', resource: 'pods', object: mirror('http') }),
    expected: ['denied', ...KEY_MISSING],
  },
  {
    row: 71,
    title: 'a namespace that is not kube-system',
    show: () => text(BAD.replace('kube-system', 'openshift-kube-apiserver')),
    expected: KEY_MISSING,
  },
  {
    row: 71,
    title: 'no namespace',
    show: () => text(BAD.replace(', namespace: kube-system', '')),
    expected: KEY_MISSING,
  },
  ...TEMPLATES.map(([kind, apiVersion, path]) => ({
    row: 72,
    title: `the template of a ${kind}`,
    show: () => text(templated(kind, apiVersion, path)),
    expected: KEY_MISSING,
  })),
  {
    row: 72,
    title: 'a kind without pods',
    show: () => text(templated('NetworkPolicy', 'networking.k8s.io/v1', 'spec.template')),
    expected: NO_FINDING,
  },
  { row: 72, title: 'the good pod', show: () => text(GOOD), expected: PASS },
];
