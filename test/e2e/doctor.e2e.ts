import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

import type { Check } from '../../src/commands/doctor/report.ts';
import { connectCluster } from '../../src/kube/cluster.ts';
import { succeeded, type KubeObject } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { startGuard, type Guard } from './support/guard.ts';
import { runCli } from './support/product.ts';
import { PATIENT, register } from './support/registration.ts';
import { REPORT_APIS, serveReportApis, storedReports } from './support/report-apis.ts';
import { addAccount, giveRights, NAMESPACE, untilGranted, type Rule } from './support/rights.ts';
import { CA_FILE, kubeletConfigMap } from './support/samples.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(120_000);

const ASSETS = { assets: ['etcd', 'kube-apiserver'] };
const CERTIFICATES = new URL('../../manifests/base/rbac-certificates.yaml', import.meta.url);
const HOOK = new URL('../../manifests/chart/kubelet-guard/templates/uninstall.yaml', import.meta.url);
const PROTECTION = new URL('../../manifests/base/protect-registration.yaml', import.meta.url);
const REGISTRATION = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/kubelet-guard';
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;
const MAPS = '/api/v1/namespaces/kube-system/configmaps';

function objectsOf(file: URL): readonly KubeObject[] {
  return parseAllDocuments(readFileSync(file, 'utf8')).map((document) => document.toJS() as KubeObject);
}

interface Policy extends KubeObject {
  readonly spec: object;
}

interface Diagnosis {
  readonly code: number;
  readonly results: Readonly<Record<string, string>>;
  readonly of: (name: string) => Check;
}

async function doctor(kubeconfig: string, config: string): Promise<Diagnosis> {
  const args = ['--kubeconfig', kubeconfig, '--config', config, '--output', 'json'];
  const { code, stdout, stderr } = await runCli(['doctor', ...args]);
  if (!stdout.startsWith('{')) throw new Error(`the doctor gave no report: ${stdout}${stderr}`);
  const { checks } = JSON.parse(stdout) as { readonly checks: readonly Check[] };
  const of = (name: string) => {
    const found = checks.find(({ check }) => check === name);
    if (found === undefined) throw new Error(`there is no check ${name}: ${stdout}`);
    return found;
  };
  return { code, results: Object.fromEntries(checks.map(({ check, result }) => [check, result])), of };
}

