import { describe, expect, test } from '@jest/globals';

import { apiserverKubeletCA } from '../../../src/controls/apiserver-kubelet-ca.ts';
import { check as checkWith, type CheckDeps, type CheckOptions } from '../../../src/commands/check/check.ts';
import type { ControlMetadata, Exemption } from '../../../src/policy/control.ts';
import type { RawDocument } from '../../../src/policy/document.ts';
import type { Finding, Inspection } from '../../../src/policy/finding.ts';
import type { SourceProblem } from '../../../src/policy/reading.ts';
import { reportRun } from '../../../src/outputs/report.ts';
import { apiServerFinding, kubeletFinding, lostFile, outcomes } from '../../support/findings.ts';
import { rendered, type Shown } from '../../support/rendered.ts';

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

type CheckRequest = CheckOptions & CheckDeps & Shown;

const check = async (request: CheckRequest) => rendered(await checkWith(request, request), request);

/** Each text names the result of its inspection. */
function request(texts: readonly string[], parts: Partial<CheckRequest> = {}): CheckRequest {
  return {
    documents: each(texts.map((text) => ({ form: 'text', path: `${text}.yaml`, text }))),
    inspect: (document) => {
      const text = document.form === 'text' ? document.text : '';
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
    [['pass', 'unknown'], 3, 0, 0],
    [['pass', 'broken'], 3, 3, 0],
    [['pass', 'nothing'], 0, 0, 0],
    [['fail', 'unknown'], 1, 1, 0],
    [['unknown', 'broken', 'fail'], 1, 1, 0],
  ] as const)('of %j is %d, with --fail-on fail %d, with --fail-on never %d', async (texts, unknown, fail, never) => {
    for (const output of ['text', 'json'] as const) {
      const codes = [];
      for (const failOn of ['unknown', 'fail', 'never'] as const) {
        codes.push((await check(request(texts, { output, failOn }))).exitCode);
      }
      expect(codes).toStrictEqual([unknown, fail, never]);
    }
  });
});

test('documents are checked as they arrive, not collected first', async () => {
  const order: string[] = [];
  async function* documents(): AsyncGenerator<RawDocument> {
    for (const text of ['pass', 'fail']) {
      order.push(`read ${text}`);
      yield await Promise.resolve({ form: 'text', path: text, text });
    }
  }
  const inspect = (document: RawDocument): Inspection => {
    order.push(`checked ${document.form === 'text' ? document.text : ''}`);
    return results.pass;
  };
  await check(request([], { documents: documents(), inspect }));
  expect(order).toStrictEqual(['read pass', 'checked pass', 'read fail', 'checked fail']);
});

test('a path that cannot be read is one line on stderr, and the rest is checked', async () => {
  const documents = each([lostFile, { form: 'text', path: 'a', text: 'pass' }]);
  const { errors, output } = await check(request([], { documents }));
  expect(errors).toStrictEqual(['secret.yaml: cannot be read: give this user the right to read it [forbidden]']);
  expect(output).toContain('\n1 kube-apiserver configuration passes\nincomplete: 1 file was not checked');
});

test('a message is printed if there is nothing to check', async () => {
  expect((await check(request(['nothing']))).errors).toStrictEqual([expect.stringMatching(/^nothing to check: /)]);
});

test('JSON output is the whole report, also with --quiet', async () => {
  const { output } = await check(request(['pass', 'fail'], { output: 'json', style: { color: true, quiet: true } }));
  expect(JSON.parse(output)).toMatchObject({
    kind: 'GuardReport',
    run: { id: 'run-1', entrance: 'check', startedAt: '1970-01-01T00:00:00.000Z', complete: true },
    summary: { pass: 1, fail: 1, unknown: 0 },
  });
});

test('a control that the configuration turns off is not used', async () => {
  const findings: Finding[] = [apiServerFinding({ outcome: outcomes.fail }), kubeletFinding()];
  const { output, exitCode } = await check(
    request(['both'], {
      inspect: () => ({ findings, problems: [] }),
      policy: { action: ({ slug }) => (slug === 'apiserver-kubelet-client-cert' ? 'off' : 'audit'), exemptions: [] },
    }),
  );
  expect(output).not.toContain('apiserver-kubelet-client-cert');
  expect(exitCode).toBe(0);
});

