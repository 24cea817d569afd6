// Attacks that were tried, and problems that operators of such software report, each with the tests that cover it.

import { describe, expect, test } from '@jest/globals';

import { faultOf, type NamedTest } from '../support/named-tests.ts';

const FAULTS = 'test/e2e/machine-faults.e2e.ts';
const IDENTITY = 'test/e2e/sweep-identity.e2e.ts';

const ATTACKS: Readonly<Record<string, readonly NamedTest[]>> = {
  '1 a short text that expands endlessly': [
    ['test/facts/budget.test.ts', 'a document that exceeds the budget is unknown'],
    ['test/facts/pathological.test.ts', 'pods that are costly to check get an answer, and never pass'],
    ['test/differential/reviews.test.ts'],
  ],
  '2 work that grows faster than its input': [
    ['test/meta/regular-expressions.test.ts', 'each regular expression takes time in proportion to the text'],
    ['test/facts/proportional.test.ts', 'twice the text takes about twice the time:'],
    ['test/facts/proportional.test.ts', 'twice as many take about twice the time: %s'],
    ['test/facts/proportional.test.ts', 'the time for a pod is in proportion to its steps: %s'],
    ['test/e2e/hostile-callers.e2e.ts', 'does not delay a healthy caller'],
    ['test/e2e/hostile-reviews.e2e.ts', 'each is denied in time, and costs little'],
    ['test/e2e/hostile-reviews.e2e.ts', 'does not wait longer during the attack'],
    ['test/webhook/http/body-scan.test.ts', 'takes twice the time for twice the length, not more'],
    ['test/policy/link/identity.test.ts', 'an index of many nodes takes time in proportion to their number'],
  ],
  '3 many bodies and connections at once': [
    ['test/webhook/http/body-memory.test.ts', 'memory for large bodies'],
    ['test/e2e/hostile-callers.e2e.ts', 'idle connections are limited, and an API server keeps its own connection'],
    ['test/runtime/connections.test.ts', 'a connection over the limit closes the one that has been idle for longest'],
  ],
  '4 a review as long as an API server can make it': [
    ['test/e2e/largest.e2e.ts'],
    ['test/webhook/http/app.test.ts', 'may be as long as an API server can send'],
  ],
  '5 an object that the API server does not ask about': [
    ['test/webhook/resources.test.ts', 'by a shell that builds its name'],
    ['test/webhook/resources.test.ts', 'that adds an ephemeral container with a component'],
    ['test/e2e/scope.e2e.ts', 'for exactly those updates of a pod that it checks'],
    ['test/e2e/enforce.e2e.ts', 'one cannot get the image that makes it a kube-apiserver'],
  ],
  '6 what cannot be decided, under enforce': [
    ['test/e2e/enforce.e2e.ts', 'with the kustomize component enforce'],
    ['test/differential/kubelet-setups.test.ts'],
    ['test/differential/kubeadm.test.ts'],
  ],
  '7 a caller who makes up the old object': [
    ['test/webhook/validator.test.ts', 'keeps nothing of requests, because anybody who reaches the port can send them'],
  ],
  '8 an account that can point its ValidatingWebhookConfiguration elsewhere': [
    ['test/e2e/protect-registration.e2e.ts', 'cannot get %s from the webhook account'],
    ['test/e2e/writes.e2e.ts'],
  ],
  '9 a key that looks like a merge key and is none, or the reverse': [
    ['test/differential/kubelet-setups.test.ts', 'kubelet'],
    ['test/facts/oracle-recorded.test.ts', 'the verdicts agree with the recorded answers of the real components'],
  ],
  '10 a script on which shells differ': [
    ['test/differential/shell.test.ts', 'generated scripts do not pass if a shell removes a setting'],
  ],
  '11 programs and files of local users': [
    ['test/soak/hosts.test.ts', 'user programs that look like a kubelet change no other finding'],
    ['test/commands/node/host.test.ts', 'a hostile host'],
    ['test/commands/node/hostile.test.ts', 'a user cannot slow the audit down or hide a kubelet with %s'],
  ],
  '12 an object of another shape or kind': [['test/webhook/admission-review.test.ts', 'rejects an object that is %s']],
  '13 a node address that leads to the program itself or to a metadata service': [
    ['test/evidence/addresses.test.ts', 'cannot be an IPv6 address that leads to a forbidden IPv4 address'],
    [
      'test/evidence/configz/configz.test.ts',
      'is not sent if the host name of the node resolves to a loopback address',
    ],
  ],
  '14 what an attacker can do with the capabilities of the agents': [
    ['test/meta/security.test.ts', 'docs/security.md describes what the capabilities of the agents allow'],
  ],
  '15 the sources, tools and rights of a release build': [
    ['test/packaging/workflows.test.ts', 'can write only in the jobs sign, publish and npm'],
    ['test/packaging/workflows.test.ts', 'pins each action to a commit, with the version beside it'],
    ['test/packaging/workflows.test.ts', 'pins the base image and the build tools by digest'],
    ['test/packaging/lock.test.ts', 'every package in the lock file has its hash, also packages of other platforms'],
  ],
  '16 a web page whose name resolves to the local port': [
    ['test/commands/serve/local/port.test.ts', 'is checked for %s %s'],
    ['test/sweeper/schedule.test.ts', 'repeated endlessly, for %s sweeps, leaves a pause between two sweeps'],
  ],
  '17 a feature gate that stops the kubelet: known, and not checked': [
    ['test/facts/oracle-recorded.test.ts', 'the verdicts agree with the recorded answers of the real components'],
  ],
  '18 an internal error in a warning to users': [
    ['test/facts/budget.test.ts', 'a document that exceeds the budget is unknown'],
    ['test/webhook/validator.test.ts', 'an object nested as deep as a body can be does not crash it'],
  ],
  '19 a name or value that is markup on the page': [
    ['test/e2e/page/hostile.e2e.ts', '${what}: is text, and moves nothing else'],
    [
      'test/outputs/html/templates.test.ts',
      'each value of the page stands between tags or in quotes, and nothing but its own script and style is inline',
    ],
  ],
  '20 many slow readers of the page and of its events': [
    ['test/commands/serve/local/shared-page.test.ts', 'is rendered once for all who ask at the same time'],
    ['test/commands/serve/local/shared-page.test.ts', 'has few renderings: another one ends the connections that read'],
    ['test/commands/serve/local/events.test.ts', 'are no more than ${MAX_STREAMS}, and a page that closes makes room'],
  ],
  '21 a page of another site in the same browser': [
    ['test/e2e/page/other-sites.e2e.ts', 'reads nothing with fetch (%s)'],
    ['test/e2e/page/other-sites.e2e.ts', 'whose name leads to the local port (DNS rebinding) gets nothing but 421'],
  ],
};

