// Whichever entrance a document comes in by, the findings are the same; only what each entrance adds may differ.

import { describe, expect, test } from '@jest/globals';

import { controls } from '../src/controls/index.ts';
import { check } from '../src/commands/check/check.ts';
import { createValidator } from '../src/webhook/validator.ts';
import { createObjectCache } from '../src/webhook/object-cache.ts';
import { decodeReview } from '../src/webhook/admission-review.ts';
import { parseStream } from '../src/facts/yaml/documents.ts';
import { inspect } from '../src/inspect.ts';
import type { RawDocument } from '../src/policy/document.ts';
import type { DecisionPolicy } from '../src/policy/finding.ts';
import type { GuardReport } from '../src/outputs/guard-report.ts';
import { reportRun } from '../src/outputs/report.ts';
import { fixturesOf, type Fixture } from './support/fixtures.ts';
import { AMPLE, ample } from './support/budget.ts';

type Door = 'file' | 'webhook';

const BOTH: readonly Door[] = ['file', 'webhook'];
const NO_OBJECT: readonly Door[] = ['file'];

/** Which fixture fits which door. What is no object of the API never comes to the webhook. */
const doors: Readonly<Record<string, readonly Door[]>> = {
  'apiserver-kubelet-ca/fail/dev-null': BOTH,
  'apiserver-kubelet-ca/fail/emptied-by-a-later-flag': BOTH,
  'apiserver-kubelet-ca/fail/flag-without-a-value': BOTH,
  'apiserver-kubelet-ca/fail/kubeadm-config-of-a-stock-cluster': NO_OBJECT,
  'apiserver-kubelet-ca/fail/stock-kubeadm': BOTH,
  'apiserver-kubelet-ca/fail/white-space': BOTH,
  'apiserver-kubelet-ca/pass/a-path': BOTH,
  'apiserver-kubelet-ca/pass/kubeadm-config-sets-it': BOTH,
  'apiserver-kubelet-ca/pass/openshift': NO_OBJECT,
  'apiserver-kubelet-ca/unknown/not-mounted': BOTH,
  'apiserver-kubelet-ca/unknown/relative-path': BOTH,
  'apiserver-kubelet-ca/unknown/variable-of-the-node': BOTH,
  'apiserver-kubelet-client-cert/fail/dev-null': BOTH,
  'apiserver-kubelet-client-cert/fail/emptied-by-the-spelling-with-underscores': BOTH,
  'apiserver-kubelet-client-cert/fail/empty-key': BOTH,
  'apiserver-kubelet-client-cert/fail/flag-in-a-comment-of-a-script': BOTH,
  'apiserver-kubelet-client-cert/fail/flag-without-a-value': BOTH,
  'apiserver-kubelet-client-cert/fail/kubeadm-config-empties-the-key': BOTH,
  'apiserver-kubelet-client-cert/fail/kubeadm-config-of-v1beta3-empties-the-key': BOTH,
  'apiserver-kubelet-client-cert/fail/kubeadm-config-with-dashes-in-the-name': BOTH,
  'apiserver-kubelet-client-cert/fail/mirror-pod-without-the-key': BOTH,
  'apiserver-kubelet-client-cert/fail/neither-flag': BOTH,
  'apiserver-kubelet-client-cert/fail/only-flags-for-go-runner': BOTH,
  'apiserver-kubelet-client-cert/fail/only-the-certificate': BOTH,
  'apiserver-kubelet-client-cert/fail/only-the-key': BOTH,
  'apiserver-kubelet-client-cert/fail/openshift-config-with-an-empty-list': BOTH,
  'apiserver-kubelet-client-cert/fail/prints-its-version-and-exits': BOTH,
  'apiserver-kubelet-client-cert/fail/quotes-that-no-shell-removes': BOTH,
  'apiserver-kubelet-client-cert/fail/single-dash': BOTH,
  'apiserver-kubelet-client-cert/fail/statefulset-without-the-key': BOTH,
  'apiserver-kubelet-client-cert/fail/stray-word-after-a-boolean-flag': BOTH,
  'apiserver-kubelet-client-cert/fail/taken-as-the-value-of-the-flag-before': BOTH,
  'apiserver-kubelet-client-cert/fail/undefined-variable': BOTH,
  'apiserver-kubelet-client-cert/fail/white-space': BOTH,
  'apiserver-kubelet-client-cert/pass/args-only-for-the-upstream-image': BOTH,
  'apiserver-kubelet-client-cert/pass/boolean-flag-takes-no-word': BOTH,
  'apiserver-kubelet-client-cert/pass/both-flags': BOTH,
  'apiserver-kubelet-client-cert/pass/cluster-configuration-file': NO_OBJECT,
  'apiserver-kubelet-client-cert/pass/deployment': BOTH,
  'apiserver-kubelet-client-cert/pass/emptied-then-set-again': BOTH,
  'apiserver-kubelet-client-cert/pass/go-runner-over-command-and-args': BOTH,
  'apiserver-kubelet-client-cert/pass/kubeadm-config-with-another-certificate': BOTH,
  'apiserver-kubelet-client-cert/pass/kubeadm-config-with-defaults': BOTH,
  'apiserver-kubelet-client-cert/pass/openshift-config': BOTH,
  'apiserver-kubelet-client-cert/pass/relative-path-below-a-mounted-working-directory': BOTH,
  'apiserver-kubelet-client-cert/pass/shell-script': BOTH,
  'apiserver-kubelet-client-cert/pass/underscores-in-names': BOTH,
  'apiserver-kubelet-client-cert/pass/values-as-words-of-their-own': BOTH,
  'apiserver-kubelet-client-cert/pass/variable-with-a-literal-value': BOTH,
  'apiserver-kubelet-client-cert/unknown/command-substitution': BOTH,
  'apiserver-kubelet-client-cert/unknown/flag-of-an-unknown-version': BOTH,
  'apiserver-kubelet-client-cert/unknown/image-whose-entrypoint-is-not-known': BOTH,
  'apiserver-kubelet-client-cert/unknown/k3s-server': BOTH,
  'apiserver-kubelet-client-cert/unknown/kubeadm-config-without-its-key': BOTH,
  'apiserver-kubelet-client-cert/unknown/label-without-a-process': BOTH,
  'apiserver-kubelet-client-cert/unknown/openshift-pod': BOTH,
  'apiserver-kubelet-client-cert/unknown/path-below-no-mount': BOTH,
  'apiserver-kubelet-client-cert/unknown/pod-that-cannot-be-decoded': NO_OBJECT,
  'apiserver-kubelet-client-cert/unknown/relative-path': BOTH,
  'apiserver-kubelet-client-cert/unknown/script-that-reads-a-file': BOTH,
  'apiserver-kubelet-client-cert/unknown/variable-from-a-field': BOTH,
  'apiserver-kubelet-client-cert/unknown/variable-from-a-secret': BOTH,
  'apiserver-kubelet-client-cert/unknown/wrapper-that-is-not-known': BOTH,
  'kubelet-anonymous-auth/fail/configz': NO_OBJECT,
  'kubelet-anonymous-auth/fail/flag-without-a-value': BOTH,
  'kubelet-anonymous-auth/fail/kubelet-without-a-file': BOTH,
  'kubelet-anonymous-auth/fail/not-a-bool': NO_OBJECT,
  'kubelet-anonymous-auth/fail/true': NO_OBJECT,
  'kubelet-anonymous-auth/pass/configz': NO_OBJECT,
  'kubelet-anonymous-auth/pass/false': NO_OBJECT,
  'kubelet-anonymous-auth/pass/flag-of-a-kubelet-without-a-file': BOTH,
  'kubelet-anonymous-auth/pass/not-in-the-file': NO_OBJECT,
  'kubelet-anonymous-auth/pass/null-has-the-default-of-a-file': NO_OBJECT,
  'kubelet-anonymous-auth/unknown/configz-without-it': NO_OBJECT,
  'kubelet-anonymous-auth/unknown/kubelet-config-that-is-no-yaml': BOTH,
  'kubelet-anonymous-auth/unknown/kubelet-with-a-file': BOTH,
  'kubelet-authorization-mode/fail/always-allow': NO_OBJECT,
  'kubelet-authorization-mode/fail/configz': NO_OBJECT,
  'kubelet-authorization-mode/fail/empty-flag': BOTH,
  'kubelet-authorization-mode/fail/flag-over-a-file': BOTH,
  'kubelet-authorization-mode/fail/kubelet-without-a-file': BOTH,
  'kubelet-authorization-mode/fail/not-a-string': NO_OBJECT,
  'kubelet-authorization-mode/fail/unknown-mode': NO_OBJECT,
  'kubelet-authorization-mode/pass/configz': NO_OBJECT,
  'kubelet-authorization-mode/pass/empty-has-the-default-of-a-file': NO_OBJECT,
  'kubelet-authorization-mode/pass/flag-of-a-kubelet-without-a-file': BOTH,
  'kubelet-authorization-mode/pass/not-in-the-file': NO_OBJECT,
  'kubelet-authorization-mode/pass/webhook': NO_OBJECT,
  'kubelet-authorization-mode/unknown/configz-without-it': NO_OBJECT,
  'kubelet-authorization-mode/unknown/kubelet-config-that-is-no-yaml': BOTH,
  'kubelet-authorization-mode/unknown/kubelet-with-a-file': BOTH,
  'kubelet-client-ca/fail/another-version': NO_OBJECT,
  'kubelet-client-ca/fail/configz-without-it': NO_OBJECT,
  'kubelet-client-ca/fail/dev-null': NO_OBJECT,
  'kubelet-client-ca/fail/empty': NO_OBJECT,
  'kubelet-client-ca/fail/field-in-another-case': NO_OBJECT,
  'kubelet-client-ca/fail/field-one-level-too-high': NO_OBJECT,
  'kubelet-client-ca/fail/kubelet-config-empty': BOTH,
  'kubelet-client-ca/fail/kubelet-config-without-it': BOTH,
  'kubelet-client-ca/fail/kubelet-in-a-daemonset-with-an-empty-flag': BOTH,
  'kubelet-client-ca/fail/no-field': NO_OBJECT,
  'kubelet-client-ca/fail/not-a-string': NO_OBJECT,
  'kubelet-client-ca/fail/null': NO_OBJECT,
  'kubelet-client-ca/fail/second-block-drops-it': NO_OBJECT,
  'kubelet-client-ca/pass/bundle-of-public-cas': BOTH,
  'kubelet-client-ca/pass/configz': NO_OBJECT,
  'kubelet-client-ca/pass/kubelet-config': BOTH,
  'kubelet-client-ca/pass/kubelet-config-of-an-old-kubeadm': BOTH,
  'kubelet-client-ca/pass/kubelet-configuration': NO_OBJECT,
  'kubelet-client-ca/pass/kubelet-in-a-daemonset': BOTH,
  'kubelet-client-ca/pass/merge-key': NO_OBJECT,
  'kubelet-client-ca/unknown/kubelet-config-that-is-no-yaml': BOTH,
  'kubelet-client-ca/unknown/kubelet-config-with-two-documents': BOTH,
  'kubelet-client-ca/unknown/kubelet-config-without-its-key': BOTH,
  'kubelet-client-ca/unknown/kubelet-in-a-daemonset-with-a-file': BOTH,
};