test.each([
  ['without a configuration', undefined, 0],
  ['not named', 'off', 0],
  ['named', 'audit', 1],
] as const)('a supporting control is used only if the configuration names it: %s', async (_name, action, expected) => {
  const supporting = apiServerFinding({ control: apiserverKubeletCA, outcome: outcomes.fail });
  const policy = action && {
    action: (control: ControlMetadata) => (control.supporting ? action : 'audit'),
    exemptions: [],
  };
  const { output, exitCode } = await check(
    request(['both'], {
      inspect: () => ({ findings: [apiServerFinding(), supporting], problems: [] }),
      ...(policy && { policy }),
    }),
  );
  expect(exitCode).toBe(expected);
  expect(output.includes('apiserver-kubelet-ca')).toBe(expected === 1);
});

/** A configuration with these exemptions; the run is on 1970-01-01. */
function exempting(...exemptions: readonly Partial<Exemption>[]): Partial<CheckRequest> {
  const whole = exemptions.map((parts) => ({
    control: 'apiserver-kubelet-client-cert',
    subject: 'pod/kube-system/kube-apiserver-*',
    reason: 'vendor appliance, ticket 4711',
    expires: '1970-01-01',
    ...parts,
  }));
  return { policy: { action: () => 'enforce', exemptions: whole } };
}

describe('an exemption', () => {
  test.each([
    [['fail'], 0],
    [['unknown'], 0],
    [['fail', 'pass'], 0],
    [['fail', 'broken'], 3],
  ] as const)('applied to %j gives exit code %d', async (texts, exitCode) => {
    expect((await check(request(texts, exempting({})))).exitCode).toBe(exitCode);
  });

  test('is printed with its reason and expiry date, and without a remedy', async () => {
    const { output, errors } = await check(request(['fail'], exempting({})));
    expect(output).toMatch(
      /^EXEMPT {3}apiserver-.*\n {9}exempt until 1970-01-01: vendor appliance, ticket 4711\n {9}--kubelet-client-key is not/,
    );
    expect(output).not.toContain('To fix');
    expect(output).toMatch(/\n1 kube-apiserver configuration is exempt\n$/);
    expect(errors).toStrictEqual([]);
  });

  test('is in the report, but not for a finding that passes', async () => {
    const { output } = await check(request(['fail', 'pass'], { output: 'json', ...exempting({}) }));
    expect(JSON.parse(output)).toMatchObject({
      summary: { pass: 1, fail: 0, unknown: 0, exempted: 1 },
      findings: [
        { result: 'fail', exempted: { reason: 'vendor appliance, ticket 4711', expires: '1970-01-01' } },
        expect.not.objectContaining({ exempted: expect.anything() }),
      ],
    });
  });

  test.each([
    ['for another control', { control: 'kubelet-client-ca' }],
    ['for another subject', { subject: 'pod/kube-system/etcd-*' }],
  ])('%s changes nothing', async (_which, parts) => {
    const { exitCode, output } = await check(request(['fail'], exempting(parts)));
    expect({ exitCode, output }).toStrictEqual({
      exitCode: 1,
      output: (await check(request(['fail']))).output,
    });
  });

  test('that has expired does not apply, and a warning is printed', async () => {
    const { exitCode, errors } = await check(request(['fail'], exempting({ expires: '1969-12-31' })));
    expect({ exitCode, errors }).toStrictEqual({
      exitCode: 1,
      errors: [
        expect.stringMatching(/^the exemption of .* expired on 1969-12-31 and no longer applies: renew or remove/),
      ],
    });
  });
});

