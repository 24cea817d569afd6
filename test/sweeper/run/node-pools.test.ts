import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { findingKey } from '../../../src/policy/finding-key.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import type { RawDocument } from '../../../src/policy/document.ts';
import type { SweepDeps } from '../../../src/sweeper/run/deps.ts';
import { noHistory } from '../../../src/sweeper/reports/history.ts';
import { apiServerPod, configz, evidence, node, run, stream, unanswered } from './cluster.ts';

/** A cluster of a control plane and workers: one passes, one fails, one does not answer. */
function clusterWith(poolOf: (name: string) => string | undefined): Partial<SweepDeps> {
  const answers: Readonly<Record<string, (name: string) => RawDocument>> = {
    bad: (name) => configz(name, undefined),
    silent: (name) => unanswered(name, 'configz', 'timeout'),
  };
  return {
    objects: () => stream([apiServerPod('kube-apiserver-cp', '10.9.0.1')]),
    nodes: () =>
      stream([
        [node('cp', { isControlPlane: true, pool: poolOf('cp') })],
        ['good', 'bad', 'silent'].map((name) => node(name, { pool: poolOf(name) })),
      ]),
    evidence: [evidence('configz', (name) => (answers[name] ?? ((good) => configz(good, '/ca.crt')))(name))],
    askApiServers: undefined,
  };
}

describe('the pool of a node', () => {
  test('is in the findings about its kubelet and its kube-apiserver, whatever their result', async () => {
    const { findings } = await run(clusterWith((name) => (name === 'good' ? undefined : `pool-of-${name}`)));
    for (const { subject, pool } of findings.all()) {
      expect(pool).toBe(subject.node === 'good' ? undefined : `pool-of-${subject.node ?? ''}`);
    }
    expect([...findings.all()].map(({ subject }) => subject.component)).toContain('kube-apiserver');
  });

  test('changes no result, no count, no key, and nothing that is compared with the next sweep', async () => {
    const sweep = async (poolOf: (name: string) => string | undefined) => {
      const saved: unknown[] = [];
      const history: SweepDeps['history'] = {
        ...noHistory,
        save: (about, findings) => {
          saved.push(about, findings.map(findingKey));
          return Promise.resolve([]);
        },
      };
      const { findings, counts, link, nodes } = await run({ ...clusterWith(poolOf), history });
      const plain = Array.from(findings.all(), ({ pool: _pool, ...finding }): Finding => finding);
      return { plain, summary: counts.summary, link, nodes, saved };
    };
    const without = await sweep(() => undefined);
    const name = fc.option(fc.string({ unit: 'binary', minLength: 1, maxLength: 63 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom('cp', 'good', 'bad', 'silent'), name), async (pools) => {
        expect(await sweep((of) => pools[of])).toEqual(without);
      }),
      { numRuns: 50 },
    );
  });
});
