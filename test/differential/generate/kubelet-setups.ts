// A kubelet's command line, configuration file and drop-ins.

import fc from 'fast-check';

import type { Query } from '../../support/oracle.ts';
import { commandLine } from './command-lines.ts';
import { fieldsOf, nulls, texts, treeOf, wrong } from './trees.ts';
import { damaged, mapping, spelled, type Entry, type Tree } from './yaml.ts';

const PATHS = [
  '/etc/kubernetes/pki/ca.crt',
  '/a.crt',
  'ca.crt',
  '../ca.crt',
  './x//y.crt',
  '"/b.crt"',
  "'/c'",
  '$DIR/ca.crt',
  '""',
];
const DROP_INS = [
  '10-a.conf',
  '20-b.conf',
  'B.conf',
  'sub/05.conf',
  'sub.conf',
  'sub-1/x.conf',
  'é.conf',
  '.conf',
  'a/b/c.conf',
  '10-a/z.conf',
];
const NO_DROP_INS = ['a.yaml', 'b.conf.bak', 'c.CONF', 'd.confx', 'conf', 'sub/e.json', '10-a.conf~'];

/** The values of the client CA file. */
const caFile: fc.Arbitrary<Tree> = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...PATHS) },
  { weight: 3, arbitrary: fc.constantFrom(...texts) },
  { weight: 3, arbitrary: fc.constantFrom(...nulls) },
  { weight: 1, arbitrary: fc.constantFrom(...wrong) },
  { weight: 1, arbitrary: fc.constantFrom('*path', '*none') },
);

/** A key in the right spelling, or sometimes in another. */
function keyed(name: string, value: fc.Arbitrary<Tree>): fc.Arbitrary<Entry> {
  const dashed = name.replaceAll(/[A-Z]+/g, (letters) => `-${letters.toLowerCase()}`);
  return fc
    .tuple(
      fc.oneof(
        { weight: 15, arbitrary: fc.constant(name) },
        fc.constantFrom(
          name.toLowerCase(),
          name.toUpperCase(),
          dashed,
          ` ${name}`,
          name.replace('s', 'ſ').replace('k', 'K'),
        ),
      ),
      value,
    )
    .map(([key, tree]): Entry => [key, tree]);
}

/** The entries of a mapping: usually this one; sometimes twice, with others, or another value instead of a mapping. */
function holding(entry: fc.Arbitrary<Entry>, others: fc.Arbitrary<Entry[]>): fc.Arbitrary<Tree> {
  const entries = fc
    .tuple(others, fc.array(entry, { minLength: 1, maxLength: 2 }), fc.nat(), merges)
    .map(([fields, ours, position, merged]) =>
      mapping(fields.toSpliced(position % (fields.length + 1), 0, ...ours).concat(merged)),
    );
  const once = fc.tuple(entry, others).map(([ours, fields]) => mapping([ours, ...fields]));
  return fc.oneof(
    { weight: 12, arbitrary: once },
    { weight: 5, arbitrary: entries },
    { weight: 1, arbitrary: fc.constantFrom(...nulls, ...wrong) },
    { weight: 1, arbitrary: fc.constantFrom<Tree>('*base', '*x509', '*none', mapping([['<<', '*base']])) },
  );
}

const merges: fc.Arbitrary<Entry[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Entry[]>([]) },
  fc.constantFrom<Entry[]>(
    [['<<', '*base']],
    [['<<', '*x509']],
    [['<<', ['*base', '*x509']]],
    [['<<', mapping([['clientCAFile', '/merged.crt']])]],
    [['<<', mapping([['x509', mapping([['clientCAFile', '/merged.crt']])]])]],
    [['"<<"', '*base']],
    [['<<', 'text']],
    [['<<', '*path']],
  ),
);

const x509 = holding(keyed('clientCAFile', caFile), fieldsOf('KubeletX509Authentication', 1));
const anonymous = holding(keyed('enabled', treeOf('bool')), fieldsOf('KubeletAnonymousAuthentication', 1));
const besidesX509 = fc
  .tuple(fieldsOf('KubeletAuthentication', 1), fc.array(keyed('anonymous', anonymous), { maxLength: 1 }))
  .map((entries) => entries.flat());
const authentication = holding(keyed('x509', x509), besidesX509);

/** The values of the authorization mode. */
const mode: fc.Arbitrary<Tree> = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('Webhook', 'AlwaysAllow', '"Webhook"', 'webhook', '""', 'RBAC') },
  { weight: 2, arbitrary: fc.constantFrom(...texts) },
  { weight: 3, arbitrary: fc.constantFrom(...nulls) },
  { weight: 1, arbitrary: fc.constantFrom(...wrong) },
);
const authorization = holding(keyed('mode', mode), fieldsOf('KubeletAuthorization', 1));
const anchors: fc.Arbitrary<Entry[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Entry[]>([]) },
  fc.constantFrom<Entry[]>(
    [['x-anchors', mapping([['a', '&path /anchored.crt']])]],
    [
      [
        'x-anchors',
        mapping([
          ['b', '&base {x509: {clientCAFile: /base.crt}, anonymous: {enabled: true}, mode: AlwaysAllow}'],
          ['c', '&x509 {clientCAFile: /x509.crt}'],
        ]),
      ],
    ],
    [['x-anchors', ['&path /list.crt', '&base {}', '&x509 {clientCAFile: null}']]],
  ),
);

