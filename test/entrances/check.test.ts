import { describe, expect, test } from '@jest/globals';

import { check, type CheckRequest } from '../../src/entrances/check/index.ts';
import type { Finding, Inspection, RawDocument, SourceProblem } from '../../src/policy/types.ts';
import { apiServerFinding, kubeletFinding, lostFile, outcomes } from '../support/findings.ts';

const nothing: Inspection = { findings: [], problems: [] };

const results = {
  pass: { findings: [apiServerFinding()], problems: [] },
  fail: { findings: [apiServerFinding({ outcome: outcomes.fail })], problems: [] },
  unknown: { findings: [apiServerFinding({ outcome: outcomes.unknown })], problems: [] },
  broken: { findings: [], problems: [lostFile] },
  nothing,
} satisfies Record<string, Inspection>;

async function* each(items: readonly (RawDocument | SourceProblem)[]): AsyncGenerator<RawDocument | SourceProblem> {
  // one at a time, as from files
  for (const item of items) yield await Promise.resolve(item);
}

/** Each text names what its inspection shows. */
function request(texts: readonly string[], parts: Partial<CheckRequest> = {}): CheckRequest {
  return {
    documents: each(texts.map((text) => ({ form: 'text', path: `${text}.yaml`, text }))),
    inspect: (document) => {
      const text = document.form === 'text' ? document.text : '';
      if (text === 'crash') throw new TypeError('a bug');
      return text in results ? results[text as keyof typeof results] : nothing;
    },
    runId: 'run-1',
    now: () => new Date(0),
    output: 'text',
    failOn: 'unknown',
    style: { color: false, quiet: false },
    ...parts,
  };
}

describe('the exit code', () => {
  test.each([
    // what is found                unknown fail never
    [['pass'], 0, 0, 0],
    [['fail'], 1, 1, 0],
    [['unknown'], 3, 0, 0],
    [['nothing'], 3, 3, 0],
    [[], 3, 3, 0],
    [['broken'], 3, 3, 0],
    [['crash'], 3, 3, 0],
    [['pass', 'unknown'], 3, 0, 0],
    [['pass', 'broken'], 3, 3, 0],
    [['pass', 'crash'], 3, 3, 0],
    [['pass', 'nothing'], 0, 0, 0],
    [['fail', 'unknown'], 1, 1, 0],
    [['unknown', 'broken', 'fail'], 1, 1, 0],
  ] as const)('of %j is %d, with --fail-on fail %d, with never %d', async (texts, unknown, fail, never) => {
    for (const output of ['text', 'json'] as const) {
      const codes = [];
      for (const failOn of ['unknown', 'fail', 'never'] as const) {
        codes.push((await check(request(texts, { output, failOn }))).exitCode);
      }
      expect(codes).toStrictEqual([unknown, fail, never]);
    }
  });
});

test('documents are judged while they arrive, not gathered first', async () => {
  const order: string[] = [];
  async function* documents(): AsyncGenerator<RawDocument> {
    for (const text of ['pass', 'fail']) {
      order.push(`read ${text}`);
      yield await Promise.resolve({ form: 'text', path: text, text });
    }
  }
  const inspect = (document: RawDocument): Inspection => {
    order.push(`judged ${document.form === 'text' ? document.text : ''}`);
    return results.pass;
  };
  await check(request([], { documents: documents(), inspect }));
  expect(order).toStrictEqual(['read pass', 'judged pass', 'read fail', 'judged fail']);
});

test('a document that crashes the judging costs no other its verdict', async () => {
  const { errors, output } = await check(request(['crash', 'fail']));
  expect(errors).toStrictEqual(['crash.yaml: judging it crashed: a bug; please report it with the file [crashed]']);
  expect(output).toContain('FAIL ');
});

test('a path that could not be read is one line, and the rest is judged', async () => {
  const documents = each([lostFile, { form: 'text', path: 'a', text: 'pass' }]);
  const { errors, output } = await check(request([], { documents }));
  expect(errors).toStrictEqual(['secret.yaml: can not be read: give this user the right to read it [forbidden]']);
  expect(output).toContain('0 failed, 1 passed, 0 unknown; not complete: 1 problem');
});

test('nothing to judge is said', async () => {
  expect((await check(request(['nothing']))).errors).toStrictEqual([expect.stringMatching(/^nothing to judge: /)]);
});

test('JSON is the report of the run, whatever is quiet', async () => {
  const { output } = await check(request(['pass', 'fail'], { output: 'json', style: { color: true, quiet: true } }));
  expect(JSON.parse(output)).toMatchObject({
    kind: 'GuardReport',
    run: { id: 'run-1', entrance: 'check', startedAt: '1970-01-01T00:00:00.000Z', complete: true },
    summary: { pass: 1, fail: 1, unknown: 0 },
  });
});

test('a control that is configured off is not judged', async () => {
  const findings: Finding[] = [apiServerFinding({ outcome: outcomes.fail }), kubeletFinding()];
  const { output, exitCode } = await check(
    request(['both'], {
      inspect: () => ({ findings, problems: [] }),
      actionOf: ({ slug }) => (slug === 'apiserver-kubelet-client-cert' ? 'off' : 'audit'),
    }),
  );
  expect(output).not.toContain('apiserver-kubelet-client-cert');
  expect(exitCode).toBe(0);
});
