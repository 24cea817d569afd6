// What was named or lies in a folder, and was not checked, is a problem of the run if it is ours, and only then.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { runCli } from '../../support/run-cli.ts';

const GOOD = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: { x509: { clientCAFile: /etc/kubernetes/pki/ca.crt } }
`;
const BAD = GOOD.replace('/etc/kubernetes/pki/ca.crt', '""');
const CHART = 'apiVersion: v2\nname: chart\n';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unread-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** Runs `check`; paths that begin with a dot are in the test's folder. */
async function check(...args: readonly string[]) {
  const { status, stderr } = await runCli([
    'check',
    ...args.map((arg) => (arg.startsWith('.') ? join(folder, arg) : arg)),
  ]);
  const lines = stderr.split('\n').filter((line) => line !== '');
  return {
    status,
    problems: lines.map((line) =>
      line
        .replaceAll(`${folder}/`, '')
        .replaceAll(folder, '.')
        .replace(/^kubelet-guard: /, ''),
    ),
  };
}

describe('a file that was named and holds nothing to check is a problem', () => {
  test.each([
    ['an empty one', '', 'it is empty'],
    ['one of blanks', '\n  \n', 'it is empty'],
    ['the answer Unauthorized', 'Unauthorized\n', 'error answer "Unauthorized"'],
    [
      'the answer of a kubelet that forbids',
      'Forbidden (user=u, verb=get, resource=nodes, subresource(s)=[configz])',
      'error answer',
    ],
    [
      'a Status',
      '{"kind":"Status","apiVersion":"v1","status":"Failure","message":"nodes is forbidden","code":403}',
      '"nodes is forbidden"',
    ],
    ['another object', 'apiVersion: v1\nkind: Service\n', 'kind Service (v1)'],
    ['prose', 'Dear reader, this is text', 'a text that begins with "Dear reader'],
    ['a list', '[]', 'holds nothing to check'],
  ])('%s', async (_name, text, message) => {
    write({ 'good.yaml': GOOD, 'other.json': text });
    const { status, problems } = await check('./good.yaml', './other.json');
    expect(status).toBe(3);
    expect(problems).toStrictEqual([expect.stringContaining(message)]);
    expect(problems[0]).toMatch(/^other\.json.*\[not-read\]$/);
  });

  test('also if another file has a violation, which decides', async () => {
    write({ 'bad.yaml': BAD, 'empty.yaml': '' });
    expect(await check('./bad.yaml', './empty.yaml')).toMatchObject({
      status: 1,
      problems: [/* one */ expect.anything()],
    });
  });

  test('and so is a folder', async () => {
    write({ 'good.yaml': GOOD, 'sub/README.md': '', 'sub/service.yaml': 'kind: Service\n' });
    expect(await check('./good.yaml', './sub')).toStrictEqual({
      status: 3,
      problems: ['sub: holds nothing to check: check the path, or leave it out [not-read]'],
    });
    expect(await check('.', './good.yaml')).toMatchObject({ status: 0 });
  });

  test('but not with --allow-empty, for hooks that are given the changed files', async () => {
    write({
      'good.yaml': GOOD,
      'empty.yaml': '',
      'tsconfig.json': '{ // a comment\n}',
      'a.md': 'kubelet',
      'sub/x.yaml': '',
    });
    const named = ['./empty.yaml', './tsconfig.json', './a.md', './sub'];
    expect(await check('--allow-empty', ...named)).toStrictEqual({ status: 0, problems: [] });
    expect(await check('--allow-empty', './good.yaml', ...named)).toStrictEqual({ status: 0, problems: [] });
    write({ 'bad.yaml': BAD, 'vars.yml': 'kubelet_custom_flags: [--client-ca-file=]\n' });
    expect((await check('--allow-empty', './bad.yaml', ...named)).status).toBe(1);
    expect((await check('--allow-empty', './vars.yml')).status).toBe(3);
  });
});

describe('in a folder, a file is checked whatever its name', () => {
  test.each([
    'kubelet-config.yaml.bak',
    'config',
    'kubelet.orig',
    'kubelet-config.yaml~',
    'kubelet.yaml.2026-11-27',
    'KUBELET.YAML',
  ])('%s', async (name) => {
    write({ 'a.yaml': GOOD, [name]: BAD });
    expect((await check('.')).status).toBe(1);
  });

  test('but not source code and documentation', async () => {
    const text = 'const kubelet = `--client-ca-file=`; // clientCAFile: ""\n';
    write({
      'a.yaml': GOOD,
      'README.md': BAD,
      'main.go': text,
      'a.py': text,
      'x.ts': text,
      'run.sh': 'other-server --client-ca-file=x\n',
      'a.log': text,
      'notes.txt': text,
    });
    expect(await check('.')).toStrictEqual({ status: 0, problems: [] });
  });
});

describe('in a folder, what is not read is a problem if it is ours', () => {
  test.each([
    [
      'variables of Kubespray',
      'group_vars/all.yml',
      'kubelet_custom_flags: ["--client-ca-file="]\n',
      'variables of Kubespray',
    ],
    [
      'other variables of Kubespray',
      'k8s.yml',
      'kube_kubeadm_apiserver_extra_args: { kubelet-client-key: "" }\n',
      'variables of Kubespray',
    ],
    [
      'a KubeOneCluster',
      'kubeone.yaml',
      'apiVersion: kubeone.k8c.io/v1beta2\nkind: KubeOneCluster\nfeatures: { kubelet: { clientCAFile: "" } }\n',
      'KubeOne',
    ],
    [
      'a JSON patch in a ClusterClass',
      'class.yaml',
      'apiVersion: cluster.x-k8s.io/v1beta1\nkind: ClusterClass\nspec: { patches: [{ definitions: [{ jsonPatches: [{ op: add, path: /spec/template/spec/kubeadmConfigSpec/clusterConfiguration/apiServer/extraArgs/kubelet-client-key, value: "" }] }] }] }\n',
      'Cluster API',
    ],
    [
      'settings of Bottlerocket',
      'userdata.toml',
      '[settings.kubernetes]\nauthentication-mode = "tls"\n',
      'Bottlerocket',
    ],
    [
      'a launch configuration of MicroK8s',
      'launch.yaml',
      'version: 0.1.0\nextraKubeletArgs: { --client-ca-file: "" }\n',
      'MicroK8s',
    ],
    ['Terraform', 'main.tf', 'variable "x" {}\nlocals { args = "kubelet --client-ca-file=" }\n', 'Terraform'],
    [
      'a docker compose file',
      'compose.yaml',
      'services: { api: { image: x/kube-apiserver, command: [--kubelet-client-key=] } }\n',
      'docker compose',
    ],
    [
      'a ConfigMap of another name',
      'cm.yaml',
      `apiVersion: v1\nkind: ConfigMap\ndata:\n  kubelet: |\n${GOOD.replace(/^/gm, '    ')}`,
      'ConfigMaps',
    ],
    [
      'a Secret',
      's.yaml',
      `apiVersion: v1\nkind: Secret\ndata: { value: ${Buffer.from(BAD).toString('base64')} }\n`,
      'Secrets',
    ],
    [
      'a JSON patch',
      'patch.json',
      '[{"op":"add","path":"/spec/containers/0/command/-","value":"--kubelet-client-key="}]',
      'JSON patches',
    ],
    [
      'an object of an unknown kind',
      'x.yaml',
      'apiVersion: example.com/v1\nkind: Cluster\nkubelet: { args: [--client-ca-file=] }\n',
      'kind Cluster (example.com/v1)',
    ],
    [
      'a field of an unknown kind',
      'x.yaml',
      'kind: Thing\nkubelet: { authentication: { anonymous: { enabled: true } } }\n',
      'authentication.anonymous.enabled',
    ],
    ['a text of an unknown kind', 'args.ini', '[x]\nkubelet = --client-ca-file=\n', 'texts of this kind'],
    [
      'a saved Status',
      'node-1.json',
      '{"kind":"Status","status":"Failure","reason":"Forbidden"}',
      'error answer "Forbidden"',
    ],
    ['a script that names a setting of kubelets', 'run.sh', 'kubelet --client-ca-file=\n', 'the script names'],
    ['broken YAML with a setting', 'x.yaml', 'a: [\nkubelet:\n  clientCAFile: ""\n', 'not readable as YAML'],
    ['broken JSON of a known kind', 'x.json', '{"kind": "KubeletConfiguration",,}', 'not readable as YAML'],
    ['a broken file with the name of a component', 'kube-apiserver.yaml', 'a: [\n', 'not readable as YAML'],
    [
      'a template that is no YAML',
      'kubelet.yaml.j2',
      '{% if x %}\nclientCAFile: {{ ca }}\n{% endif %}\n',
      'placeholder',
    ],
  ])('%s', async (_name, path, text, message) => {
    write({ 'good.yaml': GOOD, [path]: text });
    const { status, problems } = await check('.');
    expect({ status, problems }).toStrictEqual({ status: 3, problems: [expect.stringContaining(message)] });
    expect(problems[0]?.startsWith(path)).toBe(true);
  });

  test('with the line of the setting', async () => {
    write({ 'good.yaml': GOOD, 'vars.yml': 'a: 1\n\nkubelet_client_ca_file: x\n' });
    expect((await check('.')).problems).toStrictEqual([
      expect.stringMatching(/^vars\.yml:3: sets kubelet_client_ca_file, /),
    ]);
  });

  test('unless --exclude or .gitignore leaves it out', async () => {
    write({
      'good.yaml': GOOD,
      'vars.yml': 'kubelet_custom_flags: [--client-ca-file=]\n',
      'sub/vars.yml': 'kubelet_client_ca_file: x\n',
    });
    expect((await check('--exclude', 'vars.yml', '.')).status).toBe(0);
    expect((await check('--exclude', '/vars.yml', '.')).status).toBe(3);
    write({ '.gitignore': 'vars.yml\n' });
    expect((await check('.')).status).toBe(0);
    expect((await check('.', './vars.yml')).status).toBe(3);
  });
});

describe('in a folder, what is not ours is no problem', () => {
  test.each([
    ['JSON with comments', 'tsconfig.json', '{ // kubelet\n "a": 1, }'],
    ['a mention in a comment', 'a.yaml', '# the kubelet has --client-ca-file=x\na: kubelet\n'],
    ['a setting of another program', 'a.yaml', 'metrics: { args: [--client-ca-file=/ca.crt] }\n'],
    ['a setting of this product', 'a.yaml', 'image: kubelet-guard\nargs: [serve, --client-ca-file=/ca.crt]\n'],
    ['the CA of the aggregation layer', 'a.yaml', 'kubelet: { requestheader-client-ca-file: x }\n'],
    [
      'a CRD whose schema has the field',
      'crd.yaml',
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: { kubelet: { clientCAFile: { type: string } } }\n',
    ],
    [
      'a JSON schema',
      's.json',
      '{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"kubelet":{"properties":{"clientCAFile":{}}}}}',
    ],
    ['an OpenAPI document', 'o.json', '{"openapi":"3.0.0","components":{"kubelet":{"clientCAFile":{}}}}'],
    [
      'a report of this product',
      'r.json',
      '{"apiVersion":"kubelet-guard.dev/v1alpha1","kind":"GuardReport","x":"kubelet --client-ca-file="}',
    ],
    [
      'a SARIF report',
      'r.json',
      '{"version":"2.1.0","runs":[{"tool":{},"results":[{"message":{"text":"kubelet: --client-ca-file="}}]}]}',
    ],
    [
      'a policy',
      'p.yaml',
      'apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nspec: { message: "kubelet --client-ca-file=" }\n',
    ],
    ['an alert', 'p.yaml', 'groups: [{ rules: [{ alert: X, description: "kubelet without --client-ca-file=" }] }]\n'],
    ['a sentence', 'a.yaml', 'description: the kubelet reads its client-ca-file from disk\n'],
    ["GKE's node system configuration", 'n.yaml', 'kubeletConfig: { cpuManagerPolicy: static }\n'],
    [
      'an eksctl cluster without kubelet settings',
      'e.yaml',
      'apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: { name: x }\n',
    ],
    ['an empty file', '.gitkeep', ''],
    ['a file that is named like a setting', 'a.yaml', 'kubelet: { key: /etc/kubernetes/kubelet-client-key }\n'],
    [
      'a pod of another program',
      'p.yaml',
      'apiVersion: v1\nkind: Pod\nspec: { containers: [{ name: m, image: kubelet-tool, command: [metrics-server, --kubelet-client-key=x] }] }\n',
    ],
    ['a program', 'kubelet', '\u007fELF\u0000--client-ca-file=\u0000'],
  ])('%s', async (_name, path, text) => {
    write({ 'good.yaml': GOOD, [path]: text });
    expect(await check('.')).toStrictEqual({ status: 0, problems: [] });
  });
});

test('a repository of 324 files with nothing bad in it passes', async () => {
  const numbered = (count: number, path: (at: number) => string, text: string) =>
    Array.from({ length: count }, (_, at) => [path(at), text] as const);
  const files = [
    ...numbered(40, (at) => `chart/templates/t${String(at)}.yaml`, '{{- if .Values.on }}\nkind: Service\n{{- end }}\n'),
    ...numbered(10, (at) => `packages/p${String(at)}/tsconfig.json`, '{ // kubelet\n "compilerOptions": {}, }'),
    ...numbered(60, (at) => `src/f${String(at)}.go`, 'package f // sets --kubelet-client-key=\n'),
    ...numbered(60, (at) => `docs/d${String(at)}.md`, 'Set `clientCAFile: ""` on the kubelet.\n'),
    ...numbered(
      80,
      (at) => `deploy/s${String(at)}.yaml`,
      'apiVersion: v1\nkind: Service\nmetadata: { name: kubelet }\n',
    ),
    ...numbered(60, (at) => `assets/i${String(at)}.png`, '\u0089PNG\u0000'),
    ...numbered(12, (at) => `.github/workflows/w${String(at)}.yml`, 'on: push\njobs: {}\n'),
    ['chart/Chart.yaml', CHART] as const,
    ['kubelet.yaml', GOOD] as const,
  ];
  expect(files).toHaveLength(324);
  write(Object.fromEntries(files));
  expect(await check('.')).toStrictEqual({ status: 0, problems: [] });
});

describe('templates of a Helm chart', () => {
  const template = (line: string): string => `kind: Service\n{{- if .Values.on }}\n${line}\n{{- end }}\n`;

  test('are no problem if none can set up a component', async () => {
    const templates = Array.from(
      { length: 40 },
      (_, index) => [`chart/templates/t${String(index)}.yaml`, template('x: 1')] as const,
    );
    write({ 'good.yaml': GOOD, 'chart/Chart.yaml': CHART, ...Object.fromEntries(templates) });
    expect(await check('.')).toStrictEqual({ status: 0, problems: [] });
  });

  test('are one problem for each chart, with the count and the command', async () => {
    write({
      'good.yaml': GOOD,
      'chart/Chart.yaml': CHART,
      'chart/templates/a.yaml': template('- --kubelet-client-key={{ .Values.key }}'),
      'chart/templates/sub/b.yaml': template('clientCAFile: {{ .Values.kubelet.ca }}'),
      'chart/templates/c.yaml': template('x: 1'),
      'chart/values.yaml': 'key: x\n',
    });
    const problem =
      'chart: is a Helm chart, and 2 of its templates can set up a component (chart/templates/a.yaml, …), but templates are not read; ' +
      'render it first: helm template chart | kubelet-guard check - [not-read]';
    expect(await check('.')).toStrictEqual({ status: 3, problems: [problem] });
  });

  test('are a problem if they run a component without its settings', async () => {
    write({
      'good.yaml': GOOD,
      'chart/Chart.yaml': CHART,
      'chart/templates/a.yaml': template('image: registry/kube-apiserver:{{ .x }}'),
    });
    expect((await check('.')).status).toBe(3);
  });

  test('are a problem if they were named', async () => {
    write({ 'good.yaml': GOOD, 'chart/Chart.yaml': CHART, 'chart/templates/a.yaml': template('x: 1') });
    expect(await check('./good.yaml', './chart/templates/a.yaml')).toMatchObject({
      status: 3,
      problems: [expect.stringContaining('helm template chart')],
    });
  });
});

describe('a KubeletConfiguration in a folder of drop-ins that is no .conf is read by no kubelet, and named', () => {
  test.each([
    [{ 'kubelet.conf.d/10-auth.yaml': BAD }],
    [{ 'kubernetes/kubelet/config.json.d/10-auth.json': BAD }],
    [{ 'dropins/10-auth.yaml': BAD, 'dropins/20-ca.conf': GOOD }],
  ] as Record<string, string>[][])('%j', async (files) => {
    write({ 'good.yaml': GOOD, ...files });
    const { status, problems } = await check('.');
    expect({ status, problems }).toStrictEqual({
      status: 3,
      problems: [expect.stringContaining('only files whose names end in .conf')],
    });
  });
});
