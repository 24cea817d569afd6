import { describe, expect, test } from '@jest/globals';
import { parseAllDocuments, stringify } from 'yaml';

import { controls } from '../../src/controls/index.ts';
import { SURFACES } from '../../src/policy/reading.ts';
import { readConfiguration } from '../../src/runtime/configuration/configuration.ts';

import {
  CHART,
  configurationIn,
  idOf,
  missingTools,
  OVERLAYS,
  renderChart,
  renderOverlay,
  runHelm,
  type Manifest,
} from '../support/manifests.ts';
import { OVERLAY_VALUES } from './chart-overlays.ts';

/** Everything that can be turned on. */
const ALL = Object.assign({ createNamespace: true, hooks: 'always' }, ...Object.values(OVERLAY_VALUES)) as object;

/** The controls that a configuration uses at admission without naming them. */
const MAIN = controls.filter(({ supporting }) => supporting !== true).map(({ slug }) => slug);

interface Named {
  readonly name: string;
}

const reason = missingTools('helm', 'kubectl');
// jest prints the names of skipped tests only on request
if (reason !== undefined) process.stderr.write(`SKIPPED the chart: ${reason}\n`);
const describeChart = reason === undefined ? describe : describe.skip;

describeChart(`the chart${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  test('has values for each overlay', () => {
    expect(Object.keys(OVERLAY_VALUES).sort()).toEqual(['base', ...OVERLAYS].sort());
  });

  test.each(Object.entries(OVERLAY_VALUES))('renders the same objects as kustomize for %s', (name, values) => {
    const wanted = renderOverlay(name);
    const { apiVersion: _version, kind: _kind, ...config } = configurationIn(wanted);
    const made = renderChart({ name: 'kubelet-guard', values: { ...values, config, createNamespace: true } });

    expect(made.map(idOf).sort()).toEqual(wanted.map(idOf).sort());
    expect(comparable(made)).toEqual(comparable(wanted));
  });

  test('renders the objects of base without any value', () => {
    const made = renderChart({ name: 'kubelet-guard', values: { createNamespace: true } });
    expect(comparable(made)).toEqual(comparable(renderOverlay('base')));
  });

  test('uses the namespace of the release, and its name in one label', () => {
    const here = renderChart({ values: ALL, hooks: true });
    const there = renderChart({ name: 'other', namespace: 'security', values: ALL, hooks: true });

    // kubelet-guard is both the namespace and the name of the objects
    const text = moved(JSON.stringify(here), 'security').replaceAll(
      '"app.kubernetes.io/instance":"guard"',
      '"app.kubernetes.io/instance":"other"',
    );
    expect(JSON.parse(text)).toEqual(there);
  });

  test('uses another namespace in every place that needs it', () => {
    const objects = renderChart({ namespace: 'security', values: ALL });
    const one = (id: string) => objects.find((object) => idOf(object) === id);

    expect(one('Certificate security/kubelet-guard-serving')).toMatchObject({
      spec: { dnsNames: ['kubelet-guard.security.svc', 'kubelet-guard.security.svc.cluster.local'] },
    });
    expect(one('ValidatingWebhookConfiguration kubelet-guard')).toMatchObject({
      metadata: { annotations: { 'cert-manager.io/inject-ca-from': 'security/kubelet-guard-serving' } },
      webhooks: Array.from({ length: 2 }, () => ({
        clientConfig: { service: { namespace: 'security', name: 'kubelet-guard' } },
      })),
    });
    const subjects = objects
      .filter(({ kind }) => kind.endsWith('RoleBinding'))
      .flatMap((binding) => binding.subjects as readonly { readonly name: string; readonly namespace: string }[]);
    expect(subjects.length).toBeGreaterThan(5);
    const others = subjects.filter(({ name }) => name !== 'kubelet-guard-node-agent');
    expect(new Set(others.map(({ namespace }) => namespace))).toEqual(new Set(['security']));
    expect(JSON.stringify(one('ValidatingAdmissionPolicy kubelet-guard-registration'))).toContain(
      'system:serviceaccount:security:kubelet-guard',
    );
  });

  test('gives each checked namespace its rights, and sends its objects to the webhook', () => {
    const objects = renderChart({ values: { config: { namespaces: ['kube-system', 'control-planes'] } } });
    const ids = objects.map(idOf);

    for (const name of ['kubelet-guard', 'kubelet-guard-events']) {
      expect(ids).toContain(`Role control-planes/${name}`);
      expect(ids).toContain(`RoleBinding control-planes/${name}`);
    }
    expect(objects.find(({ kind }) => kind === 'ValidatingWebhookConfiguration')).toMatchObject({
      webhooks: [{ namespaceSelector: { matchExpressions: [{ values: ['kube-system', 'control-planes'] }] } }],
    });
    expect(configurationIn(objects).namespaces).toEqual(['kube-system', 'control-planes']);
  });

  test.each(['on', '"on"', "'on'"])('reads the key %s as on, not as true', (on) => {
    const values = `config: { controls: { kubelet-client-ca: { action: audit, ${on}: { mirror-pod: ratchet } } } }`;
    expect(configurationIn(renderChart({ values }))).toMatchObject({
      controls: { 'kubelet-client-ca': { action: 'audit', on: { 'mirror-pod': 'ratchet' } } },
    });
  });

  test('accepts a digest instead of a tag', () => {
    const image = { repository: 'registry.example/kubelet-guard', tag: `sha256:${'0'.repeat(64)}` };
    const text = JSON.stringify(renderChart({ values: { image } }));
    expect(new Set(text.match(/registry\.example\/kubelet-guard[^"]*/g))).toEqual(
      new Set([`registry.example/kubelet-guard@sha256:${'0'.repeat(64)}`]),
    );
  });

  test.each([
    ['an unknown key', { webhok: {} }, 'webhok'],
    ['an unknown action', { config: { controls: { 'kubelet-client-ca': { action: 'deny' } } } }, 'action'],
    ['an unknown control', { config: { controls: { 'kubelet-ca': { action: 'audit' } } } }, 'kubelet-ca'],
    ['no namespace', { config: { namespaces: [] } }, 'namespaces'],
    ['no replica', { webhook: { replicas: 0 } }, 'replicas'],
    ['a text for a switch', { aks: { enabled: 'sometimes' } }, 'enabled'],
    ['a port that does not exist', { networkPolicy: { apiServerPorts: [70_000] } }, 'apiServerPorts'],
    [
      'an exemption without an expiry date',
      { config: { exemptions: [{ control: 'kubelet-client-ca', subject: 'node/a', reason: 'x' }] } },
      'expires',
    ],
  ])('rejects %s', (_what, values, named) => {
    expect(() => renderChart({ values })).toThrow(named);
  });

  test.each([
    ['its values', undefined],
    ['everything turned on', ALL],
  ])('has nothing that `helm lint` finds with %s', (_with, values) => {
    const found = runHelm(['lint', CHART, '--strict', ...(values === undefined ? [] : ['--values', '-'])], values);
    expect(found).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  test('prints the next steps, with the names of the release', () => {
    const notes = notesWith();
    expect(notes).toContain('helm test mine --namespace security');
    expect(notes).toContain('kubectl --namespace security get lease kubelet-guard-sweeper');
    expect(notes).toContain('kubectl delete validatingwebhookconfiguration kubelet-guard');
    // install.md sets the label before
    expect(notes).not.toContain('kubectl label namespace');
  });

  test.each([
    ['preset=audit'],
    ['config.controls.apiserver-kubelet-client-cert.action=audit', 'config.controls.kubelet-client-ca.action=off'],
    ['preset=enforce', ...MAIN.map((slug) => `config.controls.${slug}.action=audit`)],
  ])('with %s denies nothing on any surface, and says so', (...values) => {
    expect(denyingWith(values)).toEqual([]);
    expect(notesWith(...values)).toContain('It denies nothing.');
  });

  test.each([
    [MAIN, ['config.onUnknown=audit']],
    [MAIN, ['preset=ratchet']],
    [MAIN.slice(0, 1), ['config.controls.kubelet-client-ca.action=audit']],
    [MAIN.slice(1), ['preset=audit', 'config.controls.kubelet-client-ca.on.pod=enforce']],
    [MAIN.slice(1), ['preset=enforce', 'config.controls.apiserver-kubelet-client-cert.action=audit']],
  ])('names the controls that can deny: %j with %j', (denying, values) => {
    expect(denyingWith(values)).toEqual(denying);
    expect(notesWith(...values)).toContain(`It can deny changes: ${denying.join(' and ')}.`);
  });

  test('and the kustomize component audit deny nothing', () => {
    expect(denyingIn(renderOverlay('audit'))).toEqual([]);
    expect(denyingIn(renderOverlay('base'))).toEqual(MAIN);
  });

  test('has a hook for `helm test`, and one that cleans up after the release is deleted', () => {
    const hooks = hooksOf(renderChart({ hooks: true, values: { hooks: 'always' } }));
    expect(hooks).toContain('test: Pod kubelet-guard/kubelet-guard-test');
    expect(hooks).toContain('post-delete: Job kubelet-guard/kubelet-guard-uninstall');
  });

  test('has no hooks in the output of `helm template`, which other tools apply', () => {
    const objects = renderChart({ hooks: true });
    expect(hooksOf(objects)).toEqual([]);
    expect(objects.map(({ kind }) => kind)).not.toContain('Job');
    expect(objects.map(({ kind }) => kind)).not.toContain('Pod');
  });

  test.each(['audit', 'ratchet', 'enforce'])('has a preset %s with the configuration of the overlay', (preset) => {
    expect(configurationIn(renderChart({ values: { preset } }))).toEqual(configurationIn(renderOverlay(preset)));
  });

  test('has a configuration that overrides the preset, each control as a whole', () => {
    const config = { controls: { 'kubelet-client-ca': { action: 'audit' } }, onUnknown: 'audit' };
    expect(configurationIn(renderChart({ values: { preset: 'enforce', config } }))).toMatchObject({
      controls: {
        'apiserver-kubelet-client-cert': { action: 'enforce', on: { 'mirror-pod': 'ratchet' } },
        'kubelet-client-ca': config.controls['kubelet-client-ca'],
      },
      onUnknown: 'audit',
    });
  });
});

/** The notes after an installation with these values. */
function notesWith(...values: readonly string[]): string {
  const set = values.flatMap((value) => ['--set', value]);
  const output = runHelm(['install', 'mine', CHART, '--namespace', 'security', '--dry-run=client', ...set]);
  return output.split('NOTES:\n')[1] ?? '';
}

/** The controls that can deny a change on one of the surfaces, as `config print` would show it. */
function denyingIn(objects: readonly Manifest[]): readonly string[] {
  const { policy } = readConfiguration({ path: 'guard.yaml', text: stringify(configurationIn(objects)) }, controls);
  const isDenying = (control: (typeof controls)[number]) =>
    SURFACES.some((surface) => !['audit', 'off'].includes(policy.action(control, surface)));
  return controls.filter(isDenying).map(({ slug }) => slug);
}

function denyingWith(values: readonly string[]): readonly string[] {
  const output = runHelm([
    'template',
    'mine',
    CHART,
    '--namespace',
    'kubelet-guard',
    ...values.flatMap((value) => ['--set', value]),
  ]);
  return denyingIn(parseAllDocuments(output).map((document) => document.toJS() as Manifest));
}

function hooksOf(objects: readonly Manifest[]): readonly string[] {
  return objects.flatMap((object) => {
    const hook = object.metadata.annotations?.['helm.sh/hook'];
    return hook === undefined ? [] : [`${hook}: ${idOf(object)}`];
  });
}

/** The objects by their names, with the configuration as a value and not as text. */
function comparable(objects: readonly Manifest[]): Readonly<Record<string, unknown>> {
  const configuration = configurationIn(objects);
  const read = JSON.parse(JSON.stringify(objects), alike) as readonly Manifest[];
  return Object.fromEntries(
    read.map((object) => {
      const id = idOf(object);
      return [id, id === 'ConfigMap kubelet-guard/kubelet-guard' ? { ...object, data: configuration } : object];
    }),
  );
}

/** Labels that name the tool. */
const OF_TOOLS = ['helm.sh/chart', 'app.kubernetes.io/managed-by'];

/** Removes differences without a meaning: kustomize doubles line breaks of folded texts, and adds volumes at the front. */
function alike(key: string, value: unknown): unknown {
  if (OF_TOOLS.includes(key)) return undefined;
  if (key === 'expression' && typeof value === 'string') return value.replace(/\s+/g, ' ');
  if ((key === 'volumes' || key === 'volumeMounts') && Array.isArray(value)) {
    return value.toSorted((a: Named, b: Named) => a.name.localeCompare(b.name));
  }
  return value;
}

/** The text for another namespace of the release. The namespace is only in these places. */
function moved(text: string, namespace: string): string {
  return text
    .replaceAll('"namespace":"kubelet-guard"', `"namespace":"${namespace}"`)
    .replace(
      '"kind":"Namespace","metadata":{"name":"kubelet-guard"',
      `"kind":"Namespace","metadata":{"name":"${namespace}"`,
    )
    .replaceAll('kubelet-guard.kubelet-guard.svc', `kubelet-guard.${namespace}.svc`)
    .replaceAll('system:serviceaccount:kubelet-guard:', `system:serviceaccount:${namespace}:`)
    .replaceAll('"kubelet-guard/kubelet-guard-serving"', `"${namespace}/kubelet-guard-serving"`);
}
