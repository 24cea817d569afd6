import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';

import type { AdmissionDecision } from '../../../src/outputs/admission/answer.ts';
import type { AdmissionHistory } from '../../../src/outputs/html/live.ts';
import { createLog } from '../../../src/runtime/log.ts';
import type { RequestAttributes } from '../../../src/webhook/admission-review.ts';
import { createDecisions } from '../../../src/webhook/http/decisions.ts';
import { Lines } from '../../support/admission.ts';
import { apiServerFinding, outcomes } from '../../support/findings.ts';

const failing = apiServerFinding({ outcome: outcomes.fail });
const NOTHING: AdmissionDecision = { allowed: true, denied: [], warned: [], exempted: [], problems: [] };
const DENIED: AdmissionDecision = {
  ...NOTHING,
  allowed: false,
  denied: [{ ...failing, reason: { action: 'enforce' } }],
};
const WARNED: AdmissionDecision = { ...NOTHING, warned: [{ ...failing, reason: { action: 'audit' } }] };
const EXEMPTED: AdmissionDecision = {
  ...NOTHING,
  exempted: [
    {
      finding: failing,
      exemption: { control: failing.control.slug, subject: '*', reason: 'ticket 4711', expires: '2027-01-31' },
    },
  ],
};

const CHANGE: RequestAttributes = {
  uid: '1',
  group: '',
  resource: 'configmaps',
  subResource: '',
  kind: 'ConfigMap',
  namespace: 'kube-system',
  name: 'kubeadm-config',
  operation: 'UPDATE',
  username: 'kubernetes-admin',
  dryRun: false,
};

const MINUTE = 60_000;
const START = Date.parse('2026-01-01T12:00:00.000Z');

function remembering() {
  const state = { now: START, changes: 0 };
  const decisions = createDecisions({
    log: createLog('silent', new Lines()),
    now: () => new Date(state.now),
    changed: () => (state.changes += 1),
  });
  return { state, ...decisions };
}

test('changes that are alike share an entry with how often, since when, and why', () => {
  const { state, decided, history } = remembering();
  decided(CHANGE, DENIED);
  state.now += 5 * MINUTE;
  decided({ ...CHANGE, uid: '2' }, DENIED);
  decided({ ...CHANGE, username: 'somebody' }, WARNED);
  decided({ ...CHANGE, name: 'kubelet-config' }, NOTHING);
  const { decisions, counts, since, leftOut } = history();
  const change = { operation: 'UPDATE', resource: 'configmaps', namespace: 'kube-system', name: 'kubeadm-config' };
  const reasons = [expect.stringMatching(/^apiserver-kubelet-client-cert: .* \([a-z-]+\)$/)];
  const last = '2026-01-01T12:05:00.000Z';
  expect(decisions).toStrictEqual([
    { verdict: 'warn', first: last, last, count: 1, user: 'somebody', ...change, reasons },
    {
      ...{ verdict: 'deny', first: '2026-01-01T12:00:00.000Z', last, count: 2, user: 'kubernetes-admin' },
      ...change,
      reasons,
    },
  ]);
  expect(counts).toStrictEqual({ allow: 1, warn: 1, deny: 2, skip: 0, unchecked: 0 });
  expect([since, leftOut]).toStrictEqual(['2026-01-01T12:00:00.000Z', 0]);
});

test('an exemption that let a change through is named with its reason', () => {
  const { decided, history } = remembering();
  decided(CHANGE, EXEMPTED);
  expect(history().decisions).toMatchObject([
    { verdict: 'allow', reasons: [expect.stringMatching(/^exempt \(ticket 4711\): apiserver-kubelet-client-cert: /)] },
  ]);
});

test('a review that was not checked is an entry, with what was answered', () => {
  const { unchecked, history } = remembering();
  unchecked({ kind: 'unchecked', uid: '1', reason: 'the body is too long', decision: DENIED });
  expect(history()).toMatchObject({
    counts: { unchecked: 1, deny: 0 },
    decisions: [{ verdict: 'unchecked', name: '', reasons: ['not checked, and denied: the body is too long'] }],
  });
});

test('a dry run leaves no trace, and a request that is not checked is only counted', () => {
  const { state, decided, history } = remembering();
  decided({ ...CHANGE, dryRun: true }, DENIED);
  decided(CHANGE, undefined);
  expect(history()).toMatchObject({ counts: { deny: 0, skip: 1 }, decisions: [] });
  expect(state.changes).toBe(0);
});