const header: fc.Arbitrary<Entry[]> = fc.oneof(
  {
    weight: 60,
    arbitrary: fc.constant<Entry[]>([
      ['apiVersion', 'kubelet.config.k8s.io/v1beta1'],
      ['kind', 'KubeletConfiguration'],
    ]),
  },
  fc.constantFrom<Entry[]>(
    [
      ['kind', '"KubeletConfiguration"'],
      ['apiVersion', "'kubelet.config.k8s.io/v1beta1'"],
    ],
    [['kind', 'KubeletConfiguration']],
    [['apiVersion', 'kubelet.config.k8s.io/v1beta1']],
    [
      ['apiVersion', 'kubelet.config.k8s.io/v1'],
      ['kind', 'KubeletConfiguration'],
    ],
    [
      ['apiVersion', 'kubelet.config.k8s.io/v1beta1'],
      ['kind', 'CredentialProviderConfig'],
    ],
    [
      ['apiVersion', 'kubelet.config.k8s.io/v1beta1'],
      ['kind', 'SerializedNodeConfigSource'],
    ],
    [
      ['APIVersion', 'kubelet.config.k8s.io/v1beta1'],
      ['KIND', 'KubeletConfiguration'],
    ],
    [
      ['apiVersion', 'kubelet.config.k8s.io/v1beta1'],
      ['kind', 'KubeletConfiguration'],
      ['KIND', 'Other'],
    ],
    [
      ['apiVersion', 'kubelet.config.k8s.io/v1beta1'],
      ['kind', 'KubeletConfiguration'],
      ['kind', 'Other'],
    ],
    [
      ['apiVersion', 'kubelet.config.k8s.io/v1beta1'],
      ['kind', 'null'],
    ],
    [
      ['apiVersion', 'kubelet.config.k8s.io/v1beta1'],
      ['kind', '5'],
    ],
    [
      ['apiVersion', 'v1'],
      ['kind', 'Pod'],
    ],
    [
      ['apiVersion', '/kubelet.config.k8s.io/v1beta1'],
      ['kind', 'KubeletConfiguration'],
    ],
    [
      ['apiVersion', 'kubelet.config.k8s.io/__internal'],
      ['kind', 'KubeletConfiguration'],
    ],
    [],
  ),
);

const document: fc.Arbitrary<Tree> = fc
  .tuple(
    header,
    anchors,
    fieldsOf('KubeletConfiguration', 3),
    fc.array(keyed('authentication', authentication), { maxLength: 2 }),
    fc.array(keyed('authorization', authorization), { maxLength: 1 }),
    fc.nat(),
    fc.nat({ max: 3 }),
  )
  .map(([head, shared, fields, authn, authz, position, twice]) => {
    const ours = [...authn.slice(0, twice === 0 ? 2 : 1), ...authz];
    const inner = fields.toSpliced(position % (fields.length + 1), 0, ...ours);
    return mapping([...head, ...shared, ...inner]);
  });

/** The text of a configuration or drop-in. */
export const configurationText: fc.Arbitrary<string> = fc.oneof(
  { weight: 30, arbitrary: damaged(spelled(document), 15) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '\n',
      '# nothing\n',
      '---\n',
      'null',
      '[]',
      'text',
      '{',
      '{}',
      '...',
      '\u0000',
      '- a\n',
      '"x"',
      '{}{}',
    ),
  },
);

/** The queries: setups of kubelets. */
export const kubeletSetup: fc.Arbitrary<Query> = fc
  .record({
    loose: fc.oneof(
      { weight: 3, arbitrary: fc.constant<string[]>([]) },
      { weight: 1, arbitrary: commandLine('kubelet') },
    ),
    flag: fc.oneof(
      { weight: 5, arbitrary: fc.constant<string[]>([]) },
      fc.constantFrom(...['/flag.crt', '', 'rel.crt', ' '].map((value) => [`--client-ca-file=${value}`])),
      fc.constantFrom(
        ...['', '=false', '=T', '=yes'].map((value) => [`--anonymous-auth${value}`]),
        ...['Webhook', 'AlwaysAllow', '', 'x'].map((value) => [`--authorization-mode=${value}`]),
      ),
    ),
    config: fc.oneof(
      { weight: 8, arbitrary: fc.constant(['--config=$DIR/config.yaml']) },
      fc.constantFrom(
        ...[
          [],
          ['--config='],
          ['--config', '$DIR/none.yaml'],
          ['--config', '$DIR/config.yaml'],
          ['--config=$DIR/conf.d'],
          ['--config=$DIR//./config.yaml'],
        ],
      ),
    ),
    directory: fc.oneof(
      { weight: 5, arbitrary: fc.constant<string[]>([]) },
      { weight: 5, arbitrary: fc.constant(['--config-dir=$DIR/conf.d']) },
      fc.constantFrom(
        ...[
          ['--config-dir=$DIR/none'],
          ['--config-dir='],
          ['--config-dir', '$DIR/conf.d/'],
          ['--config_dir=$DIR/conf.d/10-a.conf'],
        ],
      ),
    ),
    file: configurationText,
    dropIns: fc.dictionary(
      fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...DROP_INS) }, fc.constantFrom(...NO_DROP_INS)),
      configurationText,
      { maxKeys: 3, noNullPrototype: true },
    ),
    flagFirst: fc.boolean(),
  })
  .map(({ loose, flag, config, directory, file, dropIns, flagFirst }): Query => {
    const files = Object.fromEntries(Object.entries(dropIns).map(([name, text]) => [`conf.d/${name}`, text]));
    const args = flagFirst
      ? [...flag, ...config, ...directory, ...loose]
      : [...loose, ...directory, ...config, ...flag];
    return { component: 'kubelet', args, files: { 'config.yaml': file, ...files, 'conf.d/readme': '' } };
  });