describeWith(ASSETS, 'the doctor', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  const configs = new Map<string, string>();

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    await giveRights(plane);
    for (const object of objectsOf(CERTIFICATES)) succeeded(await send(object));
    await untilGranted(plane.admin, objectsOf(CERTIFICATES));
    for (const object of objectsOf(PROTECTION)) succeeded(await plane.admin.create(object));
    for (const action of ['audit', 'ratchet', 'enforce', 'off']) {
      const controls = { 'apiserver-kubelet-client-cert': { action }, 'kubelet-client-ca': { action } };
      const head = { apiVersion: 'kubelet-guard.dev/v1alpha1', kind: 'GuardConfiguration' };
      configs.set(action, plane.write(`${action}.json`, JSON.stringify({ ...head, controls })));
    }
  }, 90_000);
  afterAll(() => cleanup.run(), 60_000);

  function send(object: KubeObject) {
    if (object.kind !== 'Secret') return plane.admin.create(object);
    return plane.admin.send('POST', `/api/v1/namespaces/${NAMESPACE}/secrets`, object);
  }

  function config(action: string): string {
    return configs.get(action) ?? '';
  }

  /** Runs the body while a webhook is registered. */
  async function withGuard(action: 'audit' | 'ratchet' | 'enforce', body: (guard: Guard) => Promise<void>) {
    const undo = new Cleanup();
    try {
      const guard = await startGuard(undo, plane, action);
      await register(undo, plane.admin, guard, 'Ignore', PATIENT);
      await body(guard);
    } finally {
      await undo.run();
    }
  }

  async function maps(): Promise<readonly string[]> {
    const { items } = succeeded(await plane.admin.get(MAPS)).body as { items: readonly KubeObject[] };
    return items.map(({ metadata: { name, resourceVersion = '' } }) => `${name} ${resourceVersion}`);
  }

  test('reports that nothing is installed, and nothing more, though the accounts and policies are there', async () => {
    const { code, results, of } = await doctor(plane.kubeconfig, config('audit'));

    expect(code).toBe(1);
    expect(results).toEqual({ cluster: 'ok', installed: 'problem' });
    expect(of('installed').message).toContain('kubelet-guard is not installed');
  });

  test.each(['audit', 'ratchet', 'enforce'] as const)(
    'proves under %s that the API server calls the webhook, with or without kubelet-config, and leaves no trace',
    async (action) => {
      await withGuard(action, async () => {
        const without = await doctor(plane.kubeconfig, config(action));
        succeeded(await plane.admin.create(kubeletConfigMap(CA_FILE)));
        const before = await maps();
        const withIt = await doctor(plane.kubeconfig, config(action));
        expect(await maps()).toEqual(before);
        await plane.admin.delete(kubeletConfigMap(CA_FILE));

        for (const { results, of } of [without, withIt]) {
          expect(of('canary').message).toContain(action === 'audit' ? 'was warned about by it' : 'was denied by it');
          expect(results).toMatchObject({
            registration: 'ok',
            platform: 'ok',
            canary: 'ok',
            rights: 'ok',
            policies: 'ok',
            reports: 'ok',
          });
          expect(results).toMatchObject({ 'other-webhooks': 'ok', configuration: 'ok' });
        }
      });
    },
  );

  test('reports an outage that failurePolicy Ignore hides, and is unknown if the webhook is turned off', async () => {
    await withGuard('audit', async (guard) => {
      expect((await doctor(plane.kubeconfig, config('off'))).of('canary')).toMatchObject({ result: 'unknown' });
      guard.program.kill('SIGKILL');
      await guard.program.ended;

      const { code, of } = await doctor(plane.kubeconfig, config('audit'));

      expect(code).toBe(1);
      expect(of('canary')).toMatchObject({
        result: 'problem',
        remedy: expect.stringContaining('that the webhook runs'),
      });
      expect(of('canary').message).toContain('gets no answer and ignores that');
    });
  });

  test('names what differs from the manifests, and AKS if AKS changed them', async () => {
    await withGuard('audit', async () => {
      const { webhooks, ...rest } = succeeded(await plane.admin.get(REGISTRATION)).body as KubeObject & {
        webhooks: readonly { namespaceSelector: { matchExpressions: readonly object[] } }[];
      };
      const aks = [
        { key: 'control-plane', operator: 'NotIn', values: ['true'] },
        { key: 'kubernetes.azure.com/managedby', operator: 'NotIn', values: ['aks'] },
      ];
      const rewritten = webhooks.map((webhook) => ({
        ...webhook,
        timeoutSeconds: 30,
        namespaceSelector: { matchExpressions: [...webhook.namespaceSelector.matchExpressions, ...aks] },
      }));
      succeeded(await plane.admin.replace({ ...rest, webhooks: rewritten } as KubeObject));

      const { of } = await doctor(plane.kubeconfig, config('audit'));

      expect(of('registration').details).toEqual([
        'namespaceSelector also requires control-plane NotIn true',
        'namespaceSelector also requires kubernetes.azure.com/managedby NotIn aks',
        'validate.kubelet-guard.dev: timeoutSeconds is 30, shipped 2',
      ]);
      expect(of('platform')).toMatchObject({
        result: 'problem',
        message: expect.stringContaining('AKS has rewritten'),
      });
    });
  });

  test('finds a missing policy, a weakened policy, and a binding that only warns', async () => {
    await withGuard('audit', async () => {
      const admission = '/apis/admissionregistration.k8s.io/v1';
      const [registration, sweeper] = await Promise.all(
        ['policies/kubelet-guard-registration', 'policybindings/kubelet-guard-sweeper'].map(
          async (path) => succeeded(await plane.admin.get(`${admission}/validatingadmission${path}`)).body as Policy,
        ),
      );
      if (registration === undefined || sweeper === undefined) throw new Error('the manifests hold no policies');
      const weak = {
        ...registration,
        spec: { ...registration.spec, failurePolicy: 'Ignore', validations: [{ expression: 'true' }] },
      };
      const warning = { ...sweeper, spec: { ...sweeper.spec, validationActions: ['Warn', 'Audit'] } };
      succeeded(await plane.admin.replace(weak));
      succeeded(await plane.admin.replace(warning));
      const weakened = await doctor(plane.kubeconfig, config('audit'));
      succeeded(await plane.admin.delete(registration));
      succeeded(await plane.admin.delete(sweeper));
      const gone = await doctor(plane.kubeconfig, config('audit'));
      for (const { metadata, ...object } of [registration, sweeper]) {
        succeeded(await plane.admin.create({ ...object, metadata: { name: metadata.name } }));
      }
      const again = await doctor(plane.kubeconfig, config('audit'));

      expect(weakened.of('policies')).toMatchObject({
        result: 'problem',
        remedy: expect.stringContaining('kubectl apply -k'),
      });
      expect(weakened.of('policies').details).toEqual([
        'ValidatingAdmissionPolicy kubelet-guard-registration: failurePolicy is Ignore, shipped Fail',
        'ValidatingAdmissionPolicy kubelet-guard-registration: validations are not the shipped ones',
        'ValidatingAdmissionPolicyBinding kubelet-guard-sweeper: validationActions is ["Audit","Warn"], shipped ["Deny"]',
      ]);
      expect(gone.of('policies').details).toEqual([
        'ValidatingAdmissionPolicy kubelet-guard-registration is missing',
        'ValidatingAdmissionPolicyBinding kubelet-guard-sweeper is missing',
      ]);
      expect(again.results).toMatchObject({ policies: 'ok' });
    });
  });

  test('finds excessive rights and missing rights', async () => {
    await withGuard('audit', async () => {
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole' };
      const subject = { kind: 'ServiceAccount', name: 'kubelet-guard-sweeper', namespace: NAMESPACE };
      const rules = [{ apiGroups: [''], resources: ['nodes/proxy'], verbs: ['get'] }];
      await addAccount(plane, 'proxy', rules);
      const bindings = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings';
      const tooMuch = {
        metadata: { name: 'too-much' },
        roleRef: { ...roleRef, name: 'e2e-proxy' },
        subjects: [subject],
      };
      succeeded(await plane.admin.send('POST', bindings, tooMuch));
      const shipped = succeeded(await plane.admin.get(`${bindings}/kubelet-guard-configz`)).body as KubeObject;
      succeeded(await plane.admin.delete(shipped));

      const { of } = await eventually('the rights to change', async () => {
        const diagnosis = await doctor(plane.kubeconfig, config('audit'));
        return diagnosis.of('rights').details?.length === 2 ? diagnosis : undefined;
      });
      await plane.admin.send('DELETE', `${bindings}/too-much`);
      const { resourceVersion: _old, ...metadata } = shipped.metadata;
      succeeded(await plane.admin.create({ ...shipped, metadata }));

      expect(of('rights').details).toEqual([
        'dangerous: kubelet-guard-sweeper: get nodes/proxy, which gives commands on every node',
        'missing: kubelet-guard-configz: get nodes/configz',
      ]);
    });
  });

  test('reports nothing as ok that its user cannot read', async () => {
    await withGuard('audit', async () => {
      const { code, results } = await doctor(await addAccount(plane, 'blind', []), config('audit'));

      expect(code).toBe(3);
      const blind = ['registration', 'platform', 'certificate', 'canary', 'rights', 'policies', 'other-webhooks'];
      expect(results).toMatchObject(Object.fromEntries(blind.map((name) => [name, 'unknown'])));
    });
  });
});

