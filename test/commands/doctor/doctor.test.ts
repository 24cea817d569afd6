import { expect, test } from '@jest/globals';

import { controls } from '../../../src/controls/index.ts';
import { examine, type DoctorDeps } from '../../../src/commands/doctor/doctor.ts';
import { doctorExitCode } from '../../../src/commands/doctor/report.ts';
import { readOnlyApi } from '../../../src/kube/read-only-api.ts';
import { bundleFacts, servingFacts } from '../../../src/evidence/certificates/serving.ts';

const { signal } = new AbortController();

function doctorDeps(answer: (path: string) => Promise<string>): DoctorDeps & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    api: readOnlyApi(async ({ path }) => {
      asked.push(path);
      return { status: 200, contentType: 'application/json', text: await answer(path) };
    }),
    controls,
    server: 'https://127.0.0.1:6443',
    context: 'prod',
    namespace: undefined,
    configuration: undefined,
    readSettings: () => {
      throw new Error('1:1: not a configuration');
    },
    bundleFacts,
    servingFacts,
    decode: (base64) => Buffer.from(base64, 'base64').toString(),
    now: new Date('2026-11-26T12:00:00Z'),
  };
}

test('an API server that does not answer is asked once, and is one line', async () => {
  const silent = doctorDeps(() => Promise.reject(new Error('no answer within 10000 ms')));

  const checks = await examine(silent, signal);

  expect(silent.asked).toEqual(['/version']);
  const message = 'context prod, https://127.0.0.1:6443: no answer within 10000 ms';
  expect(checks).toEqual([{ check: 'cluster', result: 'unknown', message }]);
  expect(doctorExitCode(checks)).toBe(3);
});

test.each(['null', '[]', '{}', '""', 'x', '{"data":{"guard.yaml":"x"},"webhooks":[1],"items":[2]}'])(
  'a malformed answer makes no check ok: %s',
  async (text) => {
    const checks = await examine(
      doctorDeps(() => Promise.resolve(text)),
      signal,
    );
    const results = Object.fromEntries(checks.map(({ check, result }) => [check, result]));

    if (!text.includes('items')) expect(results['other-webhooks']).not.toBe('ok');
    expect(results.cluster).toBe('unknown');
    for (const check of ['registration', 'certificate', 'canary', 'rights', 'policies', 'configuration']) {
      expect(results[check]).not.toBe('ok');
    }
  },
);
