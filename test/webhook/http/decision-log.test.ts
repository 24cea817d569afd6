import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import supertest from 'supertest';

import type { AdmissionDecision } from '../../../src/outputs/admission/answer.ts';
import { createLog } from '../../../src/runtime/log.ts';
import type { RequestAttributes } from '../../../src/webhook/admission-review.ts';
import { createDecisions } from '../../../src/webhook/http/decisions.ts';
import { Lines, review, webhookWith } from '../../support/admission.ts';
import { apiServerFinding, outcomes } from '../../support/findings.ts';

const failing = apiServerFinding({ outcome: outcomes.fail });
const DENIED: AdmissionDecision = {
  allowed: false,
  denied: [{ ...failing, reason: { action: 'enforce' } }],
  warned: [],
  exempted: [],
  problems: [],
};
const WARNED: AdmissionDecision = {
  ...DENIED,
  allowed: true,
  denied: [],
  warned: [{ ...failing, reason: { action: 'audit' } }],
};

const BY_KUBEADM: RequestAttributes = {
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

function decisionLog() {
  const lines = new Lines();
  const log = createLog('info', lines);
  return { lines, ...createDecisions({ log, now: () => new Date(0), changed: () => undefined }) };
}

test('120 equal denials in a minute are two lines, with the user who tries again', async () => {
  const { app, lines, decisions } = webhookWith(() => DENIED);
  for (let count = 0; count < 120; count += 1) {
    const userInfo = { username: 'kubernetes-admin' };
    await supertest(app)
      .post('/validate')
      .send(review({ uid: String(count), userInfo }));
  }
  decisions.eachMinute();
  const change = {
    level: 'warn',
    user: 'kubernetes-admin',
    operation: 'CREATE',
    resource: 'configmaps',
    namespace: 'kube-system',
    name: 'kubelet-config',
    controls: ['apiserver-kubelet-client-cert'],
  };
  const time = expect.any(String);
  expect(lines.entries).toStrictEqual([
    { ...change, time, uid: '0', msg: 'a change was denied' },
    { ...change, time, count: 119, msg: 'a change was denied again' },
  ]);
});

test('another user, object or decision has lines of its own', () => {
  const { lines, decided } = decisionLog();
  decided(BY_KUBEADM, DENIED);
  decided({ ...BY_KUBEADM, uid: '2', username: 'somebody' }, DENIED);
  decided({ ...BY_KUBEADM, uid: '3', name: 'kubelet-config' }, DENIED);
  decided({ ...BY_KUBEADM, uid: '4' }, WARNED);
  expect(lines.entries.map(({ uid }) => uid)).toEqual(['1', '2', '3', '4']);
});

test('a change that was not repeated for a minute is new again', () => {
  const { lines, decided, eachMinute } = decisionLog();
  decided(BY_KUBEADM, DENIED);
  decided(BY_KUBEADM, DENIED);
  eachMinute();
  decided(BY_KUBEADM, DENIED);
  eachMinute();
  eachMinute();
  eachMinute();
  decided(BY_KUBEADM, DENIED);
  expect(lines.entries.map(({ msg, count }) => [msg, count])).toEqual([
    ['a change was denied', undefined],
    ['a change was denied again', 1],
    ['a change was denied again', 1],
    ['a change was denied', undefined],
  ]);
});

test('reviews that were not checked are counted too', () => {
  const { lines, unchecked, eachMinute } = decisionLog();
  const reason = 'the body is longer than 7340032 bytes';
  for (const uid of ['1', '2', '3']) unchecked({ kind: 'unchecked', uid, reason, decision: DENIED });
  eachMinute();
  expect(lines.entries).toMatchObject([
    { uid: '1', reason, decision: 'deny', msg: 'a review was not checked' },
    { count: 2, reason, decision: 'deny', msg: 'a review was not checked again' },
  ]);
});

test('a caller who sends ever new names is logged each time, in short lines', () => {
  const { lines, decided, eachMinute } = decisionLog();
  for (let count = 0; count < 300; count += 1) {
    decided({ ...BY_KUBEADM, name: `${String(count)}-${'x'.repeat(10_000)}`, uid: 'u'.repeat(10_000) }, DENIED);
  }
  eachMinute();
  expect(lines.entries).toHaveLength(300);
  expect(Math.max(...lines.text.split('\n').map((line) => line.length))).toBeLessThan(1500);
});

test('every decision is in a line or in a count', () => {
  const steps = fc.array(fc.oneof(fc.nat({ max: 400 }), fc.constant('minute' as const)), { maxLength: 600 });
  fc.assert(
    fc.property(steps, (taken) => {
      const { lines, decided, eachMinute } = decisionLog();
      for (const step of taken) {
        if (step === 'minute') eachMinute();
        else decided({ ...BY_KUBEADM, name: String(step) }, DENIED);
      }
      eachMinute();
      const counted = lines.entries.reduce((sum, { count = 1 }) => sum + Number(count), 0);
      expect(counted).toBe(taken.filter((step) => step !== 'minute').length);
    }),
    { numRuns: 50 },
  );
});
