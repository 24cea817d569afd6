// Values of every setting that is a path: the same verdict for both components, whichever way the value takes.

import { describe, expect, test } from '@jest/globals';

import { pathFault } from '../../../src/controls/shared/path-faults.ts';
import { joinPath } from '../../../src/facts/values/paths.ts';
import { inspect } from '../../../src/inspect.ts';
import { AMPLE } from '../../support/budget.ts';
import { ofTheLink } from '../../support/controls.ts';

type Way = (value: string) => { readonly path: string; readonly text: string };

const quoted = (value: string): string => JSON.stringify(value);
const CONFIGURATION = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const CERTIFICATE = '--kubelet-client-certificate=/pki/client.crt';

function pod(program: string, ...flags: readonly string[]): string {
  const words = [program, ...flags].map((word) => `    - ${quoted(word)}\n`).join('');
  return `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: a:v1.37.2\n    command:\n${words}`;
}

/** A text in which the value is that of one path setting, and everything else is right. */
const WAYS: Readonly<Record<string, Way>> = {
  'kube-apiserver, flag in a pod': (value) => ({
    path: 'a.yaml',
    text: pod('kube-apiserver', CERTIFICATE, `--kubelet-client-key=${value}`),
  }),
  'kube-apiserver, two words in a pod': (value) => ({
    path: 'a.yaml',
    text: pod('kube-apiserver', CERTIFICATE, '--kubelet-client-key', value),
  }),
  'kube-apiserver, extraArgs of v1beta4': (value) => ({
    path: 'a.yaml',
    text: `apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\napiServer:\n  extraArgs:\n  - name: kubelet-client-key\n    value: ${quoted(value)}\n  - name: kubelet-client-certificate\n    value: /etc/kubernetes/pki/a.crt\n`,
  }),
  'kube-apiserver, extraArgs of v1beta3': (value) => ({
    path: 'a.yaml',
    text: `apiVersion: kubeadm.k8s.io/v1beta3\nkind: ClusterConfiguration\napiServer:\n  extraArgs:\n    kubelet-client-key: ${quoted(value)}\n`,
  }),
  'kube-apiserver, extra_args of RKE1': (value) => ({
    path: 'cluster.yml',
    text: `nodes:\n- {address: 192.0.2.1, role: [controlplane]}\nservices:\n  kube-api:\n    extra_args:\n      kubelet-client-key: ${quoted(value)}\n`,
  }),
  'kubelet, extra_args of RKE1': (value) => ({
    path: 'cluster.yml',
    text: `nodes:\n- {address: 192.0.2.1, role: [controlplane]}\nservices:\n  kubelet:\n    extra_args:\n      client-ca-file: ${quoted(value)}\n`,
  }),
  'kubelet, flag in a pod': (value) => ({
    path: 'a.yaml',
    text: pod('kubelet', `--client-ca-file=${value}`, '--authorization-mode=Webhook', '--kubeconfig=/k'),
  }),
  'kubelet, file': (value) => ({
    path: 'a.yaml',
    text: `${CONFIGURATION}authentication:\n  x509:\n    clientCAFile: ${quoted(value)}\n`,
  }),
  'kubelet, drop-in': (value) => ({
    path: '10-ca.conf',
    text: `${CONFIGURATION}authentication:\n  x509:\n    clientCAFile: ${quoted(value)}\n`,
  }),
  'kubelet, ConfigMap': (value) => ({
    path: 'a.yaml',
    text: `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kubelet-config, namespace: kube-system}\ndata:\n  kubelet: |\n    ${CONFIGURATION.replace('\n', '\n    ')}    authentication: {x509: {clientCAFile: ${quoted(value)}}}\n`,
  }),
  'kubelet, body of /configz': (value) => ({
    path: 'a.json',
    text: JSON.stringify({ kubeletconfig: configz(value) }),
  }),
};

function configz(value: string) {
  return {
    authentication: { x509: { clientCAFile: value }, anonymous: { enabled: false } },
    authorization: { mode: 'Webhook' },
  };
}

function verdict(name: string, value: string): string {
  const way = WAYS[name];
  if (!way) throw new Error(`there is no way ${name}`);
  const { path, text } = way(value);
  const { findings, problems } = inspect(ofTheLink, [{ form: 'text', path, text }], AMPLE);
  expect(problems).toStrictEqual([]);
  return findings
    .filter(({ subject }) => subject.component === name.split(',', 1)[0])
    .map(({ outcome }) => {
      if (outcome.result === 'pass') return 'pass';
      const [first] = outcome.result === 'fail' ? outcome.violations : outcome.problems;
      return `${outcome.result} ${first.code}`;
    })
    .join(', ');
}

