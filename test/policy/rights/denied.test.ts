import { describe, expect, test } from '@jest/globals';

import { callProblem, deniedRight, mergeProblems } from '../../../src/policy/rights/denied.ts';

const forbidden = (rest: string) => ({ status: 403, message: `HTTP 403: ${rest}` });
const PODS =
  'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "kube-system"';
const NODES = 'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope';

describe('a right that an API server denies', () => {
  test.each([
    [PODS, 'list pods in kube-system'],
    [NODES, 'list nodes'],
    [
      'configmaps "kubeadm-config" is forbidden: User "jane" cannot get resource "configmaps" in API group "" in the namespace "kube-system"',
      'get configmaps kubeadm-config in kube-system',
    ],
    [
      'deployments.apps "x" is forbidden: User "jane" cannot get resource "deployments" in API group "apps" in the namespace "a"',
      'get deployments.apps x in a',
    ],
    ['forbidden: User "jane" cannot get path "/flagz"', 'get /flagz'],
  ])('is read from %j', (message, right) => {
    expect(deniedRight(message)).toEqual({ user: 'jane', right });
  });

  test('is not read from what an admission policy says', () => {
    expect(deniedRight('pods "x" is forbidden: ValidatingAdmissionPolicy \'x\' denied request: no')).toBeUndefined();
  });
});

describe('the problems of a run', () => {
  test('list the rights of one account in one line, and each other account in another', () => {
    const other = NODES.replace('jane', 'joe');
    const problems = [PODS, NODES, other, PODS].map((message) => callProblem(forbidden(message), 'something'));

    expect(mergeProblems(problems).map(({ problem }) => problem)).toEqual([
      {
        code: 'forbidden',
        message: expect.stringMatching(/^User "jane" cannot list pods in kube-system, list nodes \(/),
      },
      { code: 'forbidden', message: expect.stringMatching(/^User "joe" cannot list nodes \(/) },
    ]);
  });

  test.each([
    [
      { status: 401, message: 'HTTP 401: Unauthorized' },
      'unauthorized',
      'the API server does not accept the credentials',
    ],
    [
      { status: 401, message: 'the credential plugin x failed; y' },
      'unauthorized',
      'the credential plugin x failed; y',
    ],
    [{ code: 'timeout' as const, message: 'no answer' }, 'timeout', 'no answer'],
  ])('list what hinders all calls alike once: %j', (fault, code, words) => {
    const problems = ['pods', 'nodes', 'ConfigMaps'].map((what) => callProblem(fault, what));

    expect(mergeProblems(problems)).toEqual([
      { problem: { code, message: expect.stringContaining(words) }, source: { object: 'the API server' } },
    ]);
  });

  test('list what differs one by one, and lose nothing', () => {
    const problems = ['pods', 'nodes'].map((what) => callProblem({ status: 500, message: 'HTTP 500: no' }, what));

    expect(mergeProblems(problems)).toEqual(problems);
    expect(problems.map(({ problem: { code } }) => code)).toEqual(['unreachable', 'unreachable']);
  });
});