const REPORTS: Readonly<Record<string, readonly NamedTest[]>> = {
  'two nodes with one address': [['test/policy/link/identity.test.ts', 'two nodes with one address']],
  'a label that takes a node out': [
    [IDENTITY, 'labels that a kubelet sets change no result'],
    [IDENTITY, 'a node that claims to be virtual and does not answer is listed, counted, and unknown'],
  ],
  'kubeconfigs that kubectl reads': [
    ['test/e2e/kubeconfig.e2e.ts', '%s: kubectl and kubelet-guard authenticate as the same user, or both fail'],
    ['test/kube/kubeconfig/access.test.ts', 'a list of kubeconfigs'],
    ['test/kube/kubeconfig/credentials.test.ts', 'the credentials of a request'],
    ['test/kube/http/tunnel.test.ts', 'from the environment is also used for watches'],
  ],
  'one 429, or a new leader of etcd': [
    ['test/e2e/faults.e2e.ts', 'an API server with faults'],
    ['test/kube/retry.test.ts', 'a call that fails for a temporary reason'],
  ],
  'a list whose token expires before its end': [
    ['test/kube/objects/pages.test.ts', 'continue with the token in the answer to an expired one, however often'],
    ['test/sweeper/run/sweep.test.ts', 'no kubelet is asked before all nodes are listed'],
  ],
  'clusters with only IPv6': [
    ['test/e2e/families.e2e.ts'],
    ['test/runtime/listener.test.ts', 'without a host works for IPv4 and IPv6: %s'],
  ],
  'a stolen private key': [
    ['test/e2e/incidents.e2e.ts', 'with a stolen key ends with a new CA, and the old CA is no longer trusted'],
  ],
  'the output of helm template, applied': [
    ['test/packaging/chart.test.ts', 'has no hooks in the output of `helm template`, which other tools apply'],
  ],
  'reports that are no longer wanted': [
    [
      'test/sweeper/reports/history.test.ts',
      'has none of our reports after the setting changed to none, and is not called any more',
    ],
  ],
  'a report API that is down': [
    [
      'test/sweeper/reports/history.test.ts',
      'only delays the stored reports: changes are announced once, and written when the API is back',
    ],
  ],
  'the cost of an idle installation': [
    ['test/e2e/idle.e2e.ts'],
    ['test/kube/cluster.test.ts', 'user-agent'],
    ['test/kube/watch/object-watch.test.ts', 'the watch of pods'],
  ],
  'other programs that answer at the address of a node': [
    [IDENTITY, 'a program that answers for every address proves nothing, and gets no token'],
  ],
  'an outage of etcd or the API server': [
    [FAULTS, 'survives an outage of its API server, loses no finding and reports no pass meanwhile'],
    ['test/e2e/sweep-drift.e2e.ts', 'without etcd a sweep ends in time, and changes nothing'],
  ],
  'a clock that is wrong': [[FAULTS, 'a clock that jumps a hundred days ahead and back does not stop the webhook']],
  'small faults of other programs': [
    ['test/e2e/kubeconfig.e2e.ts', 'a plugin that never exits is killed when kubelet-guard ends'],
    ['test/commands/stoppable.test.ts'],
  ],
  'the age of the audit that an agent stores': [
    ['test/evidence/node-agent/stored-audit.test.ts', 'the audit that an agent stored'],
  ],
};

