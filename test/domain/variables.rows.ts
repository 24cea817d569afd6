// Edge cases of printing instead of serving, of variables and of scripts, rows 32-42.

import {
  apiServer,
  BOTH,
  CERTIFICATE,
  KEY,
  NO_FINDING,
  pod,
  podText,
  PASS,
  script,
  text,
  workload,
  type Row,
  type Verdict,
} from './show.ts';
const C = `${CERTIFICATE}=/c`;
const K = `${KEY}=/k`;
const KEY_EMPTY = [`fail empty ${KEY}`];
const KEY_MISSING = [`fail missing ${KEY}`];
const BOTH_MISSING = [`fail missing ${CERTIFICATE} missing ${KEY}`];

const withVariable = (word: string, ...env: readonly string[]): Verdict =>
  pod(['kube-apiserver', C, word], env.length > 0 ? ['env:', ...env] : []);

const FROM_SECRET = '- {name: X, valueFrom: {secretKeyRef: {name: s, key: k}}}';
const FROM_FIELD = '- {name: X, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}';

/** Rows 32-42. */
export const rows: readonly Row[] = [
  {
    row: 32,
    title: '`--version` in a pod that should serve',
    show: () => apiServer('--version', ...BOTH),
    expected: ['fail would-not-start --version'],
  },
  {
    row: 32,
    title: '`--help` in a pod that should serve',
    show: () => apiServer(...BOTH, '-h'),
    expected: ['fail would-not-start --help'],
  },
  {
    row: 32,
    title: '`--version=false` serves',
    show: () => apiServer(...BOTH, '--version=false'),
    expected: PASS,
  },
  {
    row: 32,
    title: '`--version` in an init container',
    show: () =>
      text(
        podText(['kube-apiserver', ...BOTH]).replace(
          '  containers:',
          '  initContainers:\n  - {name: v, image: x, command: [kube-apiserver, --version]}\n  containers:',
        ),
      ),
    expected: PASS,
  },
  {
    row: 32,
    title: '`--version` in a Job',
    show: () => workload('Job', podText(['kube-apiserver', '--version']), 'batch/v1'),
    expected: NO_FINDING,
  },
  {
    row: 33,
    title: '`$(KEY)` with a literal value',
    show: () => withVariable(`${KEY}=$(X)`, '- {name: X, value: /k}'),
    expected: PASS,
    effective: '/k',
  },
  {
    row: 34,
    title: '`$(KEY)` that is not defined',
    show: () => withVariable(`${KEY}=$(X)`),
    expected: [`fail unusable ${KEY}`],
  },
  {
    row: 35,
    title: '`$(KEY)` that is defined as empty',
    show: () => withVariable(`${KEY}=$(X)`, "- {name: X, value: ''}"),
    expected: KEY_EMPTY,
  },
  {
    row: 36,
    title: '`$$(KEY)` is a literal',
    show: () => withVariable(`${KEY}=$$(X)`, '- {name: X, value: /k}'),
    expected: [`fail unusable ${KEY}`],
  },
  {
    row: 37,
    title: '`$(X)` from a field of the pod',
    show: () => withVariable(`${KEY}=$(X)`, FROM_FIELD),
    expected: ['unknown unresolved'],
  },
  {
    row: 37,
    title: '`$(X)` from a field of the pod, inside a path',
    show: () => withVariable(`${KEY}=/pki/$(X).key`, FROM_FIELD),
    expected: PASS,
  },
  {
    row: 38,
    title: '`$(X)` from a Secret, in a Pod',
    show: () => withVariable(`${KEY}=$(X)`, FROM_SECRET),
    expected: ['unknown unresolved'],
  },
  {
    row: 38,
    title: '`$(X)` from a Secret, in a Deployment',
    show: () => workload('Deployment', podText(['kube-apiserver', C, `${KEY}=$(X)`], ['env:', FROM_SECRET])),
    expected: ['unknown unresolved'],
  },
  {
    row: 38,
    title: '`$(X)` that envFrom may define',
    show: () => pod(['kube-apiserver', C, `${KEY}=$(X)`], ['envFrom: [{configMapRef: {name: c}}]']),
    expected: ['unknown unresolved'],
  },
  { row: 39, title: '`sh -c` with both flags', show: () => script(`exec kube-apiserver ${C} '${K}'`), expected: PASS },
  {
    row: 39,
    title: '`sh -c` with quotes that the shell removes',
    show: () => script(`exec kube-apiserver ${C} ${KEY}=""`),
    expected: KEY_EMPTY,
  },
  {
    row: 39,
    title: '`sh -c` over several lines',
    show: () => script(['set -e', 'exec kube-apiserver \\', `  ${C} \\`, `  ${KEY}="/etc/my keys/k"`]),
    expected: PASS,
    effective: '/etc/my keys/k',
  },
  {
    row: 40,
    title: 'a variable that the script itself assigns',
    show: () => script(['PKI=/etc/kubernetes/pki', `exec kube-apiserver ${C} ${KEY}=$PKI/k`]),
    expected: PASS,
    effective: '/etc/kubernetes/pki/k',
  },
  {
    row: 40,
    title: 'a variable with a literal value in the pod',
    show: () => script(`exec kube-apiserver ${C} ${KEY}=\${X}`, ['env:', "- {name: X, value: ''}"]),
    expected: KEY_EMPTY,
  },
  {
    row: 40,
    title: 'a variable that may come from the image',
    show: () => script(`exec kube-apiserver ${C} ${KEY}=$X`),
    expected: ['unknown unresolved'],
  },
  {
    row: 40,
    title: 'a file that the script reads first',
    show: () => script(['. /etc/environment', `exec kube-apiserver ${BOTH.join(' ')}`]),
    expected: ['unknown unresolved'],
  },
  {
    row: 40,
    title: 'a command substitution',
    show: () => script(`exec kube-apiserver $(cat /etc/flags)`),
    expected: ['unknown unresolved'],
  },
  {
    row: 40,
    title: 'a loop that collects the flags',
    show: () =>
      script(['for f in a b; do FLAGS="$FLAGS --v=$f"; done', `exec kube-apiserver ${BOTH.join(' ')} $FLAGS`]),
    expected: ['unknown unresolved'],
  },
  {
    row: 40,
    title: 'a branch that decides between two command lines',
    show: () => script([`if [ -f /x ]; then exec kube-apiserver ${BOTH.join(' ')}; fi`, `exec kube-apiserver ${C}`]),
    expected: ['unknown ambiguous'],
  },
  {
    row: 40,
    title: 'a group that may run assigns the variable',
    show: () => script(['K=', '[ -f /x ] && { :; K=/k; }', `exec kube-apiserver ${C} ${KEY}=$K`]),
    expected: ['unknown unresolved'],
  },
  {
    row: 40,
    title: 'a group that may run exits',
    show: () => script(['test -d /pki || { echo no; exit 1; }', `exec kube-apiserver ${C}`]),
    expected: KEY_MISSING,
  },
  {
    row: 40,
    title: 'a group that always runs assigns the variable',
    show: () => script(['{ :; K=/k; }', `exec kube-apiserver ${C} ${KEY}=$K`]),
    expected: PASS,
  },
  {
    row: 40,
    title: 'a bad branch and an unknown one',
    show: () => script([`if [ -f /x ]; then exec kube-apiserver ${K}; fi`, 'exec kube-apiserver $FLAGS']),
    expected: ['unknown ambiguous'],
  },
  {
    row: 41,
    title: 'the second of two starts serves, with both flags',
    show: () => script(`kube-apiserver --version; exec kube-apiserver ${BOTH.join(' ')}`),
    expected: PASS,
  },
  {
    row: 41,
    title: 'the second of two starts serves, without the key',
    show: () => script(`kube-apiserver --version ${BOTH.join(' ')}; exec kube-apiserver ${C}`),
    expected: KEY_MISSING,
  },
  {
    row: 42,
    title: 'flags in a comment',
    show: () => script(`exec kube-apiserver ${C} # ${K}`),
    expected: KEY_MISSING,
  },
  {
    row: 42,
    title: 'flags in an echo',
    show: () => script([`echo kube-apiserver ${BOTH.join(' ')}`, 'exec kube-apiserver --v=2']),
    expected: BOTH_MISSING,
  },
];
