import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  indexNodes,
  sharedEndpointProblem,
  identityProblem,
  type NodeIdentity,
  type ServingNames,
} from '../../../src/policy/link/identity.ts';

function nodeOf(name: string, address: string, ...more: readonly string[]): NodeIdentity {
  return { name, addresses: [address, name, ...more], endpoint: `${address}:10250` };
}

function certificate(commonName: string | undefined, ...names: readonly string[]): ServingNames {
  return {
    commonName,
    hosts: names.filter((name) => !/^[\d.]+$/.test(name)),
    addresses: names.filter((name) => /^[\d.]+$/.test(name)),
    isKubelet: () => false,
  };
}

const NODE = nodeOf('node-1', '10.0.0.1', 'node-1.example.com');
const OTHER = nodeOf('node-2', '10.0.0.2', '203.0.113.7');
const THIRD = nodeOf('node-3', '10.0.0.3', '203.0.113.7');
const CLUSTER = [NODE, OTHER, THIRD];

function judge(seen: ServingNames | undefined, node = NODE, nodes: readonly NodeIdentity[] = CLUSTER): string {
  return identityProblem(node, indexNodes(nodes), seen)?.code ?? 'itself';
}

describe('what answers with a certificate', () => {
  test.each<[string, ServingNames]>([
    [
      'that the cluster signed (kubeadm, EKS, GKE, AKS, OpenShift)',
      certificate('system:node:node-1', 'node-1', '10.0.0.1'),
    ],
    [
      'that the cluster signed, for names of a cloud alone',
      certificate('system:node:node-1', 'ip-10-0-0-1.ec2.internal'),
    ],
    ['that the kubelet signed itself (kubeadm, kind, minikube)', certificate('node-1@1732000000', 'node-1')],
    [
      'that the kubelet signed itself, for its host name',
      certificate('node-1.example.com@1732000000', 'node-1.example.com'),
    ],
    ['of k3s and RKE2', certificate('node-1', 'node-1', 'localhost', '127.0.0.1', '10.0.0.1')],
    ['for its name without alternative names (AKS before rotation)', certificate('node-1')],
    ['for its address alone (RKE)', certificate('kube-kubelet', '10.0.0.1')],
    ['that all nodes share', certificate('kubelet', '10.0.0.1', '10.0.0.2', '10.0.0.3')],
    ['that all nodes share, by their names', certificate('system:node:node-2', 'node-2', 'node-1')],
    ['for an address of its own that another took as a name', certificate('x', 'node-1')],
  ])('%s is the node', (_what, seen) => {
    expect(judge(seen)).toBe('itself');
  });

  test.each<[string, ServingNames, string]>([
    ['of another node', certificate('system:node:node-2', 'node-2', '10.0.0.2'), 'wrong-node'],
    ['of another node with its address', certificate('system:node:node-2', 'node-2', '10.0.0.1'), 'wrong-node'],
    ['of a node of another cluster with its address', certificate('system:node:prod-9', '10.0.0.1'), 'wrong-node'],
    ['that another node signed itself', certificate('node-2@1', 'node-2'), 'wrong-node'],
    ['for the address of another node', certificate('x', '10.0.0.2'), 'wrong-node'],
    ['of a proxy', certificate('corp-tls-inspection'), 'unidentified'],
    ['of a proxy for everything', certificate('*', '*', '*.*'), 'unidentified'],
    ['without names', certificate(undefined), 'unidentified'],
    ['of a machine that had another name', certificate('template-vm@1', 'template-vm'), 'unidentified'],
    ['for an address that several have', certificate('x', '203.0.113.7'), 'unidentified'],
    ['of kube-apiserver', certificate('kube-apiserver', 'kubernetes.default.svc', '10.0.0.1'), 'unidentified'],
    ['with a part of its name', certificate('node-1.', 'node', 'node-10'), 'unidentified'],
  ])('%s is not', (_what, seen, code) => {
    expect(judge(seen)).toBe(code);
  });

  test('for all names of a domain is the node, whose name is one label more', () => {
    const node = nodeOf('ip-10-0-0-1.eu.internal', '10.0.0.1');
    expect(judge(certificate('x', '*.eu.internal'), node, [node])).toBe('itself');
    expect(judge(certificate('x', '*.internal'), node, [node])).toBe('unidentified');
    expect(judge(certificate('x', '*.eu.internal'), NODE)).toBe('unidentified');
    const twin = nodeOf('ip-10-0-0-2.eu.internal', '10.0.0.1');
    expect(judge(certificate('x', '*.eu.internal'), node, [node, twin])).toBe('wrong-node');
  });

  test('that a known CA signed for kubelets alone is a kubelet, and that of the node where no other is asked there', () => {
    const seen = { ...certificate('kubelet.internal'), isKubelet: () => true };
    expect(judge(seen)).toBe('itself');
    const twin = { ...nodeOf('twin', '10.0.0.1') };
    expect(judge(seen, NODE, [...CLUSTER, twin])).toBe('wrong-node');
    expect(judge({ ...seen, hosts: ['kubernetes.default.svc'] })).toBe('unidentified');
  });

  test('that was not seen is not known to be the node', () => {
    expect(judge(undefined)).toBe('unidentified');
  });
});

