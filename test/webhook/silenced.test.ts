import { readdirSync } from 'node:fs';

import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { controls } from '../../src/controls/index.ts';
import { createValidator } from '../../src/webhook/validator.ts';
import { createObjectCache } from '../../src/webhook/object-cache.ts';
import type { AdmissionRequest } from '../../src/webhook/admission-review.ts';
import type { Finding } from '../../src/policy/finding.ts';
import { admissionControls, readConfiguration } from '../../src/runtime/configuration/configuration.ts';
import { AMPLE } from '../support/budget.ts';
import { recorded, recordedReviews, requestOf } from '../support/admission.ts';

const SLUGS = controls.map(({ slug }) => slug);
const HEAD = 'apiVersion: kubelet-guard.dev/v1alpha1\nkind: GuardConfiguration\n';
const GOOD = [
  '--kubelet-client-certificate=/a.crt',
  '--kubelet-client-key=/a.key',
  '--kubelet-certificate-authority=/ca',
];

function pod(flags: readonly string[]): unknown {
  const annotations = { 'kubernetes.io/config.mirror': 'x' };
  const containers = [{ name: 'kube-apiserver', image: 'kube-apiserver', command: ['kube-apiserver', ...flags] }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'kube-apiserver-cp-1', namespace: 'kube-system', annotations },
    spec: { nodeName: 'cp-1', containers },
  };
}

function updateOf(object: unknown, oldObject: unknown): AdmissionRequest {
  const [first] = REVIEWS;
  if (first === undefined) throw new Error('there is no recorded review');
  return {
    ...first,
    kind: 'Pod',
    resource: 'pods',
    operation: 'UPDATE',
    name: 'kube-apiserver-cp-1',
    object,
    oldObject,
  };
}

const REVIEWS = readdirSync(recordedReviews)
  .map((file) => requestOf(JSON.parse(recorded(file)) as unknown))
  .filter(({ namespace }) => namespace === 'kube-system');
const REQUESTS = [...REVIEWS, updateOf(pod([]), pod(GOOD)), updateOf(pod(GOOD.slice(1)), pod(GOOD.slice(0, 1)))];
const ACTIONS = ['audit', 'ratchet', 'enforce'] as const;

test('turning a control off does not change the decision on any other control', () => {
  const decided = (request: AdmissionRequest, actions: ReadonlyMap<string, string>) => {
    const lines = Array.from(actions, ([slug, action]) => `  ${slug}: { action: ${action} }\n`).join('');
    const text = `${HEAD}onUnknown: deny\ncontrols:\n${lines}`;
    const configuration = readConfiguration({ path: 'guard.yaml', text }, controls);
    const validate = createValidator({
      allowance: AMPLE,
      stored: () => [],
      configuration: () => ({ ...configuration, controls: admissionControls(controls, configuration) }),
      cache: createObjectCache(() => new Date(0)),
      now: () => new Date(0),
    });
    const decision = validate(request);
    const of = (findings: readonly Finding[] = [], silenced: readonly string[]) =>
      findings
        .filter(({ control }) => !silenced.includes(control.slug))
        .map(({ control, ...finding }) => ({ ...finding, control: control.slug }));
    return (silenced: readonly string[]) => ({
      problems: decision?.problems,
      denied: of(decision?.denied, silenced),
      warned: of(decision?.warned, silenced),
    });
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...REQUESTS),
      fc.constantFrom(...ACTIONS),
      fc.subarray(SLUGS),
      (request, action, silenced) => {
        const all = new Map<string, string>(SLUGS.map((slug) => [slug, action]));
        const some = new Map([...all, ...silenced.map((slug) => [slug, 'off'] as const)]);
        expect(decided(request, some)([])).toEqual(decided(request, all)(silenced));
      },
    ),
    { numRuns: 200 },
  );
});
