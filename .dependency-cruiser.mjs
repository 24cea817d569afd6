// Who may import whom. Everything that is not listed here is forbidden.
// The patterns start anywhere in a path, so that the canary in test/meta can hold a fixture tree to the same rules.

const ours = (path) => `(^|/)src/${path}`;
const npm = (...names) => `(^|/)node_modules/(@types/)?(${names.join('|')})/`;
const node = (...names) => `^(node:)?(${names.join('|')})$`;

const allow = (from, ...to) => ({
  from: { path: ours(from), pathNot: '(^|/)node_modules/' },
  to: { path: to },
});
const allowTypes = (from, ...to) => {
  const rule = allow(from, ...to);
  return { ...rule, to: { ...rule.to, dependencyTypes: ['type-only'] } };
};

const policy = ours('policy/');

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      // but for the credential plugin that a user's kubeconfig names
      name: 'no-child-processes',
      severity: 'error',
      from: { path: ours(''), pathNot: ours('sources/exec-plugin[.]ts$') },
      to: { path: node('child_process', 'cluster') },
    },
    {
      name: 'one-thread-aside',
      severity: 'error',
      from: { path: ours(''), pathNot: ours('(runtime|commands)/aside[.]ts$') },
      to: { path: node('worker_threads') },
    },
    {
      // an import of values beside an import of types must not hide behind it
      name: 'entrances-only-types-of-io',
      severity: 'error',
      from: { path: ours('entrances/') },
      to: { path: [ours('sources/'), ours('runtime/')], dependencyTypesNot: ['type-only'] },
    },
  ],
  allowed: [
    // files of one folder may import each other
    allow('(policy|controls|facts|report|sources|runtime)/', ours('$2/')),
    // one entrance is one file or one folder (or both, of the same name); never one entrance another
    allow('entrances/([^/.]+)[/.]', ours('entrances/$2[/.]')),

    allow('controls/', policy),

    allow('facts/', policy),
    allow('facts/yaml/', npm('yaml')),
    allow('facts/select[.]ts$', npm('jsonpath-plus')),

    allow('report/', policy),

    allow('inspect[.]ts$', policy, ours('facts/')),

    allow('sources/', policy, node('fs', 'fs/promises', 'net', 'tls', 'crypto', 'path')),
    allow('sources/cluster[^/]*[.]ts$', npm('@kubernetes/client-node'), node('timers/promises')),
    allow('sources/kubeconfig/', npm('yaml')),
    allow('sources/exec-plugin[.]ts$', node('child_process')),
    // one way to call a server, and the agents that keep its connections to an API server
    allow('sources/(http|agents)[.]ts$', node('http', 'https')),

    allow('runtime/', policy, npm('pino', 'prom-client', '@peculiar/x509', 'reflect-metadata', 'yaml')),
    {
      from: { path: ours('runtime/') },
      to: { dependencyTypes: ['core'], pathNot: node('child_process', 'https?', 'http2') },
    },

    allowTypes('runtime/', node('http')),

    allow('entrances/', policy, ours('inspect[.]ts$'), ours('report/'), ours('controls/')),
    allowTypes('entrances/', ours('sources/'), ours('runtime/')),
    allow('entrances/webhook/', npm('express'), node('https')),
    // of node:http only the types: what listens on the local port is made by commands/serve.ts
    allowTypes('entrances/', node('http')),

    // the wiring, a file for each command
    allow('commands/', ours(''), '(^|/)node_modules/'),
    { from: { path: ours('commands/') }, to: { dependencyTypes: ['core'] } },

    allow('main[.]ts$', ours(''), '(^|/)node_modules/'),
    { from: { path: ours('main[.]ts$') }, to: { dependencyTypes: ['core'] } },
  ],
  allowedSeverity: 'error',
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