describe('two nodes with one address', () => {
  const twins = [nodeOf('node-1', '10.0.2.15'), nodeOf('vagrant-2', '10.0.2.15')] as const;
  const by = (seen: ServingNames | undefined) => twins.map((node) => judge(seen, node, twins));

  test('are told apart by a certificate that names one of them', () => {
    expect(by(certificate('system:node:node-1', 'node-1', '10.0.2.15'))).toEqual(['itself', 'wrong-node']);
    expect(by(certificate('vagrant-2@1', 'vagrant-2'))).toEqual(['wrong-node', 'itself']);
  });

  test('are both unknown otherwise', () => {
    for (const seen of [certificate('kubelet', '10.0.2.15'), certificate('corp-tls-inspection'), undefined]) {
      expect(by(seen)).toEqual(['wrong-node', 'wrong-node']);
    }
    const { message } = identityProblem(twins[1], indexNodes(twins), undefined) ?? {};
    expect(message).toMatch(
      /^vagrant-2 and node-1 all have the endpoint 10\.0\.2\.15:10250, which shows no certificate/,
    );
  });

  test('are not told apart by what kube-apiserver hears there', () => {
    expect(twins.map((node) => sharedEndpointProblem(node, indexNodes(twins))?.code)).toEqual([
      'wrong-node',
      'wrong-node',
    ]);
    expect(sharedEndpointProblem(NODE, indexNodes(CLUSTER))).toBeUndefined();
  });
});

describe('what a node says of itself', () => {
  const named = fc.constantFrom('node-1', 'node-2', 'node-3', 'evil');
  const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.66', 'node-1', 'node-2', 'x.example.com');
  const claims = fc.record({
    addresses: fc.array(address, { maxLength: 5 }),
    endpoint: fc.option(fc.constantFrom('10.0.0.1:10250', '10.0.0.1:6443', '10.0.0.2:10250'), { nil: undefined }),
  });

  test('never makes the certificate of another node its own', () => {
    fc.assert(
      fc.property(claims, named, (claim, name) => {
        const evil = { name: 'evil', ...claim };
        const nodes = [...CLUSTER, evil];
        const own = name === 'evil' ? 'itself' : 'wrong-node';
        expect(judge(certificate(`system:node:${name}`, name, '10.0.0.1'), evil, nodes)).toBe(own);
        if (name !== 'evil') expect(judge(certificate(`${name}@1`, name), evil, nodes)).toBe('wrong-node');
      }),
    );
  });

  test('never keeps a node from being known by its own name', () => {
    fc.assert(
      fc.property(claims, (claim) => {
        const nodes = [...CLUSTER, { name: 'evil', ...claim }];
        expect(judge(certificate('system:node:node-1', 'node-1'), NODE, nodes)).toBe('itself');
        expect(judge(certificate('node-1@1', 'node-1'), NODE, nodes)).toBe('itself');
      }),
    );
  });

  test('is decided whatever it is, in bounded words', () => {
    const text = fc.string({ maxLength: 300 });
    const seen = fc.record({
      commonName: fc.option(text, { nil: undefined }),
      hosts: fc.array(text),
      addresses: fc.array(text),
      isKubelet: fc.boolean().map((is) => () => is),
    });
    fc.assert(
      fc.property(seen, fc.array(text), (shown, addresses) => {
        const node = { name: 'n', addresses, endpoint: 'n:10250' };
        const stranger = identityProblem(node, indexNodes([node, ...CLUSTER]), shown);
        expect((stranger?.message ?? '').length).toBeLessThan(1000);
      }),
    );
  });
});

test('the directory of many nodes takes a time that grows as they do', () => {
  const count = 20_000;
  const nodes = Array.from({ length: count }, (_, at) => ({ ...nodeOf(`n${at}`, '10.0.2.15'), name: `n${at}` }));
  const directory = indexNodes(nodes);
  expect(directory.nodesAt('10.0.2.15:10250')).toHaveLength(count);
  expect(directory.ownerOf('10.0.2.15')).toBeUndefined();
  expect(directory.ownerOf('n7')).toBe('n7');
});
