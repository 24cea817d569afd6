// EKS: NodeConfig, user data in MIME, bootstrap.sh, Karpenter and eksctl.

import { describe, expect, test } from '@jest/globals';

import { checkFiles } from '../../../support/check-files.ts';

const CA = 'kubelet-client-ca';

function nodeConfig(...lines: readonly string[]): string {
  return ['apiVersion: node.eks.aws/v1alpha1', 'kind: NodeConfig', 'spec:', '  kubelet:', ...lines, ''].join('\n');
}

function mime(...parts: readonly (readonly [type: string, text: string])[]): string {
  const all = parts.map(([type, text]) => `--B\nContent-Type: ${type}\n\n${text}\n`);
  return `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="B"\n\n${all.join('')}--B--\n`;
}

const FLAGS = nodeConfig('    flags:', '      - --max-pods=10', '      - --client-ca-file=');

describe('a NodeConfig', () => {
  test.each([
    ['without settings', nodeConfig('    config: { maxPods: 10 }'), [`${CA} pass n.yaml`]],
    ['with a flag that empties the client CA', FLAGS, [`${CA} fail empty --client-ca-file n.yaml:7`]],
    [
      'with a configuration that empties it',
      nodeConfig('    config:', '      authentication:', '        x509:', '          clientCAFile: ""'),
      [`${CA} fail empty authentication.x509.clientCAFile n.yaml:8`],
    ],
    [
      'with a configuration that removes it',
      nodeConfig('    config:', '      authentication:', '        x509: null'),
      [expect.stringContaining(`${CA} fail`)],
    ],
    [
      'with two flags in one',
      nodeConfig('    flags: ["--v=2 --client-ca-file="]'),
      [`${CA} fail empty --client-ca-file n.yaml:5`],
    ],
  ])('%s', async (_title, text, expected) => {
    expect(await checkFiles({ 'n.yaml': text })).toEqual(expected);
  });
});

describe('MIME user data', () => {
  test('has its parts in their lines', async () => {
    const text = mime(
      ['text/x-shellscript; charset="us-ascii"', '#!/bin/bash\necho a'],
      ['application/node.eks.aws', `---\n${FLAGS}`],
    );
    expect(await checkFiles({ 'user-data.txt': text })).toEqual([`${CA} fail empty --client-ca-file user-data.txt:19`]);
  });

  test('holds cloud-config with files', async () => {
    const text = mime([
      'text/cloud-config',
      '#cloud-config\nwrite_files:\n- path: /etc/systemd/system/kubelet.service\n  content: |\n    [Service]\n    ExecStart=/k/kubelet --client-ca-file=\n',
    ]);
    expect(await checkFiles({ 'u.txt': text })).toEqual([`${CA} fail empty --client-ca-file u.txt:12`]);
  });

  test('names a part behind the closing boundary, and one that is compressed', async () => {
    const text = mime(['text/plain', 'a']);
    expect(await checkFiles({ 'u.txt': `${text}Content-Type: application/node.eks.aws\n\n${FLAGS}--B--\n` })).toEqual([
      'not-read u.txt',
    ]);
    const compressed = text.replace('text/plain', 'application/gzip');
    expect(await checkFiles({ 'u.txt': compressed })).toEqual(['not-read u.txt']);
  });
});

describe('bootstrap.sh', () => {
  const script = (args: string): string => `#!/bin/bash\nset -ex\n/etc/eks/bootstrap.sh my-cluster ${args}\n`;

  test.each([
    ['without extra arguments', '--b64-cluster-ca AAA', [`${CA} pass u.sh`]],
    ['with harmless ones', "--kubelet-extra-args '--max-pods=10 --v=2'", [`${CA} pass u.sh`]],
    [
      'with a flag',
      "--kubelet-extra-args '--max-pods=10 --client-ca-file='",
      [`${CA} fail empty --client-ca-file u.sh:3`],
    ],
    ['over two lines', "\\\n  --kubelet-extra-args '--client-ca-file='", [`${CA} fail empty --client-ca-file u.sh:4`]],
    ['with a variable', '--kubelet-extra-args "$ARGS"', [`${CA} unknown u.sh`]],
  ])('%s', async (_title, args, expected) => {
    expect(await checkFiles({ 'u.sh': script(args) })).toEqual(expected);
  });

  test('beside a command that changes the configuration is unknown', async () => {
    const text = `${script('')}sed -i s/x/y/ /etc/kubernetes/kubelet/kubelet-config.json\n`;
    expect(await checkFiles({ 'u.sh': text })).toEqual([`${CA} unknown u.sh`]);
  });
});

