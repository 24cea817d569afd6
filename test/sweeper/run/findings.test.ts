import { expect, test } from '@jest/globals';

import { SweepFindings } from '../../../src/sweeper/run/findings.ts';
import { inspect } from '../../../src/inspect.ts';
import { controls } from '../../../src/controls/index.ts';
import { combine } from '../../../src/policy/link/combine.ts';
import type { RawDocument } from '../../../src/policy/document.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import { configz, flagz, hello, unanswered } from './cluster.ts';
import { AMPLE } from '../../support/budget.ts';

function findingsOf(...documents: RawDocument[]): Finding[] {
  return combine(inspect(controls, documents, AMPLE).findings);
}

test('gives every finding as it was added, though equal ones are stored once', () => {
  const recorded = new SweepFindings();
  const general = findingsOf(flagz('api:6443'));
  const kinds = [
    (name: string) => findingsOf(configz(name, '/ca.crt'), hello(name, ['CN=ca'])),
    (name: string) => findingsOf(configz(name, undefined)),
    (name: string) => findingsOf(unanswered(name, 'configz', 'timeout')),
  ];
  const names = Array.from({ length: 30 }, (_, index) => `node-${index}`);
  const byNode = names.map((name, index) => kinds[index % kinds.length]?.(name) ?? []);
  recorded.add(general);
  for (const [index, name] of names.entries()) recorded.addNode(name, byNode[index] ?? []);
  expect([...recorded.all()]).toEqual([...general, ...byNode.flat()]);
  expect(recorded.hasNode('node-7')).toBe(true);
  expect(recorded.hasNode('node-30')).toBe(false);
});

test('keeps apart a node whose name is also a value in a finding', () => {
  const recorded = new SweepFindings();
  const a = findingsOf(configz('/ca.crt', '/ca.crt'));
  const b = findingsOf(configz('b', '/ca.crt'));
  recorded.addNode('/ca.crt', a);
  recorded.addNode('b', b);
  expect([...recorded.all()]).toEqual([...a, ...b]);
});

test('stores the findings of a pool once, with the certificates of each host that are the same', () => {
  const recorded = new SweepFindings();
  const seen = (name: string, pool: string): Finding[] =>
    findingsOf(configz(name, '/ca.crt')).map((finding) => ({
      ...finding,
      pool,
      certificates: [
        { use: 'client-ca', path: '/ca.crt', subject: 'CN=a', issuer: 'CN=a', notBefore: '', notAfter: '' },
      ],
    }));
  const names = Array.from({ length: 12 }, (_, index) => `node-${String(index)}`);
  const byNode = names.map((name, index) => seen(name, index < 6 ? 'general' : 'gpu'));
  for (const [index, name] of names.entries()) recorded.addNode(name, byNode[index] ?? []);
  const all = [...recorded.all()];
  expect(all).toEqual(byNode.flat());
  // the lists are shared where the parts that do not name the node are the same objects
  expect(new Set(all.map(({ certificates }) => certificates)).size).toBe(2 * (byNode[0]?.length ?? 0));
});
