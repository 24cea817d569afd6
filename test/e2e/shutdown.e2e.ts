import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { forward } from './support/forwarder.ts';
import { startGuard, type Guard } from './support/guard.ts';
import { Authority } from './support/pki.ts';
import { PATIENT, register } from './support/registration.ts';
import { CA_FILE, kubeletConfigMap } from './support/samples.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(120_000);

/** How many clients write at the same time, and how many replicas are stopped one after the other. */
const CLIENTS = 8;
const REPLICAS = 4;

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'stopping a replica under load', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
  }, 90_000);
  afterAll(() => cleanup.run(), 60_000);

  test('fails no review under failurePolicy Fail, and the replica exits with code 0 within 10 s', async () => {
    const authority = new Authority('e2e-webhook-ca');
    let current = await startGuard(cleanup, plane, 'enforce', { authority });
    // as a Service does: new connections go to the ready replica, old ones stay
    const port = await forward(cleanup, '127.0.0.1', () => current.port);
    const service = { port, authority: authority.certificate, reviews: () => current.reviews() };
    await register(cleanup, plane.admin, service, 'Fail', PATIENT);

    const flow = startFlow();
    try {
      for (let replica = 1; replica < REPLICAS; replica += 1) {
        const old = current;
        await seesReviews(old);
        current = await startGuard(cleanup, plane, 'enforce', { authority });

        const began = performance.now();
        old.program.kill('SIGTERM');
        const exit = await old.program.ended;

        expect(exit).toEqual({ code: 0, signal: null });
        expect(performance.now() - began).toBeLessThan(10_000);
        await seesReviews(current);
      }
    } finally {
      flow.stop();
    }
    const answers = await flow.ended;

    expect(answers.filter((answer) => answer !== 'status 201')).toEqual([]);
  });

  /** Writes without a pause from several clients, and records the result of each write. */
  function startFlow() {
    const answers: string[] = [];
    let flowing = true;
    const client = async () => {
      while (flowing) {
        const { status, message } = await plane.admin.create(kubeletConfigMap(CA_FILE), '?dryRun=All');
        answers.push(`status ${status}${status === 201 ? '' : `: ${message}`}`);
      }
    };
    const ended = Promise.all(Array.from({ length: CLIENTS }, client)).then(() => answers);
    const stop = () => {
      flowing = false;
    };
    return { ended, stop };
  }

  async function seesReviews(guard: Guard): Promise<void> {
    const before = await guard.reviews({ decision: 'allow' });
    await eventually('reviews to flow', async () =>
      (await guard.reviews({ decision: 'allow' })) > before + 10 * CLIENTS ? true : undefined,
    );
  }
});