describe('Karpenter and eksctl', () => {
  const indented = (text: string, by: number): string => text.replace(/^(?=.)/gm, ' '.repeat(by));

  test.each([['v1'], ['v1beta1']])('an EC2NodeClass of %s holds user data', async (version) => {
    const head = `apiVersion: karpenter.k8s.aws/${version}\nkind: EC2NodeClass\nmetadata: { name: d }\nspec:\n  userData: |\n`;
    expect(await checkFiles({ 'c.yaml': head + indented(FLAGS, 4) })).toEqual([
      `${CA} fail empty --client-ca-file c.yaml:12`,
    ]);
    expect(await checkFiles({ 'c.yaml': head + indented(mime(['application/node.eks.aws', FLAGS]), 4) })).toEqual([
      `${CA} fail empty --client-ca-file c.yaml:18`,
    ]);
  });

  test('eksctl rejects the settings, and its scripts are read', async () => {
    const head = 'apiVersion: eksctl.io/v1alpha5\nkind: ClusterConfig\nmetadata: { name: c }\n';
    const rejected = `${head}nodeGroups:\n- name: a\n  kubeletExtraConfig:\n    authentication: {}\n`;
    expect(await checkFiles({ 'c.yaml': rejected })).toEqual([expect.stringContaining(`${CA} fail would-not-start`)]);
    const own = `${head}managedNodeGroups:\n- name: a\n  overrideBootstrapCommand: |\n    #!/bin/bash\n    /etc/eks/bootstrap.sh c --kubelet-extra-args '--client-ca-file='\n`;
    expect(await checkFiles({ 'c.yaml': own })).toEqual([`${CA} fail empty --client-ca-file c.yaml:8`]);
  });
});

describe("Cluster API's objects for EKS", () => {
  const object = (kind: string, spec: object): string =>
    JSON.stringify({ apiVersion: 'bootstrap.cluster.x-k8s.io/v1beta2', kind, metadata: { name: 'e' }, spec });

  test.each([
    ['EKSConfig with harmless arguments', 'EKSConfig', { kubeletExtraArgs: { 'max-pods': '10' } }, 'pass'],
    ['EKSConfig that empties the client CA', 'EKSConfig', { kubeletExtraArgs: { 'client-ca-file': '' } }, 'fail'],
    ['NodeadmConfig with a flag', 'NodeadmConfig', { kubelet: { flags: ['--client-ca-file='] } }, 'fail'],
    ['NodeadmConfig with a configuration', 'NodeadmConfig', { kubelet: { config: { authentication: null } } }, 'fail'],
    ['a command that changes it', 'EKSConfig', { preBootstrapCommands: ['sed -i s/clientCAFile.*// /k'] }, 'unknown'],
  ])('%s', async (_title, kind, spec, result) => {
    expect(await checkFiles({ 'e.json': object(kind, spec) })).toEqual([expect.stringContaining(`${CA} ${result}`)]);
    expect(await checkFiles({ 'e.json': object(`${kind}Template`, { template: { spec } }) })).toEqual([
      expect.stringContaining(`${CA} ${result}`),
    ]);
  });

  test('files count too', async () => {
    const unit = {
      path: '/etc/systemd/system/kubelet.service',
      content: '[Service]\nExecStart=/k/kubelet --client-ca-file=\n',
    };
    expect(await checkFiles({ 'e.json': object('EKSConfig', { files: [unit] }) })).toContainEqual(
      expect.stringContaining(`${CA} fail empty`),
    );
  });
});