const MACHINE: Readonly<Record<string, readonly NamedTest[]>> = {
  'kill -9 of the webhook': [[FAULTS, 'that is killed admits nothing bad, and the next process decides the same']],
  'kill -9 of the sweeper': [
    [FAULTS, 'that is killed loses no finding: the next one continues, and no Event is repeated'],
  ],
  'a full disk': [[FAULTS, 'with a full disk keeps its configuration, and loads the next one']],
  'no free file descriptors': [
    [FAULTS, 'without free file descriptors answers again once it has some, and loads what changed'],
    [FAULTS, 'without free file descriptors reports no pass, and everything again once it has some'],
  ],
  'files that are replaced while they are read': [
    [FAULTS, 'whose files are replaced while it reads them never uses half a file'],
  ],
  '410 for a watch or a list': [
    ['test/kube/watch/object-watch.test.ts', 'lists again after 410 Gone, and reports what was deleted meanwhile'],
  ],
};

describe.each([
  ['attacks', ATTACKS, 21],
  ['reports of operators', REPORTS, 16],
  ['faults of the machine', MACHINE, 6],
] as const)('%s', (_what, kinds, count) => {
  test('are all listed', () => {
    expect(Object.keys(kinds)).toHaveLength(count);
  });

  test.each(Object.entries(kinds))('%s', (_kind, tests) => {
    expect(tests).not.toEqual([]);
    expect(tests.flatMap((name) => faultOf(name) ?? [])).toEqual([]);
  });
});