/** Calls as the user of a kubeconfig, and returns the answer. */
async function clientOf(kubeconfig: string) {
  const cluster = await connectCluster({ kubeconfig });
  return async (method: 'DELETE', path: string): Promise<string | undefined> =>
    (await cluster?.request({ method, path }, new AbortController().signal))?.text;
}

/** The rights of the chart's hook, with everything that its values can add. */
function hookRules(): readonly Rule[] {
  const text = readFileSync(HOOK, 'utf8').replace(/^.*\{\{.*\n/gm, '');
  const roles = parseAllDocuments(text).map((document) => document.toJS() as { kind: string; rules?: readonly Rule[] });
  return roles.flatMap(({ rules = [] }) => rules);
}

/** The other rights that `uninstall` needs. */
const MORE_RULES: readonly Rule[] = [
  {
    apiGroups: ['admissionregistration.k8s.io'],
    resources: ['validatingwebhookconfigurations'],
    verbs: ['delete'],
  },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: ['delete'] },
  { apiGroups: ['kubelet-guard.dev'], resources: ['registrations'], verbs: ['change'] },
];

describeWith(ASSETS, 'an uninstall', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let account: string;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    await serveReportApis(plane.admin);
    account = await addAccount(plane, 'uninstall', [...hookRules(), ...MORE_RULES]);
  }, 90_000);
  afterAll(() => cleanup.run(), 60_000);

  async function install(): Promise<void> {
    const guard = await startGuard(cleanup, plane, 'enforce');
    // no cleanup: the tests themselves uninstall it
    await register(new Cleanup(), plane.admin, guard, 'Fail', PATIENT);
    const labels = { 'app.kubernetes.io/managed-by': 'kubelet-guard' };
    for (const [path, group] of [
      [REPORT_APIS.wgpolicyk8s, { apiVersion: 'wgpolicyk8s.io/v1alpha2', kind: 'ClusterPolicyReport' }],
      [REPORT_APIS.openreports, { apiVersion: 'openreports.io/v1alpha1', kind: 'ClusterReport' }],
    ] as const) {
      for (const name of ['kubelet-guard-control-plane', 'kubelet-guard-node-a', 'somebody-elses']) {
        await plane.admin.send('DELETE', `${path}/${name}`);
        succeeded(await plane.admin.send('POST', path, { ...group, metadata: { name, labels }, results: [] }));
      }
    }
    const metadata = { name: 'kubelet-guard-sweeper', namespace: NAMESPACE };
    succeeded(await plane.admin.send('POST', LEASES, { metadata, spec: {} }));
  }

  test('leaves nothing of kubelet-guard behind, and can be repeated', async () => {
    await install();

    const first = await runCli(['uninstall', '--kubeconfig', account]);
    const second = await runCli(['uninstall', '--kubeconfig', account]);

    expect(first).toEqual({
      code: 0,
      stderr: '',
      stdout: [
        'removed: ValidatingWebhookConfiguration kubelet-guard',
        `not there: Deployment ${NAMESPACE}/kubelet-guard-sweeper`,
        'removed: 2 ClusterPolicyReports',
        'removed: 2 ClusterReports',
        `removed: Lease ${NAMESPACE}/kubelet-guard-sweeper\n`,
      ].join('\n'),
    });
    expect(second.code).toBe(0);
    expect(second.stdout).not.toContain('removed');
    expect((await plane.admin.get(REGISTRATION)).status).toBe(404);
    expect((await plane.admin.get(`${LEASES}/kubelet-guard-sweeper`)).status).toBe(404);
    for (const api of ['wgpolicyk8s', 'openreports'] as const) {
      expect([...(await storedReports(plane.admin, api)).keys()]).toEqual(['somebody-elses']);
    }
    await eventually('writes to be unchecked', async () =>
      succeeded(await plane.admin.create(kubeletConfigMap(undefined), '?dryRun=All')),
    );
  });

  test('removes the protected webhook configuration only with the right to do so', async () => {
    for (const object of objectsOf(PROTECTION)) succeeded(await plane.admin.create(object));
    await install();
    const less = await addAccount(
      plane,
      'less',
      [...hookRules(), ...MORE_RULES].filter(({ apiGroups }) => apiGroups?.includes('kubelet-guard.dev') !== true),
    );
    // a policy takes effect some time after it was written
    const probe = `${REGISTRATION}?dryRun=All`;
    const client = await clientOf(less);
    await eventually('the policy to take effect', async () =>
      (await client('DELETE', probe))?.includes('ValidatingAdmissionPolicy') === true ? true : undefined,
    );

    const denied = await runCli(['uninstall', '--kubeconfig', less]);
    const { code, stderr } = await runCli(['uninstall', '--kubeconfig', account]);

    expect(denied).toMatchObject({ code: 3, stdout: '' });
    expect(denied.stderr).toContain('the registration of kubelet-guard is protected: ask for the ClusterRole');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect((await plane.admin.get(REGISTRATION)).status).toBe(404);
  });

  test('without rights names the missing right, and reports that something is left', async () => {
    const { code, stderr, stdout } = await runCli(['uninstall', '--kubeconfig', await addAccount(plane, 'nobody', [])]);

    expect(code).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toContain('may not delete the ValidatingWebhookConfiguration kubelet-guard: ask for this right');
    expect(stderr).toContain('something is left in the cluster');
  });
});