const VALUES: readonly (readonly [value: string, expected: string])[] = [
  ['/etc/kubernetes/pki/a.pem', 'pass'],
  ['/etc/kubernetes/pki/a b.pem', 'pass'],
  ['/etc/kubernetes/pki/50%.pem', 'pass'],
  ['/etc/kubernetes/pki/..2026_11_27/a.pem', 'pass'],
  ['', 'fail empty'],
  // certain: no such file is there
  ['"/etc/kubernetes/pki/a.pem"', 'fail unusable'],
  ["'/etc/kubernetes/pki/a.pem'", 'fail unusable'],
  ['“/etc/kubernetes/pki/a.pem”', 'fail unusable'],
  ['\\"/etc/kubernetes/pki/a.pem\\"', 'fail unusable'],
  ['/etc/kubernetes/pki/a.pem"', 'fail unusable'],
  ['/etc/kubernetes/pki/a.pem ', 'fail unusable'],
  [' /etc/kubernetes/pki/a.pem', 'fail unusable'],
  ['/etc/kubernetes/pki/a.pem\u00a0', 'fail unusable'],
  ['/etc/kubernetes/pki/a.pem\u200b', 'fail unusable'],
  ['/etc/kubernetes/pki/a.pem\n', 'fail unusable'],
  ['/etc/kubernetes/pki/a.pem\r', 'fail unusable'],
  ['/etc/kubernetes/pki/a.pem\\', 'fail unusable'],
  ['/etc/kubernetes/pki/a.pem \\', 'fail unusable'],
  ['/etc/kubernetes/pki/a.pem --v=2', 'fail unusable'],
  ['/etc/kubernetes/pki/a.pem # the file', 'fail unusable'],
  ['/etc/kubernetes/pki/a.pem,/etc/kubernetes/pki/b.pem', 'fail unusable'],
  ['/etc/kubernetes/pki/', 'fail unusable'],
  ['/etc/kubernetes/pki', 'fail unusable'],
  ['/etc/kubernetes/pki/.', 'fail unusable'],
  ['/dev/null', 'fail unusable'],
  ['//dev/./null', 'fail unusable'],
  ['/dev/zero', 'fail unusable'],
  ['NUL', 'fail unusable'],
  [' \t', 'fail unusable'],
  ['~/pki/a.pem', 'fail unusable'],
  ['file:///etc/kubernetes/pki/a.pem', 'fail unusable'],
  ['-----BEGIN CERTIFICATE-----', 'fail unusable'],
  // a template: what it becomes is not known
  ['{{ .Values.ca }}', 'unknown unresolved'],
  ['/pki/{{ file }}', 'unknown unresolved'],
  ['{% if a %}/a.pem{% endif %}', 'unknown unresolved'],
  ['${CA_FILE}', 'unknown unresolved'],
  ['/pki/${CA_FILE:-a.pem}', 'unknown unresolved'],
  ['$CA_FILE', 'unknown unresolved'],
  ['<path/to/client-ca-file>', 'unknown unresolved'],
  ['/pki/<NAME>.pem', 'unknown unresolved'],
  ['%{ca}', 'unknown unresolved'],
  ['@@CA@@', 'unknown unresolved'],
  ['/pki/__CA__', 'unknown unresolved'],
  ['REPLACE_ME', 'unknown unresolved'],
];

describe('a value of a path setting has one verdict, whichever way it takes', () => {
  test.each(VALUES)('%j: %s', (value, expected) => {
    const found = Object.keys(WAYS).map((name) => [name, verdict(name, value)]);
    expect(Object.fromEntries(found)).toStrictEqual(
      Object.fromEntries(Object.keys(WAYS).map((name) => [name, expected])),
    );
  });
});

test('$(NAME) is replaced in containers only', () => {
  const found = Object.keys(WAYS).map((name) => [name, verdict(name, '$(CA)')]);
  expect(Object.fromEntries(found)).toStrictEqual(
    Object.fromEntries(
      Object.keys(WAYS).map((name) => [
        name,
        /file|drop-in|ConfigMap|configz/.test(name) ? 'unknown unresolved' : 'fail unusable',
      ]),
    ),
  );
});

test('a path in the file of --config is found to be wrong behind the folder of the file', () => {
  for (const written of ['"/etc/a.crt"', ' /etc/a.crt', '~/a.crt', 'file:///etc/a.crt', 'pki/', '/a.crt,/b.crt']) {
    const path = written.startsWith('/') ? written : joinPath('/var/lib/kubelet', written);
    expect(pathFault(written.endsWith('/') ? `${path}/` : path, 'it is useless', [])).toBeDefined();
  }
});

test('a directory shows by the files in it', () => {
  const { findings } = inspect(
    ofTheLink,
    [
      {
        form: 'text',
        path: 'a.yaml',
        text: pod('kube-apiserver', '--kubelet-client-certificate=/x/y', '--kubelet-client-key=/x/y/a.key'),
      },
    ],
    AMPLE,
  );
  expect(findings[0]?.outcome).toMatchObject({
    result: 'fail',
    violations: [{ message: expect.stringContaining('it is a directory') }],
  });
});

test("a kubelet's pod has to mount the file, as kube-apiserver's has", () => {
  for (const flags of [
    ['kubelet', '--client-ca-file=/pki/ca.crt'],
    ['kube-apiserver', '--kubelet-client-certificate=/etc/kubernetes/a.crt', '--kubelet-client-key=/pki/a.key'],
  ] as const) {
    const [program, ...rest] = flags;
    const text = `${pod(program, ...rest)}    volumeMounts:\n    - {name: x, mountPath: /etc/kubernetes}\n`;
    const [finding] = inspect(ofTheLink, [{ form: 'text', path: 'a.yaml', text }], AMPLE).findings;
    expect(finding?.outcome).toMatchObject({ result: 'unknown', problems: [{ code: 'not-mounted' }] });
  }
});
