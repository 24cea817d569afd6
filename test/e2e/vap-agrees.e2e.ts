// Compares the exported policy with kubelet-guard: if the policy has a result, both have the same.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { parse, parseAllDocuments } from 'yaml';

import { controls } from '../../src/controls/index.ts';
import { inspect } from '../../src/inspect.ts';
import { podQuery } from '../differential/generate/pods.ts';
import { scale, seed } from '../differential/support/compare.ts';
import { fixturesOf } from '../support/fixtures.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { pods, type GeneratedPod } from './vap-pods.ts';
import { Bench, SLUG } from './vap-policies.ts';
import { AMPLE } from '../support/budget.ts';

jest.setTimeout(240_000 * scale);

const TOGETHER = 8;
const control = controls.filter(({ slug }) => slug === SLUG);

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'the result of the exported policy', () => {
  const cleanup = new Cleanup();
  let bench: Bench;

  beforeAll(async () => {
    bench = await Bench.start(cleanup);
    await bench.install(cleanup, '{ action: enforce }');
  }, 120_000);
  afterAll(() => cleanup.run(), 60_000);

  test('for the manifest that kubeadm writes is a pass, and without the key a violation', async () => {
    const text = readFileSync(join(import.meta.dirname, '../fixtures/kubeadm-v1.37.2/kube-apiserver.yaml'), 'utf8');
    const good = parse(text) as GeneratedPod;
    const bad = parse(text.replace(/^.*--kubelet-client-key=.*\n/m, '')) as GeneratedPod;

    expect(await bench.check(good)).toMatchObject({ answer: { status: 201 }, verdict: 'pass' });
    expect(await bench.check(bad)).toMatchObject({ answer: { status: 403 }, verdict: 'fail' });
  });

  test('for the fixtures of the control equals that of kubelet-guard', async () => {
    const documents = fixturesOf(SLUG).flatMap(({ text }) =>
      parseAllDocuments(text).flatMap((document) => podIn(document.toJS()) ?? []),
    );
    const { disagreements, claimed } = await compare(documents);

    expect(documents.length).toBeGreaterThan(35);
    expect(disagreements).toEqual([]);
    expect(claimed.fail).toBeGreaterThanOrEqual(8);
    expect(claimed.pass).toBeGreaterThanOrEqual(5);
  });

  test('for generated pods equals that of kubelet-guard', async () => {
    const { disagreements, claimed } = await compare(fc.sample(pods, { numRuns: 1_200 * scale, seed }));

    expect(disagreements).toEqual([]);
    expect(claimed.fail).toBeGreaterThan(150);
    expect(claimed.pass).toBeGreaterThan(30);
  });

  test('for the pods of the comparison with the kubelet equals that of kubelet-guard', async () => {
    const documents = fc
      .sample(podQuery, { numRuns: 1_600 * scale, seed })
      .flatMap((query) => ('document' in query ? (podIn(parsed(query.document)) ?? []) : []));
    const { disagreements, claimed } = await compare(documents);

    expect(disagreements).toEqual([]);
    // about 65, by chance
    expect(claimed.fail).toBeGreaterThan(15);
  });

  /** Asks the API server and kubelet-guard about pods. A pod that is denied for another reason does not count. */
  async function compare(documents: readonly GeneratedPod[]) {
    const claimed = { pass: 0, fail: 0 };
    const silent = { pass: 0, fail: 0, unknown: 0, none: 0 };
    const disagreements: string[] = [];
    let taken = 0;
    for (let at = 0; at < documents.length; at += TOGETHER) {
      const written = await Promise.all(
        documents.slice(at, at + TOGETHER).map(async (object) => ({ object, ...(await bench.write(object)) })),
      );
      const valid = written.filter(({ answer }) => answer.status === 201 || answer.message.includes(SLUG));
      taken += valid.length;
      const verdicts = await bench.verdictsOf(valid.map(({ name }) => name));
      for (const { object, name, answer } of valid) {
        const verdict = verdicts.get(name);
        const own = resultOf(object);
        const isDenied = answer.status === 403;
        if (isDenied !== (verdict === 'fail') || (verdict !== undefined && verdict !== own)) {
          disagreements.push(`${verdict ?? 'silent'} (${answer.status}), not ${own}: ${JSON.stringify(object.spec)}`);
        } else if (verdict === 'pass' || verdict === 'fail') claimed[verdict] += 1;
        else silent[own] += 1;
      }
    }
    const counts = JSON.stringify({ claimed, silent });
    process.stderr.write(
      `${taken} of ${documents.length} pods are valid: ${counts}; again with DIFFERENTIAL_SEED=${seed}\n`,
    );
    return { claimed, disagreements: disagreements.slice(0, 5) };
  }
});

/** The result of kubelet-guard for a pod: that of its worst container. */
function resultOf(value: GeneratedPod): 'pass' | 'fail' | 'unknown' | 'none' {
  const { findings } = inspect(
    control,
    [{ form: 'object', source: { object: 'Pod' }, vantage: 'running', value }],
    AMPLE,
  );
  const results = new Set(findings.map(({ outcome }) => outcome.result));
  return (['fail', 'unknown', 'pass'] as const).find((result) => results.has(result)) ?? 'none';
}

/** The pod, or pod template, of a document, completed with what an API server requires. */
function podIn(document: unknown): GeneratedPod | undefined {
  if (typeof document !== 'object' || document === null) return undefined;
  const { kind, spec, metadata } = document as Partial<GeneratedPod>;
  if (typeof spec !== 'object' || (spec as unknown) === null) return undefined;
  if ('template' in spec) return podIn({ kind: 'Pod', ...(spec.template as object) });
  if (kind !== 'Pod') return undefined;
  const mounted = new Set<string>();
  JSON.stringify(spec, (key, value: unknown) => {
    if (key === 'volumeMounts' && Array.isArray(value))
      for (const mount of value as ({ name?: unknown } | null)[]) mounted.add(String(mount?.name));
    return value;
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x', namespace: 'kube-system', ...(metadata?.labels && { labels: metadata.labels }) },
    spec: { ...spec, nodeName: undefined, volumes: [...mounted].map((name) => ({ name, emptyDir: {} })) },
  };
}

function parsed(text: string): unknown {
  try {
    return parse(text) as unknown;
  } catch {
    return undefined;
  }
}
