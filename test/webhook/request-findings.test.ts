import { expect, test } from '@jest/globals';

import { runJob } from '../../src/webhook/worker.ts';
import { findingsOf } from '../../src/webhook/request-findings.ts';
import { MAX_VALUES } from '../../src/webhook/http/body-scan.ts';
import type { Action } from '../../src/policy/control.ts';
import { requestOf, review } from '../support/admission.ts';
import { AMPLE } from '../support/budget.ts';
import { ofTheLink } from '../support/controls.ts';

const kubelet = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const configMap = (more: string) => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kubelet-config', namespace: 'kube-system' } },
  data: { kubelet: kubelet + more },
});
const pod = (image: string) => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'kube-system' } },
  spec: { containers: [{ name: 'main', image, command: ['kube-apiserver'] }] },
});
const bad = requestOf(review({ operation: 'UPDATE', object: configMap('x: y'), oldObject: configMap('') }));
const good = requestOf(
  review({
    operation: 'UPDATE',
    object: configMap('authentication: {x509: {clientCAFile: /ca}}'),
    oldObject: bad.object,
  }),
);
const podUpdate = requestOf(
  review({
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    operation: 'UPDATE',
    object: pod('a'),
    oldObject: pod('b'),
  }),
);

test.each<[string, typeof bad, Action, boolean]>([
  ['what fails under ratchet', bad, 'ratchet', true],
  ['what fails under enforce', bad, 'enforce', false],
  ['what fails under audit', bad, 'audit', false],
  ['what passes under ratchet', good, 'ratchet', false],
  ['a pod under enforce, which acts like ratchet here', podUpdate, 'enforce', true],
  ['a pod under audit', podUpdate, 'audit', false],
])('the old object is inspected only if the decision depends on it: %s', (_what, request, action, expected) => {
  const clientCa = ofTheLink.filter(({ slug }) =>
    ['kubelet-client-ca', 'apiserver-kubelet-client-cert'].includes(slug),
  );
  const checked = findingsOf(request, clientCa, () => action, AMPLE);
  expect(checked?.findings).not.toHaveLength(0);
  expect(checked?.before !== undefined).toBe(expected);
});

test('a body with too many values is not parsed in the worker thread either', () => {
  const text = `{"kind":"AdmissionReview","x":[${'[],'.repeat(MAX_VALUES)}[]]}`;
  const body = new TextEncoder().encode(text);
  expect(runJob({ body: body.buffer, length: body.length, actions: {} }, ofTheLink, AMPLE)).toStrictEqual({
    kind: 'unchecked',
    reason: 'the body has more than 250000 values',
  });
});
