import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { request } from 'node:https';
import { ApiClient, succeeded, type Answer, type KubeObject } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { balance } from './support/balancer.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { startGuard, type Guard } from './support/guard.ts';
import { Authority } from './support/pki.ts';
import { PATIENT, register } from './support/registration.ts';
import { giveRights } from './support/rights.ts';
import { GOOD_FLAGS, mirrorPod } from './support/samples.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(300_000);

const RUNS = 200;
const NODE = 'cp-1';

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'two replicas behind one address, under ratchet', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let kubelet: ApiClient;
  let node: KubeObject;
  let guards: readonly Guard[];
  let authority: Authority;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    node = succeeded(await plane.admin.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } }))
      .body as KubeObject;
    const identity = { name: `system:node:${NODE}`, organization: 'system:nodes' };
    const client = new ApiClient(
      `https://127.0.0.1:${plane.port}`,
      plane.authority.certificate,
      plane.authority.issue(identity),
    );
    cleanup.add(() => {
      client.close();
    });
    kubelet = client;
    // these fail already when the webhook is registered
    await eventually('NodeRestriction to know the node', async () =>
      succeeded(await kubelet.create(mirror('restart', []))),
    );
    await Promise.all(
      Array.from({ length: RUNS }, (_, run) => `old-${run}`).map(async (name) =>
        succeeded(await kubelet.create(mirror(name, []))),
      ),
    );

    const kubeconfig = await giveRights(plane);
    authority = new Authority('e2e-webhook-ca');
    guards = [
      await startGuard(cleanup, plane, 'ratchet', { authority, kubeconfig }),
      await startGuard(cleanup, plane, 'ratchet', { authority, kubeconfig }),
    ];
    const serving = authority.issue({ name: 'kubelet-guard', addresses: ['127.0.0.1'] });
    const ports = guards.map(({ port }) => port);
    const port = await balance(cleanup, serving, authority.certificate, ports);
    const reviews = async () => (await Promise.all(guards.map((guard) => guard.reviews()))).reduce((a, b) => a + b);
    // under Fail a lost review would deny the write with another message, and the test would see it
    await register(cleanup, plane.admin, { port, authority: authority.certificate, reviews }, 'Fail', PATIENT);
  }, 120_000);
  afterAll(() => cleanup.run(), 60_000);

  function mirror(name: string, flags: readonly string[]): KubeObject {
    return mirrorPod(name, node, flags);
  }

  /** What the kubelet does when a manifest changes: no request shows both pods. */
  async function replace(name: string, flags: readonly string[]): Promise<Answer> {
    const pod = mirror(name, flags);
    await remove(pod);
    return kubelet.create(pod);
  }

  /** NodeRestriction reads the pod from a cache, which does not have a pod that was created a millisecond ago. */
  async function remove(pod: KubeObject): Promise<void> {
    await eventually(`the deletion of ${pod.metadata.name}`, async () => succeeded(await kubelet.delete(pod)));
  }

  /** Waits until each replica would deny a pod without the flags; a dry run leaves no trace in it. */
  async function knowsAsGood(name: string): Promise<void> {
    const pod = mirror(name, []);
    for (const { port, program } of guards) {
      const probe = async () => ((await ask(port, pod)) ? undefined : true);
      await eventually(`a replica to remember ${name}`, probe, { context: program.tail });
    }
  }

  interface Asked {
    readonly operation?: 'CREATE' | 'DELETE';
    readonly dryRun?: boolean;
    readonly uid?: string;
  }

  /** Asks one replica directly whether it would admit a pod, as any client that reaches its port can. */
  async function ask(
    port: number,
    object: KubeObject,
    { operation = 'CREATE', dryRun = true, uid = 'probe' }: Asked = {},
  ): Promise<boolean> {
    const review = {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid,
        kind: { group: '', version: 'v1', kind: 'Pod' },
        resource: { group: '', version: 'v1', resource: 'pods' },
        name: object.metadata.name,
        namespace: 'kube-system',
        operation,
        userInfo: { username: `system:node:${NODE}` },
        ...(operation === 'DELETE' ? { object: null, oldObject: object } : { object }),
        dryRun,
      },
    };
    const headers = { 'content-type': 'application/json' };
    const options = { host: '127.0.0.1', port, path: '/validate', method: 'POST', ca: authority.certificate, headers };
    return new Promise((resolve, reject) => {
      const outgoing = request({ ...options, agent: false }, (incoming) => {
        let text = '';
        incoming.on('data', (chunk: Buffer) => (text += chunk.toString()));
        incoming.once('end', () => {
          resolve((JSON.parse(text) as { response: { allowed: boolean } }).response.allowed);
        });
      });
      outgoing.once('error', reject).end(JSON.stringify(review));
    });
  }

  /** Waits until all replicas have logged this many times that they watch the pods. */
  function follows(times: number): Promise<true> {
    const count = ({ program }: Guard) => program.log().split('mirror pods are watched').length - 1;
    const probe = () => (guards.every((guard) => count(guard) >= times) ? (true as const) : undefined);
    const context = () => guards.map(({ program }) => program.tail()).join('\n');
    return eventually('the replicas to watch the pods', probe, { within: 60_000, context });
  }

  test('a mirror pod that loses its flags between DELETE and CREATE is denied, in every run', async () => {
    const before = await Promise.all(guards.map((guard) => guard.reviews({ decision: 'deny' })));
    for (let run = 0; run < RUNS; run += 1) {
      const name = `old-${run}`;

      const unrelated = succeeded(await replace(name, ['--v=2']));
      succeeded(await replace(name, GOOD_FLAGS));
      await knowsAsGood(name);
      const worse = await replace(name, []);
      const again = await kubelet.create(mirror(name, []));
      const good = await kubelet.create(mirror(name, GOOD_FLAGS));

      expect([run, worse.status, again.status, good.status]).toEqual([run, 403, 403, 201]);
      expect(unrelated.warnings.join('\n')).toContain('apiserver-kubelet-client-cert');
      expect(worse.message).toContain('apiserver-kubelet-client-cert (CIS Kubernetes Benchmark 1.2.4)');
      expect(worse.message).toContain('A denied mirror pod does not stop the static pod');
    }
    const after = await Promise.all(guards.map((guard) => guard.reviews({ decision: 'deny' })));
    // the balancer chooses at random: each replica got some
    for (const [index, count] of after.entries()) expect(count - (before[index] ?? 0)).toBeGreaterThan(RUNS / 2);
  });

  test('forged reviews that are sent directly to the replicas change no decision', async () => {
    const passing = mirror('forged', GOOD_FLAGS);
    const failing = mirror('forged', []);
    succeeded(await kubelet.create(passing));
    await knowsAsGood('forged');

    for (const { port } of guards) {
      for (let index = 0; index < 50; index += 1) {
        await ask(port, failing, { operation: 'DELETE', dryRun: false, uid: `forged-${index}` });
        await ask(port, failing, { dryRun: false, uid: `forged-${index}` });
      }
    }

    expect((await replace('forged', [])).status).toBe(403);
    succeeded(await kubelet.create(passing));
  });

  test('a forged CREATE of a good pod does not cause the denial of a pod that failed before', async () => {
    for (const { port } of guards) {
      expect(await ask(port, mirror('restart', []))).toBe(true);
      await ask(port, mirror('restart', GOOD_FLAGS), { dryRun: false });
      expect(await ask(port, mirror('restart', []))).toBe(true);
    }
  });

  test('the replicas remember the old objects while the API server is gone', async () => {
    const passing = mirror('passing', GOOD_FLAGS);
    succeeded(await kubelet.create(passing));
    await knowsAsGood('passing');
    for (const pod of [passing, mirror('restart', [])]) await remove(pod);

    await plane.restart();

    // an API server that has just started has not loaded its webhooks, and denies every write that could match one
    const created = await eventually('the API server to load its webhooks', async () => {
      const answer = await kubelet.create(mirror('restart', ['--v=3']));
      return answer.message.includes('not yet ready') ? undefined : answer;
    });
    const worse = await kubelet.create(mirror('passing', []));
    expect(created.status).toBe(201);
    expect(created.warnings.join('\n')).toContain('apiserver-kubelet-client-cert');
    expect(worse.status).toBe(403);
    expect(worse.message).toContain('apiserver-kubelet-client-cert');

    await follows(2);
    succeeded(await kubelet.create(passing));
    await knowsAsGood('passing');
    expect((await replace('passing', [])).status).toBe(403);
    expect(guards.map(({ program }) => program.exit())).toEqual([undefined, undefined]);
    for (const { program } of guards) {
      // one line when the watch failed and one when it worked again, however many attempts there were
      const states = program.log().match(/mirror pods (?:cannot be|are) watched/g) ?? [];
      expect(states.every((state, index) => state.includes('are') === (index % 2 === 0))).toBe(true);
      expect(states.length).toBeGreaterThan(0);
      expect(states.length).toBeLessThan(8);
    }
  });
});
