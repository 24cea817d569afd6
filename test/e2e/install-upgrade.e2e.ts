import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { missingTools, renderOverlay, type Manifest } from '../support/manifests.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { apply, leadTo } from './support/installation.ts';
import { sample } from './support/local-port.ts';
import { PATIENT } from './support/registration.ts';
import { startReplica } from './support/replica.ts';
import { kubeconfigFor } from './support/rights.ts';
import { kubeletConfigMap } from './support/samples.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(120_000);

const RATE = 50;
/** The metric of writes that the API server allowed without an answer of the webhook. */
const FAIL_OPEN = 'apiserver_admission_webhook_fail_open_count';

const tools = missingTools('kubectl') === undefined ? [] : ['kubectl'];

describeWith({ assets: ['etcd', 'kube-apiserver'], tools }, 'an upgrade from one version to the next', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let objects: readonly Manifest[];
  let kubeconfig: string;

  beforeAll(async () => {
    // the API server connects to the endpoints of the Service, because nothing here routes the addresses of Services
    plane = await startControlPlane(cleanup, { flags: ['--enable-aggregator-routing=true'] });
    objects = patient(renderOverlay('base'));
    await apply(plane, objects);
    kubeconfig = await kubeconfigFor(plane, 'kubelet-guard');
  }, 120_000);
  afterAll(() => cleanup.run(), 60_000);

  test(`admits nothing unchecked under ${RATE} reviews a second`, async () => {
    const old = await startReplica(cleanup, plane, objects, kubeconfig);
    await leadTo(plane.admin, old.port);
    await eventually('the webhook to be called', async () => ((await write()) === 'denied' ? true : undefined), {
      context: old.program.tail,
    });

    const unchecked = await failedOpen();
    const flow = startFlow();
    try {
      await apply(plane, nextVersion(objects));
      const next = await startReplica(cleanup, plane, objects, kubeconfig);
      await leadTo(plane.admin, next.port);
      old.program.kill('SIGTERM');
      expect(await old.program.ended).toEqual({ code: 0, signal: null });
      await eventually('the new replica to be called', async () =>
        (await next.reviews()) > 2 * RATE ? true : undefined,
      );
      // the caBundle, which no manifest has, is still there after applying again
      await apply(plane, nextVersion(objects));
    } finally {
      flow.stop();
    }
    const { answers, seconds } = await flow.ended;

    expect(answers.filter((answer) => answer !== 'denied')).toEqual([]);
    expect(answers.length).toBeGreaterThanOrEqual(seconds * RATE * 0.9);
    expect(await failedOpen()).toBe(unchecked);
    process.stderr.write(`upgrade: ${answers.length} reviews in ${seconds.toFixed(1)} s, all of them checked\n`);
  });

  /** Writes what the webhook denies: if it is not called, the write succeeds. */
  async function write(): Promise<string> {
    const { status, message } = await plane.admin.create(kubeletConfigMap(undefined), '?dryRun=All');
    return status === 403 && message.includes('denied the request: kubelet-client-ca')
      ? 'denied'
      : `${status} ${message}`;
  }

  function startFlow() {
    const began = performance.now();
    const open: Promise<string>[] = [];
    let flowing = true;
    const seconds = () => (performance.now() - began) / 1000;
    const send = async () => {
      while (flowing) {
        while (open.length < seconds() * RATE) open.push(write().catch(String));
        await pause(5);
      }
      return seconds();
    };
    const ended = send().then(async (took) => ({ seconds: took, answers: await Promise.all(open) }));
    const stop = () => {
      flowing = false;
    };
    return { ended, stop };
  }

  async function failedOpen(): Promise<number> {
    const { body } = await plane.admin.get('/metrics');
    return sample(String(body), FAIL_OPEN, { name: 'validate.kubelet-guard.dev' }) ?? 0;
  }
});

/** With a timeout that no answer exceeds because the machine stalls; a call that is never answered exceeds it too. */
function patient(objects: readonly Manifest[]): readonly Manifest[] {
  return objects.map((object) => {
    if (object.kind !== 'ValidatingWebhookConfiguration') return object;
    const webhooks = (object.webhooks as readonly object[]).map((webhook) => ({ ...webhook, timeoutSeconds: PATIENT }));
    return { ...object, webhooks };
  });
}

/** The manifests of a version with another image, which is shown by a label. */
function nextVersion(objects: readonly Manifest[]): readonly Manifest[] {
  const text = JSON.stringify(objects)
    .replaceAll(/"image":"kubelet-guard:[^"]+"/g, '"image":"kubelet-guard:99.0.0"')
    .replaceAll('"labels":{', '"labels":{"app.kubernetes.io/version":"99.0.0",');
  expect(text).toContain('kubelet-guard:99.0.0');
  return JSON.parse(text) as readonly Manifest[];
}
