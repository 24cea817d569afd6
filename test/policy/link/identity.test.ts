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

function identify(seen: ServingNames | undefined, node = NODE, nodes: readonly NodeIdentity[] = CLUSTER): string {
  return identityProblem(node, indexNodes(nodes), seen)?.code ?? 'itself';
}

describe('a process that answers with a certificate', () => {
  test.each<[string, ServingNames]>([
    [
      'signed by the cluster (kubeadm, EKS, GKE, AKS, OpenShift)',
      certificate('system:node:node-1', 'node-1', '10.0.0.1'),
    ],
    ['signed by the cluster, only for names of a cloud', certificate('system:node:node-1', 'ip-10-0-0-1.ec2.internal')],
    ['signed by the kubelet itself (kubeadm, kind, minikube)', certificate('node-1@1732000000', 'node-1')],
    [
      'signed by the kubelet itself, for its host name',
      certificate('node-1.example.com@1732000000', 'node-1.example.com'),
    ],
    ['of k3s and RKE2', certificate('node-1', 'node-1', 'localhost', '127.0.0.1', '10.0.0.1')],
    ['for the node name, without alternative names (AKS before rotation)', certificate('node-1')],
    ['only for the node address (RKE)', certificate('kube-kubelet', '10.0.0.1')],
    ['that all nodes share', certificate('kubelet', '10.0.0.1', '10.0.0.2', '10.0.0.3')],
    ['that all nodes share, by their names', certificate('system:node:node-2', 'node-2', 'node-1')],
    ["for the node's own name, which is also an address of another node", certificate('x', 'node-1')],
  ])('%s is accepted as the node', (_what, seen) => {
    expect(identify(seen)).toBe('itself');
  });

  test.each<[string, ServingNames, string]>([
    ['of another node', certificate('system:node:node-2', 'node-2', '10.0.0.2'), 'wrong-node'],
    [
      "of another node, with this node's address",
      certificate('system:node:node-2', 'node-2', '10.0.0.1'),
      'wrong-node',
    ],
    [
      "of a node of another cluster, with this node's address",
      certificate('system:node:prod-9', '10.0.0.1'),
      'wrong-node',
    ],
    ['signed by another node itself', certificate('node-2@1', 'node-2'), 'wrong-node'],
    ['for the address of another node', certificate('x', '10.0.0.2'), 'wrong-node'],
    ['of a proxy', certificate('corp-tls-inspection'), 'unidentified'],
    ['of a proxy, for every name', certificate('*', '*', '*.*'), 'unidentified'],
    ['without names', certificate(undefined), 'unidentified'],
    ['of a machine that was renamed', certificate('template-vm@1', 'template-vm'), 'unidentified'],
    ['for an address that several nodes have', certificate('x', '203.0.113.7'), 'unidentified'],
    ['of kube-apiserver', certificate('kube-apiserver', 'kubernetes.default.svc', '10.0.0.1'), 'unidentified'],
    ['with only a part of the node name', certificate('node-1.', 'node', 'node-10'), 'unidentified'],
  ])('%s is not accepted as the node', (_what, seen, code) => {
    expect(identify(seen)).toBe(code);
  });

  test('for all names of a domain is accepted as the node if the node name is one label longer', () => {
    const node = nodeOf('ip-10-0-0-1.eu.internal', '10.0.0.1');
    expect(identify(certificate('x', '*.eu.internal'), node, [node])).toBe('itself');
    expect(identify(certificate('x', '*.internal'), node, [node])).toBe('unidentified');
    expect(identify(certificate('x', '*.eu.internal'), NODE)).toBe('unidentified');
    const twin = nodeOf('ip-10-0-0-2.eu.internal', '10.0.0.1');
    expect(identify(certificate('x', '*.eu.internal'), node, [node, twin])).toBe('wrong-node');
  });

  test('signed by a CA that signs only for kubelets is accepted as the node if no other node has this endpoint', () => {
    const seen = { ...certificate('kubelet.internal'), isKubelet: () => true };
    expect(identify(seen)).toBe('itself');
    const twin = { ...nodeOf('twin', '10.0.0.1') };
    expect(identify(seen, NODE, [...CLUSTER, twin])).toBe('wrong-node');
    expect(identify({ ...seen, hosts: ['kubernetes.default.svc'] })).toBe('unidentified');
  });

  test('that was not seen is not accepted as the node', () => {
    expect(identify(undefined)).toBe('unidentified');
  });
});