const RESOURCES: Readonly<Record<string, { readonly group: string; readonly resource: string }>> = {
  Pod: { group: '', resource: 'pods' },
  ConfigMap: { group: '', resource: 'configmaps' },
  Deployment: { group: 'apps', resource: 'deployments' },
  StatefulSet: { group: 'apps', resource: 'statefulsets' },
  DaemonSet: { group: 'apps', resource: 'daemonsets' },
};

/** Supporting controls too. */
const EVERYTHING: DecisionPolicy = { action: () => 'enforce', onUnknown: 'deny', exemptions: [] };

/** The parts that every object has. */
interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
}

/** What a finding says, without what tells by which door its document came. */
function stripped({ findings }: Pick<GuardReport, 'findings'>): unknown {
  return JSON.parse(
    JSON.stringify(findings, (name, value: unknown) =>
      ['source', 'vantage', 'line'].includes(name) ? undefined : value,
    ),
  );
}

async function* one(document: RawDocument): AsyncGenerator<RawDocument> {
  yield await Promise.resolve(document);
}

async function throughFile({ name, text }: Fixture): Promise<GuardReport> {
  const options = {
    policy: EVERYTHING,
    output: 'json',
    failOn: 'fail',
    style: { color: false, quiet: false },
  } as const;
  const { output } = await check(options, {
    inspect: (document) => inspect(controls, [document], AMPLE),
    documents: one({ form: 'text', path: `${name}.yaml`, text }),
    runId: 'run',
    now: () => new Date(0),
  });
  return JSON.parse(output) as GuardReport;
}

