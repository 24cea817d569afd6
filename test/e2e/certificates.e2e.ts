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
import { addAccount, NAMESPACE, untilGranted } from './support/rights.ts';
import { CA_FILE, kubeletConfigMap } from './support/samples.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(180_000);

const SECRET = 'kubelet-guard-tls';
const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`;
const RBAC = 'rbac.authorization.k8s.io';
/**
 * A year and 90 days, shortened to 72 and 36 seconds. Both are due after 48 seconds. Then the new CA settles, and six seconds are
 * left: a stall of the machine can be that long, and an API server may observe the new CA as late as it settles.
 */
const QUICK = { authority: 72_000, serving: 36_000, every: 500, settle: 5000 };
const SLOW = { authority: 31_536_000_000, serving: 7_776_000_000, every: 500, settle: 1500 };
/** Milliseconds of reviews: at least, and until there were enough certificates at most. */
const [FOR, MOST] = [80_000, 300_000];
const RATE = 100;
/** Reviews at a time, which are sent after a stall: fewer than the connections that one webhook keeps. */
const AT_ONCE = 200;
const [AUTHORITIES, CERTIFICATES] = [3, 6];
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
    await untilGranted(plane.admin, rights());
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
    const context = contextOf(replicas);
    let turn = 0;
    const port = await forward(undo, '127.0.0.1', () => replicas[(turn += 1) % 2]?.port ?? 0);
    const areServing = () => (replicas.every(({ program }) => program.log().includes('"serving"')) ? true : undefined);
    await eventually('both replicas to serve', areServing, { context });
    await registerService(plane.admin, port);
    await isReviewed(context);
    return replicas;
  }

  function write(): Promise<Answer> {
    return plane.admin.create(kubeletConfigMap(CA_FILE), '?dryRun=All');
  }

  function contextOf(replicas: readonly CertifiedGuard[]): () => string {
    return () => replicas.map(({ program }) => program.tail()).join('\n');
  }

  /** Waits until a bad write is denied: an API server that has not observed the registration yet lets every write pass. */
  async function isReviewed(context: () => string): Promise<void> {
    const isDenied = async () => {
      const { status, message } = await plane.admin.create(kubeletConfigMap(undefined), '?dryRun=All');
      if (status === 403 && message.includes('denied the request')) return true;
      throw new Error(`${status} ${message}`);
    };
    await eventually('a review to be answered', isDenied, { context, within: 60_000 });
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
    const context = () => contextOf(replicas)();
    beforeAll(async () => {
      replicas = await startReplicas(undo, SLOW);
    });
    afterAll(() => undo.run(), 60_000);

    test('both have certificates of one CA, even if they start at the same time', async () => {
      const ca = await bundle();
      expect(ca.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
      const serials = await Promise.all(replicas.map(({ port }) => servedBy(port, ca)));
      expect(new Set(serials).size).toBe(1);
      await eventually('the caBundle to be the one of the Secret', isInStep, { context });
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
      await eventually('the caBundle to be updated', isInStep, { context });
      await isReviewed(context);
    });

    test('a deleted Secret is re-created with a new CA', async () => {
      const before = await bundle();
      succeeded(await plane.admin.send('DELETE', `${SECRETS}/${SECRET}`));
      await eventually('another Secret', async () => ((await bundle()) === before ? undefined : await isInStep()), {
        context,
      });
      const ca = await bundle();
      await eventually(
        'both replicas to serve with it',
        () => Promise.all(replicas.map(({ port }) => servedBy(port, ca))),
        { context },
      );
      await isReviewed(context);
    });

    test('they keep serving with their certificates while the API server is gone', async () => {
      const ca = await bundle();
      await plane.stop();
      const lost = () =>
        replicas.every(({ program }) => program.log().includes('cannot be kept up to date')) ? true : undefined;
      await eventually('the replicas to notice', lost, { context, within: 60_000 });
      expect(await Promise.all(replicas.map(({ port }) => servedBy(port, ca)))).toHaveLength(2);
      await plane.restart();
      const isBack = () =>
        replicas.every(({ program }) => program.log().includes('kept up to date again')) ? true : undefined;
      await eventually('the replicas to continue', isBack, { context, within: 60_000 });
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
      let sent = 0;
      const isDone = (elapsed: number): boolean =>
        elapsed >= FOR && sent >= (FOR * RATE) / 1000 && authorities.size >= AUTHORITIES && served.size >= CERTIFICATES;
      for (let elapsed = 0; !isDone(elapsed) && elapsed < MOST; elapsed = performance.now() - began) {
        for (; sent < (elapsed * RATE) / 1000 && open.size < AT_ONCE; sent += 1) {
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
      const took = performance.now() - began;
      await Promise.all(open);
      const reviews = await Promise.all(replicas.map(({ metric }) => metric(REVIEWS)));

      expect(failures.slice(0, 5)).toEqual([]);
      expect(answered).toBeGreaterThanOrEqual((FOR / 1000) * RATE);
      // every review reached the webhook, and the webhook changed its certificate
      expect(reviews.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(answered);
      expect(authorities.size).toBeGreaterThanOrEqual(AUTHORITIES);
      expect(served.size).toBeGreaterThanOrEqual(CERTIFICATES);
      expect(sizes).toEqual(new Set([1, 2]));
      for (const { metric } of replicas) {
        // one replica renews, and the other one reads that a moment later
        const isRenewed = async () =>
          (await metric('kubelet_guard_certificate_reloads_total', { result: 'success' })) >= CERTIFICATES - 1
            ? true
            : undefined;
        await eventually('all certificates to be used', isRenewed, { context: contextOf(replicas) });
        const expiry = await metric('kubelet_guard_certificate_expiry_timestamp_seconds');
        expect(expiry * 1000 - Date.now()).toBeLessThan(QUICK.serving);
        expect(expiry * 1000).toBeGreaterThan(Date.now());
      }
      process.stderr.write(
        `rotation: ${answered} reviews in ${Math.round(took / 1000)} s, ${authorities.size} CAs, ${served.size} certificates, ${failures.length} failures\n`,
      );
    } finally {
      await undo.run();
    }
  }, 480_000);

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
    await untilGranted(plane.admin, rights());
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
