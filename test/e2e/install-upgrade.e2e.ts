import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { idOf, missingTools, renderOverlay, type Manifest } from '../support/manifests.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { apply, hostAddress, leadTo } from './support/installation.ts';
import { callLocal, sample } from './support/local-port.ts';
import { productCommand } from './support/product.ts';
import { freePort, startProgram, type Program } from './support/programs.ts';
import { kubeconfigFor } from './support/rights.ts';
import { kubeletConfigMap } from './support/samples.ts';
import { eventually, Hopeless } from './support/wait.ts';

jest.setTimeout(120_000);

const RATE = 50;
/** What the API server counts when it lets a write pass unjudged. */
const FAIL_OPEN = 'apiserver_admission_webhook_fail_open_count';

interface Replica {
  readonly program: Program;
  readonly port: number;
  readonly reviews: () => Promise<number>;
}

const tools = missingTools('kubectl') === undefined ? [] : ['kubectl'];

describeWith({ assets: ['etcd', 'kube-apiserver'], tools }, 'an upgrade from one version to the next', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let objects: readonly Manifest[];
  let kubeconfig: string;

  beforeAll(async () => {
    // to the endpoints of the Service, because nothing here routes the addresses of Services
    plane = await startControlPlane(cleanup, { flags: ['--enable-aggregator-routing=true'] });
    objects = renderOverlay('base');
    await apply(plane, objects);
    kubeconfig = await kubeconfigFor(plane, 'kubelet-guard');
  }, 120_000);
  afterAll(() => cleanup.run(), 60_000);

  test(`lets nothing pass unjudged under ${RATE} reviews a second`, async () => {
    const old = await startReplica();
    await leadTo(plane.admin, old.port);
    await eventually('the webhook to be asked', async () => ((await write()) === 'refused' ? true : undefined), {
      context: old.program.tail,
    });

    const flow = startFlow();
    try {
      await apply(plane, nextVersion(objects));
      const next = await startReplica();
      await leadTo(plane.admin, next.port);
      old.program.kill('SIGTERM');
      expect(await old.program.ended).toEqual({ code: 0, signal: null });
      await eventually('the new replica to be asked', async () =>
        (await next.reviews()) > 2 * RATE ? true : undefined,
      );
      // once more, and the caBundle that no manifest has is still there
      await apply(plane, nextVersion(objects));
    } finally {
      flow.stop();
    }
    const { answers, seconds } = await flow.ended;

    expect(answers.filter((answer) => answer !== 'refused')).toEqual([]);
    expect(answers.length).toBeGreaterThanOrEqual(seconds * RATE * 0.9);
    expect(await failedOpen()).toBe(0);
    process.stderr.write(`upgrade: ${answers.length} reviews in ${seconds.toFixed(1)} s, all of them judged\n`);
  });

  /** Runs the container of the Deployment as it is shipped, but for where its files and ports are. */
  async function startReplica(): Promise<Replica> {
    const [port, local] = [await freePort(hostAddress()), await freePort()];
    const config = objects.find((object) => idOf(object) === 'ConfigMap kubelet-guard/kubelet-guard');
    const { 'guard.yaml': text = '' } = config?.data as Readonly<Record<string, string>>;
    const places: Readonly<Record<string, string>> = {
      '--config=/etc/kubelet-guard/guard.yaml': `--config=${plane.write('guard.yaml', text)}`,
      '--local-listen=0.0.0.0:8080': `--local-listen=127.0.0.1:${local}`,
    };
    const args = argsOf(objects).map((arg) => places[arg] ?? arg);
    const own = [`--listen=${hostAddress()}:${port}`, `--kubeconfig=${kubeconfig}`];
    const name = `replica-${port}`;
    const program = startProgram(cleanup, { name, dir: plane.dir, command: productCommand(...args, ...own) });
    await eventually(
      'a replica to be ready',
      async () => {
        if (program.exit() !== undefined) throw new Hopeless(`it ended\n${program.tail()}`);
        return (await callLocal(local, '/readyz')).status === 200 ? true : undefined;
      },
      { context: program.tail },
    );
    const reviews = async () =>
      sample((await callLocal(local, '/metrics')).text, 'kubelet_guard_admission_requests_total') ?? 0;
    return { program, port, reviews };
  }

  /** Writes what the guard refuses: where it is not asked, the write succeeds. */
  async function write(): Promise<string> {
    const { status, message } = await plane.admin.create(kubeletConfigMap(undefined), '?dryRun=All');
    return status === 403 && message.includes('denied the request: kubelet-client-ca')
      ? 'refused'
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

/** The manifests of a version that differs in its image, and says so in a label. */
function nextVersion(objects: readonly Manifest[]): readonly Manifest[] {
  const text = JSON.stringify(objects)
    .replaceAll(/"image":"kubelet-guard:[^"]+"/g, '"image":"kubelet-guard:99.0.0"')
    .replaceAll('"labels":{', '"labels":{"app.kubernetes.io/version":"99.0.0",');
  expect(text).toContain('kubelet-guard:99.0.0');
  return JSON.parse(text) as readonly Manifest[];
}

function argsOf(objects: readonly Manifest[]): readonly string[] {
  const deployment = objects.find((object) => idOf(object) === 'Deployment kubelet-guard/kubelet-guard');
  const { template } = deployment?.spec as {
    readonly template: { readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] } };
  };
  return template.spec.containers[0]?.args ?? [];
}
