// Edge cases of the kubelet's configuration, rows 73-108.

import {
  CA_FIELD,
  CA_FLAG,
  configuration,
  kubelet,
  NO_FINDING,
  PASS,
  text,
  withCA,
  type Row,
  type Verdict,
} from './show.ts';

const CONFIG = '/var/lib/kubelet/config.yaml';
const DIRECTORY = '/etc/kubernetes/kubelet.conf.d';
const GOOD = withCA('/etc/kubernetes/pki/ca.crt');
const MISSING = [`fail missing ${CA_FIELD}`];
const EMPTY = [`fail empty ${CA_FIELD}`];
const EMPTY_FLAG = [`fail empty ${CA_FLAG}`];
const WOULD_NOT_START = ['fail would-not-start kubelet'];

/** A kubelet with a configuration file and drop-ins, as systemd starts it. */
function layered(base: string, dropIns: readonly string[], flags = ''): Verdict {
  const named = dropIns.map((content, index) => ({ path: `${DIRECTORY}/${String(index)}0.conf`, text: content }));
  return kubelet(`--config=${CONFIG} --config-dir=${DIRECTORY}${flags}`, { [CONFIG]: base, [DIRECTORY]: named });
}

/** A kubelet with a configuration file and further flags. */
function flagged(base: string, flags: string): Verdict {
  return kubelet(`--config=${CONFIG} ${flags}`, { [CONFIG]: base });
}

const AUTHENTICATION = ['authentication:', '  x509:', '    clientCAFile: /ca.crt'];
const ANONYMOUS = ['authentication:', '  anonymous: {enabled: false}'];

