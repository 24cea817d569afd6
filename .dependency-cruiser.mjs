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
const io = [ours('evidence/'), ours('kube/'), ours('runtime/')];

export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      // but for the credential plugin that a user's kubeconfig names
      name: 'no-child-processes',
      severity: 'error',
      from: { path: ours(''), pathNot: ours('kube/kubeconfig/exec-plugin[.]ts$') },
      to: { path: node('child_process', 'cluster') },
    },
    {
      name: 'one-worker-thread',
      severity: 'error',
      from: { path: ours(''), pathNot: ours('(runtime|commands/serve)/worker[.]ts$') },
      to: { path: node('worker_threads') },
    },
    {
      // an import of values beside an import of types must not hide behind it
      name: 'webhook-and-sweeper-only-types-of-io',
      severity: 'error',
      from: { path: ours('(webhook|sweeper)/') },
      to: { path: io, dependencyTypesNot: ['type-only'] },
    },
    {
      // it is sent to browsers, and knows nothing of the program
      name: 'the-browser-is-apart',
      severity: 'error',
      from: { path: ours('outputs/html/browser/') },
      to: { pathNot: ours('outputs/html/browser/') },
    },
    {
      name: 'nobody-imports-the-browser',
      severity: 'error',
      from: { pathNot: ours('outputs/html/browser/') },
      to: { path: ours('outputs/html/browser/') },
    },
    {
      name: 'no-command-imports-another',
      severity: 'error',
      from: { path: ours('commands/([^/]+)/') },
      to: { path: ours('commands/[^/]+/'), pathNot: ours('commands/$2/') },
    },
  ],
  allowed: [
    allow('(policy|controls|facts|outputs|evidence|kube|runtime|webhook|sweeper)/', ours('$2/')),

    // what reads JSON of unknown shape, for all but the vocabulary
    allow('(controls|facts|outputs|evidence|kube|runtime|webhook|sweeper)/', ours('json[.]ts$')),
    allow('inspect[.]ts$', ours('json[.]ts$')),
    // the nearest known word, for messages about wrong configurations and command lines
    allow('runtime/', ours('did-you-mean[.]ts$')),

    allow('(controls|facts|outputs)/', policy),
    allow('facts/yaml/', npm('yaml')),
    allowTypes('outputs/formats/sarif/', npm('sarif')),
    allow('facts/select[.]ts$', npm('jsonpath-plus')),

    allow('inspect[.]ts$', policy, ours('facts/')),

    allow('(evidence|kube)/', policy, node('fs', 'fs/promises', 'net', 'tls', 'crypto', 'path')),
    allow('evidence/', ours('kube/')),
    allowTypes('evidence/node-agent/', ours('outputs/')),
    allow('kube/cluster[^/]*[.]ts$', npm('@kubernetes/client-node'), node('timers/promises')),
    allow('kube/kubeconfig/', npm('yaml')),
    allow('kube/kubeconfig/exec-plugin[.]ts$', node('child_process')),
    // one way to call a server, and the agents that keep its connections to an API server
    allow('kube/http/(http|agents)[.]ts$', node('http', 'https')),
    allowTypes('kube/http/', node('http')),

    // the choices of `sweep.evidence` are the list of evidence
    allow('runtime/configuration/sweep[.]ts$', ours('evidence/index[.]ts$')),
    allow('runtime/', policy, npm('pino', 'prom-client', '@peculiar/x509', 'reflect-metadata', 'yaml')),
    {
      from: { path: ours('runtime/') },
      to: { dependencyTypes: ['core'], pathNot: node('child_process', 'https?', 'http2') },
    },
    allowTypes('runtime/', node('http')),

    allow('(webhook|sweeper)/', policy, ours('inspect[.]ts$'), ours('outputs/'), ours('controls/')),
    allowTypes('(webhook|sweeper)/', ...io),
    allow('webhook/http/', npm('express'), node('https')),
    allowTypes('webhook/http/', node('http')),

    // what hands things to each other: a room for each command, and what several of them need beside the rooms
    allow('commands/', ours(''), '(^|/)node_modules/'),
    { from: { path: ours('commands/') }, to: { dependencyTypes: ['core'] } },

    allow('(cli|main)[.]ts$', ours(''), '(^|/)node_modules/'),
    { from: { path: ours('(cli|main)[.]ts$') }, to: { dependencyTypes: ['core'] } },
  ],
  allowedSeverity: 'error',
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