/** The answer of the webhook to the creation of a fixture's object, as a real API server would ask. */
function throughWebhook({ text }: Fixture): GuardReport {
  const [document] = parseStream(text, ample());
  if (document === undefined || 'problem' in document) throw new Error('the fixture holds no object');
  const object = document.value as Named;
  const { name, namespace } = object.metadata;
  const { kind } = object;
  const request = { uid: 'u', operation: 'CREATE', kind: { kind }, resource: RESOURCES[kind], name, namespace, object };
  const decoded = decodeReview(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }));
  if (!('request' in decoded)) throw new Error(decoded.reason);
  const decision = createValidator({
    allowance: AMPLE,
    stored: () => [],
    configuration: () => ({ controls, policy: EVERYTHING, namespaces: new Set([namespace]) }),
    cache: createObjectCache(() => new Date(0)),
    now: () => new Date(0),
  })(decoded.request);
  if (decision === undefined) throw new Error('the webhook does not check the fixture');
  const { denied, warned, allowed } = decision;
  const run = { id: 'run', entrance: 'serve', startedAt: '', finishedAt: '' } as const;
  const report = reportRun(run, { findings: [...denied, ...warned], problems: [] });
  expect(allowed).toBe(report.summary.fail + report.summary.unknown === 0);
  return report;
}

const fixtures = controls.flatMap(({ slug }) => fixturesOf(slug));

test('the table names every fixture, and no other', () => {
  expect(Object.keys(doors).sort()).toStrictEqual(fixtures.map(({ id }) => id).sort());
});

describe('the webhook says what a file would', () => {
  test.each(fixtures.filter(({ id }) => doors[id]?.includes('webhook')))('$id', async (fixture) => {
    const { findings } = await throughFile(fixture);
    // an admission answer has no word for what simply passes
    const told = findings.filter(({ result, warnings }) => result !== 'pass' || warnings !== undefined);
    expect(stripped(throughWebhook(fixture))).toStrictEqual(stripped({ findings: told }));
  });
});

describe('what fits only the file door is judged there', () => {
  test.each(fixtures.filter(({ id }) => doors[id]?.includes('webhook') !== true))('$id', async (fixture) => {
    const { findings } = await throughFile(fixture);
    const ofControl = findings.filter(({ control }) => control === fixture.slug);
    expect(ofControl.map(({ result }) => result)).toStrictEqual([fixture.result]);
  });
});
