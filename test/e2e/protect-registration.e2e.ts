import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { connectCluster } from '../../src/kube/cluster.ts';
import { missingTools, renderOverlay } from '../support/manifests.ts';
import { succeeded } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { apply, addDefaultAccounts } from './support/installation.ts';
import { Authority } from './support/pki.ts';
import { addAccount, kubeconfigFor, NAMESPACE } from './support/rights.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(120_000);

const COLLECTION = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const REGISTRATION = `${COLLECTION}/kubelet-guard`;
const [BUNDLE = '', ANOTHER = ''] = ['e2e-ca-1', 'e2e-ca-2'].map((name) =>
  Buffer.from(new Authority(name).certificate).toString('base64'),
);

interface Webhook {
  readonly name: string;
  readonly clientConfig: { readonly service?: object };
  readonly rules: readonly object[];
}

interface Registration {
  readonly metadata: { readonly labels?: object };
  readonly webhooks: readonly [Webhook];
}

type Change = (registration: Registration) => object;

/** What the policy says. */
const PROTECTED = 'the registration of kubelet-guard is protected';

/** A ValidatingWebhookConfiguration with changed fields in its one webhook. */
function webhook(change: (webhook: Webhook) => object): Change {
  return (registration) => ({
    ...registration,
    webhooks: registration.webhooks.map((before) => ({ ...before, ...change(before) })),
  });
}

function metadata(change: object): Change {
  return (registration) => ({ ...registration, metadata: { ...registration.metadata, ...change } });
}

const service = (change: object) =>
  webhook(({ clientConfig }) => ({
    clientConfig: { ...clientConfig, service: { ...clientConfig.service, ...change } },
  }));
const rule = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] };
const owner = { apiVersion: 'v1', kind: 'Node', name: 'gone', uid: '00000000-0000-0000-0000-000000000000' };

/** What an attacker with the webhook's token would do. */
const CHANGES: Readonly<Record<string, Change>> = {
  'rules for everything': webhook(() => ({ rules: [rule] })),
  'one rule more': webhook(({ rules }) => ({ rules: [...rules, { ...rule, resources: ['secrets'] }] })),
  'no rule': webhook(() => ({ rules: [] })),
  'a URL': webhook(() => ({ clientConfig: { url: 'https://192.0.2.1/', caBundle: BUNDLE } })),
  'another Service': service({ name: 'other' }),
  'a Service of another namespace': service({ namespace: 'default' }),
  'another path': service({ path: '/elsewhere' }),
  'another port': service({ port: 8443 }),
  'one webhook more': (registration) => {
    const [first] = registration.webhooks;
    return { ...registration, webhooks: [first, { ...first, name: 'second.kubelet-guard.dev', rules: [rule] }] };
  },
  'another webhook in its place': webhook(() => ({ name: 'other.kubelet-guard.dev' })),
  'no webhook': (registration) => ({ ...registration, webhooks: [] }),
  'all namespaces': webhook(() => ({ namespaceSelector: {} })),
  'no namespace': webhook(() => ({ namespaceSelector: { matchLabels: { none: 'none' } } })),
  'some objects': webhook(() => ({ objectSelector: { matchLabels: { none: 'none' } } })),
  'failurePolicy Fail': webhook(() => ({ failurePolicy: 'Fail' })),
  'matchPolicy Exact': webhook(() => ({ matchPolicy: 'Exact' })),
  'a longer timeout': webhook(() => ({ timeoutSeconds: 30 })),
  'side effects': webhook(() => ({ sideEffects: 'NoneOnDryRun' })),
  'more review versions': webhook(() => ({ admissionReviewVersions: ['v1', 'v1beta1'] })),
  'no match conditions': webhook(() => ({ matchConditions: [] })),
  'other match conditions': webhook(() => ({ matchConditions: [{ name: 'all', expression: 'true' }] })),
  'a label': metadata({ labels: { 'app.kubernetes.io/name': 'other' } }),
  'no label': metadata({ labels: {} }),
  'an annotation': metadata({ annotations: { 'cert-manager.io/inject-ca-from': 'default/other' } }),
  'an owner that is gone, so that it is collected': metadata({ ownerReferences: [owner] }),
  'a finalizer, so that it cannot be deleted': metadata({ finalizers: ['example.com/never'] }),
};

const noKubectl = missingTools('kubectl');