/** Rows 73-108. */
export const rows: readonly Row[] = [
  { row: 73, title: 'a path', show: () => text(GOOD), expected: PASS, effective: '/etc/kubernetes/pki/ca.crt' },
  { row: 74, title: 'no field', show: () => text(configuration(...ANONYMOUS)), expected: MISSING },
  { row: 74, title: '`""`', show: () => text(withCA('""')), expected: EMPTY },
  { row: 74, title: '`~`', show: () => text(withCA('~')), expected: MISSING },
  { row: 74, title: '`null`', show: () => text(withCA('null')), expected: MISSING },
  { row: 74, title: 'nothing after the colon', show: () => text(withCA('')), expected: MISSING },
  {
    row: 75,
    title: 'the field one level too high',
    show: () => text(configuration('authentication:', '  clientCAFile: /ca.crt')),
    expected: MISSING,
  },
  {
    row: 75,
    title: 'the field in another case, in a file of --config',
    show: () => flagged(configuration('authentication: {x509: {clientCaFile: /ca.crt}}'), '--v=2'),
    expected: MISSING,
  },
  {
    row: 76,
    title: 'the field in another case, in a drop-in over a good file',
    show: () => layered(GOOD, [configuration('authentication: {x509: {clientcafile: ""}}')]),
    expected: EMPTY,
  },
  {
    row: 76,
    title: 'the whole path of the field in another case, in a drop-in over a good file',
    show: () => layered(GOOD, [configuration('AUTHENTICATION: {X509: {CLIENTCAFILE: /other.crt}}')]),
    expected: PASS,
    // keys are sorted and capitals come first, so the value of the file is decoded last
    effective: '/etc/kubernetes/pki/ca.crt',
  },
  {
    row: 77,
    title: 'a good file, emptied by the flag',
    show: () => flagged(GOOD, '--client-ca-file='),
    expected: EMPTY_FLAG,
  },
  {
    row: 77,
    title: 'a good file and a good drop-in, emptied by the flag',
    show: () => layered(GOOD, [withCA('/other.crt')], ' --client-ca-file ""'),
    expected: EMPTY_FLAG,
  },
  {
    row: 78,
    title: 'an empty file, repaired by the flag',
    show: () => flagged(withCA('""'), '--client-ca-file=/p'),
    expected: PASS,
    effective: '/p',
  },
  { row: 79, title: 'only flags', show: () => kubelet('--client-ca-file=/p'), expected: PASS, effective: '/p' },
  { row: 79, title: 'neither flags nor files', show: () => kubelet('--v=2'), expected: MISSING },
  { row: 80, title: 'underscores', show: () => kubelet('--client_ca_file=/p'), expected: PASS, effective: '/p' },
  {
    row: 80,
    title: 'a path, then emptied',
    show: () => kubelet('--client-ca-file=/p --client_ca_file='),
    expected: EMPTY_FLAG,
  },
  {
    row: 80,
    title: 'emptied, then a path',
    show: () => kubelet('--client-ca-file= --client-ca-file=/p'),
    expected: PASS,
  },
  { row: 81, title: 'a drop-in with `""`', show: () => layered(GOOD, [withCA('""')]), expected: EMPTY },
  ...['clientCAFile: null', ''].map((inner) => ({
    row: 81,
    title: inner === '' ? 'a drop-in with `x509: null`' : 'a drop-in with `clientCAFile: null`',
    show: () => layered(GOOD, [configuration(`authentication: {x509: ${inner === '' ? 'null' : `{${inner}}`}}`)]),
    expected: MISSING,
  })),
  {
    row: 81,
    title: 'a drop-in with `authentication: null`',
    show: () => layered(GOOD, [configuration('authentication: null')]),
    expected: MISSING,
  },
  {
    row: 82,
    title: 'a drop-in with `x509: {}`',
    show: () => layered(GOOD, [configuration('authentication: {x509: {}}')]),
    expected: PASS,
  },
  {
    row: 82,
    title: 'a drop-in with `authentication: {}`',
    show: () => layered(GOOD, [configuration('authentication: {}')]),
    expected: PASS,
  },
  {
    row: 82,
    title: 'a drop-in without its file, without the field',
    show: () => text(configuration('maxPods: 110'), '40-nodeadm.conf'),
    expected: ['unknown not-visible'],
  },
  {
    row: 81,
    title: 'a drop-in without its file, with `x509: null`',
    show: () => text(configuration('authentication: {x509: null}'), '40-nodeadm.conf'),
    expected: MISSING,
  },
  {
    row: 83,
    title: 'a drop-in that empties the field and a later one that sets it again',
    show: () => layered(GOOD, [withCA('""'), withCA('/restored.crt')]),
    expected: PASS,
    effective: '/restored.crt',
  },
  {
    row: 87,
    title: 'a drop-in without apiVersion and kind',
    show: () => layered(GOOD, ['authentication: {}\n']),
    expected: WOULD_NOT_START,
  },
  {
    row: 87,
    title: 'a drop-in of another version',
    show: () => layered(GOOD, [GOOD.replace('v1beta1', 'v1')]),
    expected: WOULD_NOT_START,
  },
  {
    row: 88,
    title: 'a drop-in with a duplicate key',
    show: () => layered(GOOD, [configuration('maxPods: 110', 'maxPods: 120')]),
    expected: WOULD_NOT_START,
  },
  {
    row: 89,
    title: 'a second `authentication` block removes the CA of the first',
    show: () => text(configuration(...AUTHENTICATION, ...ANONYMOUS)),
    expected: MISSING,
  },
  {
    row: 89,
    title: 'a second `authentication` block adds the CA',
    show: () => flagged(configuration(...ANONYMOUS, ...AUTHENTICATION), '--v=2'),
    expected: PASS,
    effective: '/ca.crt',
  },
  {
    row: 90,
    title: 'only --config-dir, as with k3s',
    show: () =>
      kubelet(`--config-dir=${DIRECTORY}`, {
        [DIRECTORY]: [{ path: `${DIRECTORY}/00-k3s-defaults.conf`, text: GOOD }],
      }),
    expected: PASS,
  },
  {
    row: 90,
    title: 'only --config-dir, without the CA',
    show: () =>
      kubelet(`--config-dir=${DIRECTORY}`, {
        [DIRECTORY]: [{ path: `${DIRECTORY}/00.conf`, text: configuration('maxPods: 1') }],
      }),
    expected: MISSING,
  },
  {
    row: 91,
    title: 'a --config-dir that is missing',
    show: () => kubelet(`--config-dir=${DIRECTORY}`),
    expected: WOULD_NOT_START,
  },
  {
    row: 92,
    title: 'a --config-dir of a kubelet that may reject it',
    show: () => kubelet(`--config=${CONFIG} --config-dir=${DIRECTORY}`, { [CONFIG]: GOOD, [DIRECTORY]: [] }, 29),
    expected: ['unknown unresolved'],
  },
  {
    row: 93,
    title: 'a relative path in the file of --config is relative to the file',
    show: () => flagged(withCA('pki/../ca.crt'), '--v=2'),
    expected: PASS,
    effective: '/var/lib/kubelet/ca.crt',
  },
  {
    row: 94,
    title: 'a relative path in a drop-in stays as it is',
    show: () => layered(GOOD, [withCA('ca.crt')]),
    expected: PASS,
    effective: 'ca.crt',
  },
  {
    row: 94,
    title: 'a relative path in the flag',
    show: () => kubelet('--client-ca-file=ca.crt'),
    expected: PASS,
    effective: 'ca.crt',
  },
  {
    row: 98,
    title: "the system's bundle of public CAs",
    show: () => text(withCA('/etc/ssl/certs/ca-certificates.crt')),
    expected: ['pass (public-bundle)'],
  },
  {
    row: 99,
    title: 'anonymous access and AlwaysAllow belong to other controls',
    show: () =>
      text(
        configuration(
          'authentication:',
          '  anonymous: {enabled: true}',
          '  x509: {clientCAFile: /ca.crt}',
          'authorization: {mode: AlwaysAllow}',
        ),
      ),
    expected: PASS,
  },
  {
    row: 100,
    title: '`enableServer: false`',
    show: () => text(configuration('enableServer: false')),
    expected: NO_FINDING,
  },
  {
    row: 100,
    title: '`--enable-server=false`',
    show: () => flagged(configuration(), '--enable-server=false'),
    expected: NO_FINDING,
  },
  ...['on', '123', '{}', '[/ca.crt]'].map((value) => ({
    row: 101,
    title: `\`clientCAFile: ${value}\` is not a string`,
    show: () => text(withCA(value)),
    expected: WOULD_NOT_START,
  })),
  { row: 101, title: '`clientCAFile: "on"` is a string', show: () => flagged(withCA('"on"'), '--v=2'), expected: PASS },
  {
    row: 102,
    title: 'a merge key adds the value',
    show: () => text(configuration('x: &x509 {clientCAFile: /ca.crt}', 'authentication:', '  x509:', '    <<: *x509')),
    expected: PASS,
    effective: '/ca.crt',
  },
  {
    row: 102,
    title: 'an alias adds the value',
    show: () => text(configuration('staticPodPath: &p /ca.crt', 'authentication: {x509: {clientCAFile: *p}}')),
    expected: PASS,
  },
  {
    row: 103,
    title: 'a kubelet reads only the first document of its file',
    show: () => flagged(`${configuration()}---\n${GOOD}`, '--v=2'),
    expected: MISSING,
  },
  {
    row: 104,
    title: 'JSON in a .yaml file',
    show: () =>
      text(
        '{"apiVersion":"kubelet.config.k8s.io/v1beta1","kind":"KubeletConfiguration","authentication":{"x509":{"clientCAFile":"/ca.crt"}}}',
      ),
    expected: PASS,
  },
  { row: 104, title: 'a byte order mark', show: () => text(`\ufeff${GOOD}`), expected: PASS },
  {
    row: 104,
    title: 'CRLF',
    show: () => text(GOOD.replaceAll('\n', '\r\n')),
    expected: PASS,
    effective: '/etc/kubernetes/pki/ca.crt',
  },
  { row: 105, title: 'no apiVersion', show: () => text(GOOD.replace(/^.*\n/, '')), expected: WOULD_NOT_START },
  { row: 105, title: 'v1alpha1', show: () => text(GOOD.replace('v1beta1', 'v1alpha1')), expected: WOULD_NOT_START },
  {
    row: 105,
    title: 'another kind',
    show: () => flagged(GOOD.replace('KubeletConfiguration', 'KubeletConfig'), '--v=2'),
    expected: WOULD_NOT_START,
  },
  {
    row: 107,
    title: 'the last of two --config flags is used',
    show: () => kubelet('--config=/a --config=/b', { '/a': GOOD, '/b': configuration() }),
    expected: MISSING,
  },
  { row: 107, title: 'a --config that is missing', show: () => kubelet('--config=/a'), expected: WOULD_NOT_START },
  {
    row: 108,
    title: '`--config /path` as two words, as AKS writes it',
    show: () => kubelet(`--enable-server --config ${CONFIG}`, { [CONFIG]: GOOD }),
    expected: PASS,
  },
];