describe('two nodes with one address', () => {
  const twins = [nodeOf('node-1', '10.0.2.15'), nodeOf('vagrant-2', '10.0.2.15')] as const;
  const by = (seen: ServingNames | undefined) => twins.map((node) => identify(seen, node, twins));

  test('are distinguished by a certificate that names one of them', () => {
    expect(by(certificate('system:node:node-1', 'node-1', '10.0.2.15'))).toEqual(['itself', 'wrong-node']);
    expect(by(certificate('vagrant-2@1', 'vagrant-2'))).toEqual(['wrong-node', 'itself']);
  });

  test('are both unknown if the certificate names neither of them', () => {
    for (const seen of [certificate('kubelet', '10.0.2.15'), certificate('corp-tls-inspection'), undefined]) {
      expect(by(seen)).toEqual(['wrong-node', 'wrong-node']);
    }
    const { message } = identityProblem(twins[1], indexNodes(twins), undefined) ?? {};
    expect(message).toMatch(
      /^vagrant-2 and node-1 all have the endpoint 10\.0\.2\.15:10250, which shows no certificate/,
    );
  });

  test('are not distinguished by an answer through kube-apiserver', () => {
    expect(twins.map((node) => sharedEndpointProblem(node, indexNodes(twins))?.code)).toEqual([
      'wrong-node',
      'wrong-node',
    ]);
    expect(sharedEndpointProblem(NODE, indexNodes(CLUSTER))).toBeUndefined();
  });
});

describe('the names and addresses in the status of a node', () => {
  const named = fc.constantFrom('node-1', 'node-2', 'node-3', 'evil');
  const address = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.66', 'node-1', 'node-2', 'x.example.com');
  const claims = fc.record({
    addresses: fc.array(address, { maxLength: 5 }),
    endpoint: fc.option(fc.constantFrom('10.0.0.1:10250', '10.0.0.1:6443', '10.0.0.2:10250'), { nil: undefined }),
  });

  test('never make the certificate of another node its own', () => {
    fc.assert(
      fc.property(claims, named, (claim, name) => {
        const evil = { name: 'evil', ...claim };
        const nodes = [...CLUSTER, evil];
        const own = name === 'evil' ? 'itself' : 'wrong-node';
        expect(identify(certificate(`system:node:${name}`, name, '10.0.0.1'), evil, nodes)).toBe(own);
        if (name !== 'evil') expect(identify(certificate(`${name}@1`, name), evil, nodes)).toBe('wrong-node');
      }),
    );
  });

  test('never prevent another node from being recognised by its own name', () => {
    fc.assert(
      fc.property(claims, (claim) => {
        const nodes = [...CLUSTER, { name: 'evil', ...claim }];
        expect(identify(certificate('system:node:node-1', 'node-1'), NODE, nodes)).toBe('itself');
        expect(identify(certificate('node-1@1', 'node-1'), NODE, nodes)).toBe('itself');
      }),
    );
  });

  test('may be anything: the message stays bounded', () => {
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

test('an index of many nodes takes time in proportion to their number', () => {
  const count = 20_000;
  const nodes = Array.from({ length: count }, (_, at) => ({ ...nodeOf(`n${at}`, '10.0.2.15'), name: `n${at}` }));
  const directory = indexNodes(nodes);
  expect(directory.nodesAt('10.0.2.15:10250')).toHaveLength(count);
  expect(directory.ownerOf('10.0.2.15')).toBeUndefined();
  expect(directory.ownerOf('n7')).toBe('n7');
});