describeWith(
  { assets: ['etcd', 'kube-apiserver'], tools: noKubectl === undefined ? [] : ['kubectl'] },
  'the shipped ValidatingWebhookConfiguration',
  () => {
    const cleanup = new Cleanup();
    let plane: ControlPlane;
    let webhookAccount: string;
    let anyEditor: string;

    beforeAll(async () => {
      plane = await startControlPlane(cleanup);
      const objects = renderOverlay('base');
      await apply(
        plane,
        objects.filter(({ kind }) => kind === 'Namespace'),
      );
      await addDefaultAccounts(plane.admin, [NAMESPACE]);
      await apply(plane, objects);
      webhookAccount = await kubeconfigFor(plane, 'kubelet-guard');
      const resources = ['validatingwebhookconfigurations'];
      const all = { apiGroups: ['admissionregistration.k8s.io'], resources, verbs: ['*'] };
      anyEditor = await addAccount(plane, 'any-editor', [all]);
      // a policy takes effect some time after it was written, and so do rights: without them the answer is 403 too
      const isProtected = ({ text }: { readonly text: string }) => (text.includes(PROTECTED) ? true : undefined);
      await eventually('the policy to take effect', async () =>
        isProtected(await send(anyEditor, 'DELETE', `${REGISTRATION}?dryRun=All`)),
      );
      const change = webhook(() => ({ failurePolicy: 'Fail' }));
      await eventually('the rights of the webhook to take effect', async () =>
        isProtected(await send(webhookAccount, 'PUT', `${REGISTRATION}?dryRun=All`, change(await registered()))),
      );
    }, 120_000);
    afterAll(() => cleanup.run(), 60_000);

    /** Calls with the rights of an account. */
    async function send(kubeconfig: string, method: 'PUT' | 'PATCH' | 'POST' | 'DELETE', path: string, body?: object) {
      const cluster = await connectCluster({ kubeconfig });
      if (cluster === undefined) throw new Error('there is no cluster');
      return cluster.request({ method, path, ...(body !== undefined && { body }) }, new AbortController().signal);
    }

    async function registered(): Promise<Registration> {
      return succeeded(await plane.admin.get(REGISTRATION)).body as Registration;
    }

    test.each(Object.entries(CHANGES))('cannot get %s from the webhook account', async (_name, change) => {
      const before = await registered();

      const answer = await send(webhookAccount, 'PUT', REGISTRATION, change(before));

      expect(answer.text).toContain(PROTECTED);
      expect(answer.status).toBe(403);
      expect(await registered()).toEqual(before);
      // without the policy the API server would accept the change
      succeeded(await plane.admin.send('PUT', `${REGISTRATION}?dryRun=All`, change(before)));
    });

    test('cannot get another change together with a caBundle', async () => {
      const before = await registered();
      const change = webhook(({ clientConfig }) => ({
        clientConfig: { ...clientConfig, caBundle: BUNDLE },
        failurePolicy: 'Fail',
      }));
      expect((await send(webhookAccount, 'PUT', REGISTRATION, change(before))).status).toBe(403);
    });

    test("can get a caBundle from the webhook's account, and another one later", async () => {
      for (const caBundle of [BUNDLE, ANOTHER]) {
        const change = webhook(({ clientConfig }) => ({ clientConfig: { ...clientConfig, caBundle } }));
        const answer = await send(webhookAccount, 'PUT', REGISTRATION, change(await registered()));
        expect(answer.status).toBe(200);
        expect((await registered()).webhooks[0].clientConfig).toMatchObject({ caBundle });
      }
    });

    test.each([
      ['PATCH', REGISTRATION, { webhooks: [] }],
      ['DELETE', REGISTRATION, undefined],
      ['DELETE', COLLECTION, undefined],
      ['POST', COLLECTION, { metadata: { name: 'other' }, webhooks: [] }],
      ['PUT', `${COLLECTION}/other`, { metadata: { name: 'other' }, webhooks: [] }],
    ] as const)('%s of %s is not among the rights of that account', async (method, path, fields) => {
      const kind = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration' };
      const answer = await send(
        webhookAccount,
        method,
        path,
        fields === undefined ? undefined : { ...kind, ...fields },
      );
      expect(answer.status).toBe(403);
    });

    test('cannot be changed or deleted by an account that may edit all others', async () => {
      const before = await registered();
      const change = webhook(({ clientConfig }) => ({ clientConfig: { ...clientConfig, caBundle: '' } }));
      expect((await send(anyEditor, 'PUT', REGISTRATION, change(before))).status).toBe(403);
      expect((await send(anyEditor, 'DELETE', REGISTRATION)).status).toBe(403);
      await send(anyEditor, 'DELETE', COLLECTION);
      expect(await registered()).toEqual(before);
    });

    test('can be changed by an account with the ClusterRole for it', async () => {
      const account = await addAccount(plane, 'installer', [
        {
          apiGroups: ['admissionregistration.k8s.io'],
          resources: ['validatingwebhookconfigurations'],
          verbs: ['update'],
        },
        { apiGroups: ['kubelet-guard.dev'], resources: ['registrations'], verbs: ['change'] },
      ]);
      const change = webhook(() => ({ timeoutSeconds: 3 }));
      await eventually('the rights to take effect', async () => {
        const { status, text } = await send(account, 'PUT', REGISTRATION, change(await registered()));
        if (status === 200) return true;
        throw new Error(text);
      });
    });
  },
);
