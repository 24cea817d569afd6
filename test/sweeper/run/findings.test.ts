import { expect, test } from '@jest/globals';

import { openLedger } from '../../../src/sweeper/run/findings.ts';
import { inspect } from '../../../src/inspect.ts';
import { controls } from '../../../src/controls/index.ts';
import { combine } from '../../../src/policy/link/combine.ts';
import type { RawDocument } from '../../../src/policy/document.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import { configz, flagz, hello, unanswered } from './cluster.ts';
import { AMPLE } from '../../support/budget.ts';

function judged(...documents: RawDocument[]): Finding[] {
  return combine(inspect(controls, documents, AMPLE).findings);
}

test('gives back every finding as it came, though alike ones are kept once', () => {
  const ledger = openLedger();
  const general = judged(flagz('api:6443'));
  const kinds = [
    (name: string) => judged(configz(name, '/ca.crt'), hello(name, ['CN=ca'])),
    (name: string) => judged(configz(name, undefined)),
    (name: string) => judged(unanswered(name, 'configz', 'timeout')),
  ];
  const names = Array.from({ length: 30 }, (_, index) => `node-${index}`);
  const byNode = names.map((name, index) => kinds[index % kinds.length]?.(name) ?? []);
  ledger.add(general);
  for (const [index, name] of names.entries()) ledger.addNode(name, byNode[index] ?? []);
  expect([...ledger.findings()]).toEqual([...general, ...byNode.flat()]);
  expect(ledger.hasNode('node-7')).toBe(true);
  expect(ledger.hasNode('node-30')).toBe(false);
});

test('is not fooled by a node whose name is a part of what is found', () => {
  const ledger = openLedger();
  const a = judged(configz('/ca.crt', '/ca.crt'));
  const b = judged(configz('b', '/ca.crt'));
  ledger.addNode('/ca.crt', a);
  ledger.addNode('b', b);
  expect([...ledger.findings()]).toEqual([...a, ...b]);
});