test('an open page is told of a change with findings at once, and of other counts once a minute', () => {
  const { state, decided, eachMinute } = remembering();
  const changes = (): number => {
    const { changes: seen } = state;
    state.changes = 0;
    return seen;
  };
  decided(CHANGE, NOTHING);
  expect(changes()).toBe(0);
  eachMinute();
  expect(changes()).toBe(1);
  eachMinute();
  expect(changes()).toBe(0);
  decided(CHANGE, DENIED);
  expect(changes()).toBe(1);
  eachMinute();
  changes();
  state.now += 61 * MINUTE;
  eachMinute();
  expect(changes()).toBe(1);
});

/** What the memory should say, from everything that was decided. */
function expected(decided: readonly { readonly at: number; readonly name: string }[], now: number): AdmissionHistory {
  const since = (Math.floor(now / MINUTE) - 59) * MINUTE;
  const inHour = decided.filter(({ at }) => at >= since);
  const names = [...new Set(inHour.map(({ name }) => name).reverse())];
  const decisions = names.map((name) => {
    const alike = decided.filter((one) => one.name === name);
    const times = alike.map(({ at }) => new Date(at).toISOString());
    const { username: user, operation, resource, namespace } = CHANGE;
    return {
      ...{ verdict: 'deny' as const, first: times[0] ?? '', last: times.at(-1) ?? '', count: alike.length },
      ...{ user, operation, resource, namespace, name, reasons: expect.anything() as never },
    };
  });
  const counts = { allow: 0, warn: 0, deny: inHour.length, skip: 0, unchecked: 0 };
  return { since: new Date(Math.max(since, START)).toISOString(), counts, decisions, leftOut: 0 };
}

test('everything in the last hour is counted, and nothing before it', () => {
  // shorter pauses than an hour: an entry that is forgotten begins anew
  const step = fc.record({ pause: fc.nat({ max: 20 * MINUTE }), name: fc.constantFrom('a', 'b') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { state, decided, history } = remembering();
      const all: { at: number; name: string }[] = [];
      for (const { pause, name } of steps) {
        state.now += pause;
        const before = history().decisions.some((entry) => entry.name === name);
        if (!before) all.splice(0, all.length, ...all.filter((one) => one.name !== name || one.at >= state.now));
        decided({ ...CHANGE, name }, DENIED);
        all.push({ at: state.now, name });
      }
      const seen = history();
      expect(seen.decisions).toStrictEqual(expected(all, state.now).decisions);
      const since = (Math.floor(state.now / MINUTE) - 59) * MINUTE;
      expect(new Date(seen.since).getTime()).toBe(Math.max(since, START));
    }),
  );
});

test('the newest 200 entries are shown, and the others are counted', () => {
  const { state, decided, history } = remembering();
  for (let index = 0; index < 1000; index += 1) decided({ ...CHANGE, name: String(index) }, DENIED);
  const { decisions, leftOut, counts } = history();
  expect(decisions.map(({ name }) => name)).toStrictEqual(Array.from({ length: 200 }, (_, index) => `${999 - index}`));
  expect([leftOut, counts.deny]).toStrictEqual([800, 1000]);
  state.now += 60 * MINUTE;
  expect(history()).toMatchObject({ decisions: [], leftOut: 0, counts: { deny: 0 } });
});

test('a clock that is put back loses no bound and no later decision', () => {
  const { state, decided, history } = remembering();
  fc.assert(
    fc.property(fc.integer({ min: -600, max: 600 }), (minutes) => {
      state.now += minutes * MINUTE;
      decided(CHANGE, DENIED);
      expect(history().decisions).toHaveLength(1);
      expect(history().counts.deny).toBeGreaterThan(0);
    }),
  );
});

test('the memory is bounded, whatever callers send', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  const { decided, history, unchecked } = remembering();
  const long = (): string => Buffer.alloc(50_000, `${Math.random()} \u{1f512}`).toString();
  const send = (): void => {
    const message = long();
    const violations = Array.from({ length: 50 }, () => ({ code: 'missing', setting: 'x', message: message.slice(7) }));
    const outcome = { result: 'fail' as const, violations: violations as never, problems: [], warnings: [] };
    const denied = [{ ...apiServerFinding({ outcome }), reason: { action: 'enforce' as const } }];
    const text = long();
    const texts = { username: text, namespace: text.slice(1), name: text.slice(2), uid: text.slice(3) };
    decided({ ...CHANGE, ...texts, operation: text.slice(4), resource: text.slice(5) }, { ...DENIED, denied });
    unchecked({ kind: 'unchecked', uid: long(), reason: long(), decision: DENIED });
  };
  gc();
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < 600; count += 1) send();
  gc();
  // each of the 1,200 has more than 100 kB
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
  const { decisions } = history();
  expect(decisions).toHaveLength(200);
  expect(JSON.stringify(decisions).length).toBeLessThan(200 * 6000);
});