describe('with a baseline', () => {
  const baselineOf = (...texts: readonly (keyof typeof results)[]) =>
    reportRun(
      { id: 'before', entrance: 'check', startedAt: '', finishedAt: '' },
      { findings: texts.flatMap((text) => results[text].findings), problems: [] },
    );

  test.each([
    // before, now,          unknown, fail, never
    ['pass', ['pass'], 0, 0, 0],
    ['pass', ['fail'], 1, 1, 0],
    ['pass', ['unknown'], 3, 0, 0],
    ['fail', ['fail'], 0, 0, 0],
    ['fail', ['unknown'], 0, 0, 0],
    ['unknown', ['unknown'], 0, 0, 0],
    ['unknown', ['fail'], 1, 1, 0],
    ['nothing', ['pass'], 0, 0, 0],
    ['nothing', ['fail'], 1, 1, 0],
    ['nothing', ['unknown'], 3, 0, 0],
    ['fail', ['fail', 'broken'], 3, 3, 0],
    ['fail', ['fail', 'broken'], 3, 3, 0],
    ['fail', ['nothing'], 3, 3, 0],
    ['fail', [], 3, 3, 0],
  ] as const)(
    'the exit code of %s before and %j now is %d, with --fail-on fail %d, with --fail-on never %d',
    async (before, now, ...codes) => {
      const baseline = baselineOf(before);
      for (const output of ['text', 'json'] as const) {
        const found = [];
        for (const failOn of ['unknown', 'fail', 'never'] as const) {
          found.push((await check(request(now, { output, failOn, baseline }))).exitCode);
        }
        expect(found).toStrictEqual(codes);
      }
    },
  );

  test('only worse findings are shown', async () => {
    const { output, errors } = await check(request(['fail'], { baseline: baselineOf('pass') }));
    expect(output).toMatch(
      /^FAIL .*\nworse than the baseline: 1 kube-apiserver configuration fails; not worse: 0 failed/s,
    );
    expect(errors).toStrictEqual([]);
    expect((await check(request(['fail'], { baseline: baselineOf('fail') }))).output).toBe(
      'nothing is worse than the baseline; not worse: 1 failed, 0 passed, 0 unknown\n',
    );
  });

  test('--quiet prints nothing if nothing is worse', async () => {
    const style = { color: false, quiet: true };
    expect((await check(request(['fail'], { style, baseline: baselineOf('fail') }))).output).toBe('');
  });

  test('fixed and missing findings are counted on one line', async () => {
    const { errors } = await check(request(['pass'], { baseline: baselineOf('fail', 'fail') }));
    expect(errors).toStrictEqual([expect.stringMatching(/^since the baseline: 1 fixed, 1 no longer checked; /)]);
  });
});

describe('a baseline', () => {
  const written = (texts: readonly string[], parts: Partial<CheckRequest> = {}) =>
    check(request(texts, { writesBaseline: true, ...parts }));

  test('is the whole report, with any output format and exit code', async () => {
    const ways = [
      { output: 'text' },
      { output: 'json' },
      { output: 'text', generateExemptions: { expires: undefined } },
    ] as const;
    for (const way of ways) {
      const { baseline = '', exitCode, errors } = await written(['pass', 'fail', 'unknown'], way);
      expect(JSON.parse(baseline)).toMatchObject({
        run: { complete: true },
        summary: { pass: 1, fail: 1, unknown: 1 },
      });
      expect({ exitCode, errors: errors.slice(1) }).toStrictEqual({ exitCode: 1, errors: [] });
    }
  });

  test('is only written on request', async () => {
    expect(await check(request(['pass']))).not.toHaveProperty('baseline');
  });

  test.each([
    [['pass', 'broken'], 'unknown', 3],
    [['pass', 'broken'], 'unknown', 3],
    [['fail', 'broken'], 'unknown', 1],
    [['pass', 'broken'], 'never', 3],
    [['nothing'], 'never', 3],
  ] as const)('is not written for a run of %j, with --fail-on %s', async (texts, failOn, exitCode) => {
    const answer = await written(texts, { failOn });
    expect(answer).not.toHaveProperty('baseline');
    expect(answer.errors.at(-1)).toMatch(/^the baseline is not written because /);
    expect(answer.exitCode).toBe(exitCode);
  });
});
