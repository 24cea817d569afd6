// Edge cases of kube-apiserver's command line, rows 1-31.

import { apiServer, BOTH, CERTIFICATE, KEY, pod, PASS, type Row } from './show.ts';

const C = `${CERTIFICATE}=/c`;
const K = `${KEY}=/k`;
const WOULD_NOT_START = ['fail would-not-start kube-apiserver'];
const MOUNTS = ['volumeMounts:', '- {name: pki, mountPath: /etc/kubernetes/pki}'];

/** Rows 1-31. */
export const rows: readonly Row[] = [
  { row: 1, title: 'both flags with a path', show: () => apiServer(C, K), expected: PASS },
  { row: 2, title: 'values as separate words', show: () => apiServer(CERTIFICATE, '/c', KEY, '/k'), expected: PASS },
  { row: 3, title: 'only the certificate', show: () => apiServer(C), expected: [`fail missing ${KEY}`] },
  { row: 4, title: 'only the key', show: () => apiServer(K), expected: [`fail missing ${CERTIFICATE}`] },
  {
    row: 5,
    title: 'neither',
    show: () => apiServer('--v=2'),
    expected: [`fail missing ${CERTIFICATE} missing ${KEY}`],
  },
  { row: 6, title: '`--kubelet-client-key=`', show: () => apiServer(C, `${KEY}=`), expected: [`fail empty ${KEY}`] },
  { row: 7, title: 'an empty word as value', show: () => apiServer(C, KEY, ''), expected: [`fail empty ${KEY}`] },
  {
    row: 8,
    title: 'the flag is the last word, without a value',
    show: () => apiServer(C, KEY),
    expected: [`fail would-not-start ${KEY}`],
  },
  { row: 9, title: 'a path, then emptied', show: () => apiServer(C, K, `${KEY}=`), expected: [`fail empty ${KEY}`] },
  {
    row: 10,
    title: 'emptied, then a path',
    show: () => apiServer(C, `${KEY}=`, `${KEY}=/a`),
    expected: PASS,
    effective: '/a',
  },
  { row: 11, title: 'underscores', show: () => apiServer(C, '--kubelet_client_key=/k'), expected: PASS },
  {
    row: 12,
    title: 'emptied later by the spelling with underscores',
    show: () => apiServer(C, K, '--kubelet_client_key='),
    expected: [`fail empty ${KEY}`],
  },
  {
    row: 13,
    title: 'a single dash is a cluster of shorthands',
    show: () => apiServer(C, '-kubelet-client-key=/k'),
    expected: WOULD_NOT_START,
  },
  {
    row: 14,
    title: 'an abbreviated name does not exist',
    show: () => apiServer('--kubelet-client-cert=/c', K),
    expected: WOULD_NOT_START,
  },
  {
    row: 14,
    title: 'a name in another case does not exist',
    show: () => apiServer(C, '--Kubelet-Client-Key=/k'),
    expected: WOULD_NOT_START,
  },
  {
    row: 15,
    title: '`--audit-log-path` takes the key as its value',
    show: () => apiServer(C, '--audit-log-path', K),
    expected: [`fail missing ${KEY}`],
  },
  {
    row: 16,
    title: '`--allow-privileged` does not consume the next word',
    show: () => apiServer(C, '--allow-privileged', K),
    expected: PASS,
    effective: '/k',
  },
  {
    row: 17,
    title: '`--allow-privileged true` leaves a stray word',
    show: () => apiServer('--allow-privileged', 'true', ...BOTH),
    expected: WOULD_NOT_START,
  },
  { row: 18, title: 'a flag after `--` is a stray word', show: () => apiServer(C, '--', K), expected: WOULD_NOT_START },
  { row: 19, title: 'empty words are tolerated', show: () => apiServer('', C, '', K, ''), expected: PASS },
  {
    row: 20,
    title: 'quotes that no shell removes are part of the file name',
    show: () => apiServer(C, `${KEY}="/k"`),
    expected: [`fail unusable ${KEY}`],
  },
  {
    row: 21,
    title: 'both flags in one word set only the first',
    show: () => apiServer(`${C} ${K}`),
    expected: [`fail unusable ${CERTIFICATE} missing ${KEY}`],
    effective: `/c ${K}`,
  },
  {
    row: 22,
    title: 'the whole command line as one word is an unknown program',
    show: () => pod([`kube-apiserver ${C} ${K}`]),
    expected: ['unknown unknown-wrapper'],
  },
  {
    row: 23,
    title: 'white space is not a path',
    show: () => apiServer(C, `${KEY}= `),
    expected: [`fail unusable ${KEY}`],
  },
  {
    row: 24,
    title: '/dev/null cannot be a key',
    show: () => apiServer(C, `${KEY}=/dev/null`),
    expected: [`fail unusable ${KEY}`],
  },
  {
    row: 25,
    title: 'one file for both',
    show: () => apiServer(`${CERTIFICATE}=/b.pem`, `${KEY}=/b.pem`),
    expected: PASS,
  },
  {
    row: 26,
    title: 'a key that does not match, or an expired certificate, is visible only to the node audit',
    show: () => apiServer(`${CERTIFICATE}=/expired.crt`, `${KEY}=/of-another.key`),
    expected: PASS,
  },
  {
    row: 27,
    title: 'paths below a mount',
    show: () => pod(['kube-apiserver', `${CERTIFICATE}=/etc/kubernetes/pki/c`, `${KEY}=/etc/kubernetes/pki/k`], MOUNTS),
    expected: PASS,
  },
  {
    row: 27,
    title: 'a path outside the mounts',
    show: () =>
      pod(['kube-apiserver', `${CERTIFICATE}=/etc/kubernetes/pki/c`, `${KEY}=/etc/kubernetes/pkix/k`], MOUNTS),
    expected: ['unknown not-mounted'],
  },
  {
    row: 27,
    title: 'a pod without mounts does not show which files exist',
    show: () => apiServer(...BOTH),
    expected: PASS,
  },
  {
    row: 28,
    title: 'a relative path',
    show: () => apiServer(C, `${KEY}=pki/k`),
    expected: ['unknown relative-path'],
  },
  {
    row: 28,
    title: 'a relative path inside a mounted working directory',
    show: () =>
      pod(['kube-apiserver', `${CERTIFICATE}=c`, `${KEY}=./k`], ['workingDir: /etc/kubernetes/pki', ...MOUNTS]),
    expected: PASS,
  },
  {
    row: 28,
    title: 'a relative path that leads out of a mounted working directory',
    show: () =>
      pod(['kube-apiserver', `${CERTIFICATE}=c`, `${KEY}=../k`], ['workingDir: /etc/kubernetes/pki', ...MOUNTS]),
    expected: ['unknown not-mounted'],
  },
  {
    row: 29,
    title: 'a missing --kubelet-certificate-authority belongs to another control (1.2.5)',
    show: () => apiServer(...BOTH, '--anonymous-auth=false'),
    expected: PASS,
  },
  {
    row: 30,
    title: '`--kubelet-https` in a version without this flag',
    show: () => apiServer(...BOTH, '--kubelet-https=false'),
    expected: WOULD_NOT_START,
  },
  {
    row: 30,
    title: '`--kubelet-https` in an unknown version',
    show: () => pod(['kube-apiserver', ...BOTH, '--kubelet-https=false'], ['image: example.com/kube-apiserver']),
    expected: ['unknown unknown-flag'],
  },
  {
    row: 30,
    title: '`--kubelet-https` does not replace the key',
    show: () => pod(['kube-apiserver', C, '--kubelet-https=true'], ['image: example.com/kube-apiserver:v1.18.20']),
    expected: [`fail missing ${KEY}`],
  },
  {
    row: 31,
    title: 'an egress selector changes nothing',
    show: () => apiServer('--egress-selector-config-file=/e.yaml', C),
    expected: [`fail missing ${KEY}`],
  },
  {
    row: 31,
    title: 'an egress selector and both flags',
    show: () => apiServer('--egress-selector-config-file=/e.yaml', ...BOTH),
    expected: PASS,
  },
];
