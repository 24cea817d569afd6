import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { succeeded, type Answer, type KubeObject } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import {
  addService,
  registeredBundle,
  registerService,
  registration,
  servedBy,
  startCertified,
  type CertifiedGuard,
} from './support/certificates.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, userOf, type ControlPlane } from './support/control-plane.ts';
import { forward } from './support/forwarder.ts';
import { Authority, type KeyPair } from './support/pki.ts';
import { addAccount, NAMESPACE } from './support/rights.ts';
import { CA_FILE, kubeletConfigMap } from './support/samples.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(180_000);

const SECRET = 'kubelet-guard-tls';
const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`;
const RBAC = 'rbac.authorization.k8s.io';
/** A year and 90 days, shortened to 45 and 15 seconds. */
const QUICK = { authority: 45_000, serving: 15_000, every: 500, settle: 1500 };
const SLOW = { authority: 31_536_000_000, serving: 7_776_000_000, every: 500, settle: 1500 };
const FOR = 80_000;
const RATE = 100;
const ACCOUNT = 'certificates';
const REVIEWS = 'kubelet_guard_admission_requests_total';

/** The rights of docs/certificates.md, and the right to create the Secret. */
function rights(): readonly KubeObject[] {
  const apiVersion = `${RBAC}/v1`;
  const local = { name: 'certificates', namespace: NAMESPACE };
  const global = { name: 'certificates' };
  const subjects = [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: NAMESPACE }];
  const secrets = { apiGroups: [''], resources: ['secrets'] };
  const registrations = { apiGroups: ['admissionregistration.k8s.io'], resources: ['validatingwebhookconfigurations'] };
  const bind = (kind: string) => ({ roleRef: { apiGroup: RBAC, kind, name: 'certificates' }, subjects });
  const rules = [
    { ...secrets, verbs: ['create'] },
    { ...secrets, resourceNames: [SECRET], verbs: ['get', 'update'] },
  ];
  const clusterRules = [{ ...registrations, resourceNames: ['kubelet-guard'], verbs: ['get', 'update'] }];
  const objects = [
    { apiVersion, kind: 'Role', metadata: local, rules },
    { apiVersion, kind: 'RoleBinding', metadata: local, ...bind('Role') },
    { apiVersion, kind: 'ClusterRole', metadata: global, rules: clusterRules },
    { apiVersion, kind: 'ClusterRoleBinding', metadata: global, ...bind('ClusterRole') },
  ];
  return objects;
}

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'certificates in a Secret', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let kubeconfig: string;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    kubeconfig = await addAccount(plane, ACCOUNT, []);
    for (const object of rights()) succeeded(await plane.admin.create(object));
    await addService(plane.admin);
  }, 120_000);
  afterAll(() => cleanup.run(), 60_000);

  /** Two replicas that start at the same moment, behind one address. The Secret and the webhook configuration do not exist. */
  async function startReplicas(undo: Cleanup, rotation: object): Promise<readonly [CertifiedGuard, CertifiedGuard]> {
    undo.add(async () => {
      await plane.admin.send('DELETE', `${SECRETS}/${SECRET}`);
      await plane.admin.delete(await registration(plane.admin));
    });
    const start = () => startCertified(undo, plane, rotation, [`--tls-secret=${SECRET}`, `--kubeconfig=${kubeconfig}`]);
    const replicas = await Promise.all([start(), start()]);
    const context = () => replicas.map(({ program }) => program.tail()).join('\n');
    let turn = 0;
    const port = await forward(undo, '127.0.0.1', () => replicas[(turn += 1) % 2]?.port ?? 0);
    const areServing = () => (replicas.every(({ program }) => program.log().includes('"serving"')) ? true : undefined);
    await eventually('both replicas to serve', areServing, { context });
    await registerService(plane.admin, port);
    await eventually('a review to be answered', async () => succeeded(await write()), { context });
    return replicas;
  }

  function write(): Promise<Answer> {
    return plane.admin.create(kubeletConfigMap(CA_FILE), '?dryRun=All');
  }

  async function secret(): Promise<Readonly<Record<string, string>>> {
    const { data } = succeeded(await plane.admin.get(`${SECRETS}/${SECRET}`)).body as { data: Record<string, string> };
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    );
  }

  async function bundle(): Promise<string> {
    return (await secret())['ca.crt'] ?? '';
  }

  async function isInStep(): Promise<true | undefined> {
    const [registered, wanted] = [await registeredBundle(plane.admin), await bundle()];
    return registered === wanted ? true : undefined;
  }

  describe('with two replicas', () => {
    const undo = new Cleanup();
    let replicas: readonly [CertifiedGuard, CertifiedGuard];
    beforeAll(async () => {
      replicas = await startReplicas(undo, SLOW);
    });
    afterAll(() => undo.run(), 60_000);

    test('both have certificates of one CA, even if they start at the same time', async () => {
      const ca = await bundle();
      expect(ca.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
      const serials = await Promise.all(replicas.map(({ port }) => servedBy(port, ca)));
      expect(new Set(serials).size).toBe(1);
      expect(await isInStep()).toBe(true);
      expect(replicas.map(({ program }) => program.log().includes('PRIVATE KEY'))).toEqual([false, false]);
    });

    test.each([
      ['edits', 'x'],
      ['removes', undefined],
    ])('a caBundle that somebody %s is updated', async (_name, text) => {
      const { caBundle: other } = { caBundle: text && Buffer.from(new Authority(text).certificate).toString('base64') };
      const before = await registration(plane.admin);
      const webhooks = before.webhooks.map((webhook) => {
        const { caBundle: _left, ...rest } = webhook.clientConfig;
        return { ...webhook, clientConfig: { ...rest, ...(other !== undefined && { caBundle: other }) } };
      });
      succeeded(await plane.admin.replace({ ...before, webhooks } as KubeObject));
      await eventually('the caBundle to be updated', isInStep);
      await eventually('a review to be answered', async () => succeeded(await write()));
    });

    test('a deleted Secret is re-created with a new CA', async () => {
      const before = await bundle();
      succeeded(await plane.admin.send('DELETE', `${SECRETS}/${SECRET}`));
      await eventually('another Secret', async () => ((await bundle()) === before ? undefined : await isInStep()));
      const ca = await bundle();
      await eventually('both replicas to serve with it', () =>
        Promise.all(replicas.map(({ port }) => servedBy(port, ca))),
      );
      await eventually('a review to be answered', async () => succeeded(await write()));
    });

    test('they keep serving with their certificates while the API server is gone', async () => {
      const ca = await bundle();
      await plane.stop();
      const lost = () =>
        replicas.every(({ program }) => program.log().includes('cannot be kept up to date')) ? true : undefined;
      await eventually('the replicas to notice', lost);
      expect(await Promise.all(replicas.map(({ port }) => servedBy(port, ca)))).toHaveLength(2);
      await plane.restart();
      await eventually('the replicas to continue', () =>
        replicas.every(({ program }) => program.log().includes('kept up to date again')) ? true : undefined,
      );
      expect(await bundle()).toBe(ca);
    });
  });

  test(`are rotated with their CA under ${RATE} reviews a second, and no call fails`, async () => {
    const undo = new Cleanup();
    try {
      const replicas = await startReplicas(undo, QUICK);
      const authorities = new Set<string>();
      const served = new Set<string>();
      const sizes = new Set<number>();
      const failures: string[] = [];
      let answered = 0;
      const began = performance.now();
      const open = new Set<Promise<void>>();
      let lastLook = 0;
      for (let sent = 0; performance.now() - began < FOR;) {
        const elapsed = performance.now() - began;
        for (; sent < (elapsed * RATE) / 1000; sent += 1) {
          const call = write().then(
            ({ status, message }) => {
              if (status === 201) answered += 1;
              else failures.push(`${status} ${message}`);
            },
            (cause: unknown) => {
              failures.push(String(cause));
            },
          );
          open.add(call);
          void call.then(() => open.delete(call));
        }
        if (elapsed - lastLook > 1000) {
          lastLook = elapsed;
          const values = await secret();
          const blocks = values['ca.crt']?.match(/-----BEGIN[^]*?END CERTIFICATE-----/g) ?? [];
          for (const block of blocks) authorities.add(block);
          sizes.add(blocks.length);
          served.add(values['tls.crt'] ?? '');
        }
        await pause(5);
      }
      await Promise.all(open);
      const reviews = await Promise.all(replicas.map(({ metric }) => metric(REVIEWS)));

      expect(failures.slice(0, 5)).toEqual([]);
      expect(answered).toBeGreaterThanOrEqual((FOR / 1000) * RATE * 0.99);
      // every review reached the webhook, and the webhook changed its certificate
      expect(reviews.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(answered);
      expect(authorities.size).toBeGreaterThanOrEqual(3);
      expect(served.size).toBeGreaterThanOrEqual(6);
      expect(sizes).toEqual(new Set([1, 2]));
      for (const { metric } of replicas) {
        expect(await metric('kubelet_guard_certificate_reloads_total', { result: 'success' })).toBeGreaterThanOrEqual(
          5,
        );
        const expiry = await metric('kubelet_guard_certificate_expiry_timestamp_seconds');
        expect(expiry * 1000 - Date.now()).toBeLessThan(QUICK.serving);
        expect(expiry * 1000).toBeGreaterThan(Date.now());
      }
      process.stderr.write(
        `rotation: ${answered} reviews in ${FOR / 1000} s, ${authorities.size} CAs, ${served.size} certificates, ${failures.length} failures\n`,
      );
    } finally {
      await undo.run();
    }
  });

  test('need rights: without them the webhook exits and names the missing ones', async () => {
    const without = await addAccount(plane, 'nobody', []);
    const flags = [`--tls-secret=${SECRET}`, `--kubeconfig=${without}`];
    const { program } = await startCertified(cleanup, plane, SLOW, flags);
    expect((await program.ended).code).not.toBe(0);
    expect(program.log()).toContain(`allow this account to get and update the Secret ${SECRET} in the namespace`);
  });
});

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'a webhook that requires a client certificate', () => {
  const cleanup = new Cleanup();
  const clients = new Authority('webhook-client-ca');
  let plane: ControlPlane;
  let folder: string;
  let guard: CertifiedGuard;
  let port: number;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-mtls-'));
    cleanup.add(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    let target = 0;
    port = await forward(cleanup, '127.0.0.1', () => target);
    plane = await startControlPlane(cleanup, {
      flags: [`--admission-control-config-file=${admissionConfiguration()}`],
    });
    const kubeconfig = await addAccount(plane, ACCOUNT, []);
    for (const object of rights()) succeeded(await plane.admin.create(object));
    await addService(plane.admin);
    guard = await startCertified(cleanup, plane, SLOW, [
      `--tls-secret=${SECRET}`,
      `--kubeconfig=${kubeconfig}`,
      `--client-ca-file=${file('client-ca.crt', clients.certificate)}`,
    ]);
    target = guard.port;
    await registerService(plane.admin, port);
  }, 120_000);
  afterAll(() => cleanup.run(), 60_000);

  function file(name: string, content: string): string {
    const path = join(folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  function pair(name: string, { certificate, key }: KeyPair) {
    return { certificate: file(`${name}.crt`, certificate), key: file(`${name}.key`, key) };
  }

  /** As in docs/webhook-authentication.md. */
  function admissionConfiguration(): string {
    const user = userOf(pair('webhook-client', clients.issue({ name: 'kube-apiserver' })));
    const users = [{ name: `kubelet-guard.${NAMESPACE}.svc:${port}`, user }];
    const kubeConfigFile = file(
      'webhook-client.kubeconfig',
      JSON.stringify({ apiVersion: 'v1', kind: 'Config', users }),
    );
    const configuration = {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'WebhookAdmissionConfiguration',
      kubeConfigFile,
    };
    const plugins = [{ name: 'ValidatingAdmissionWebhook', configuration }];
    const document = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration', plugins };
    return file('admission.json', JSON.stringify(document));
  }

  function write(): Promise<Answer> {
    return plane.admin.create(kubeletConfigMap(undefined), '?dryRun=All');
  }

  test('answers an API server that presents one', async () => {
    const answer = await eventually(
      'a review to be answered',
      async () => {
        const given = await write();
        return given.status === 403 ? given : undefined;
      },
      { context: guard.program.tail },
    );
    expect(answer.message).toContain('denied the request: kubelet-client-ca (CIS Kubernetes Benchmark 4.2.3)');
    expect(await guard.metric(REVIEWS)).toBeGreaterThan(0);
  });

  test('answers nobody else, not even the same API server if its certificate is from another CA', async () => {
    file('client-ca.crt', new Authority('another').certificate);
    await eventually('the other CA to be loaded', () =>
      guard.program.log().includes('certificate files reloaded') ? true : undefined,
    );
    const before = await guard.metric(REVIEWS);
    // the API server keeps its connections open, and those stay accepted
    await plane.restart();
    const denied = await eventually('the API server to load its webhooks', async () => {
      const answer = await write();
      return answer.message.includes('not yet ready') ? undefined : answer;
    });
    expect([denied.status, denied.message]).toEqual([500, expect.stringContaining('failed to call webhook')]);
    expect(await guard.metric(REVIEWS)).toBe(before);

    file('client-ca.crt', clients.certificate);
    await eventually('a review to be answered', async () => ((await write()).status === 403 ? true : undefined));
  });
});
