import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { GuardReport } from '../../src/outputs/guard-report.ts';
import { succeeded } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { addService, registerService, registration, startCertified } from './support/certificates.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { fill, smallDisk, starve, webhookIn, type Webhook } from './support/faults.ts';
import { COMPLIANT, WITHOUT_CLIENT_CA } from './support/kubelet-setups.ts';
import { NODE_NEEDS, startNode } from './support/node.ts';
import { Authority } from './support/pki.ts';
import { runCli } from './support/product.ts';
import { PATIENT, register } from './support/registration.ts';
import { eventsOf, serveReportApis } from './support/report-apis.ts';
import { giveRights, NAMESPACE } from './support/rights.ts';
import { CA_FILE, kubeletConfigMap } from './support/samples.ts';
import { findingOf, startSweeper, type Sweeper } from './support/sweeper.ts';
import { eventually } from './support/wait.ts';

/** How long the API server is gone; `npm run soak -- outage` takes ten minutes. */
const OUTAGE = Number(process.env.OUTAGE_SECONDS ?? 3) * 1000;

jest.setTimeout(240_000 + OUTAGE);

const CLIENT_CA = 'kubelet-client-ca';
const DAY = 86_400_000;
const NEEDS = { ...NODE_NEEDS, tools: [...NODE_NEEDS.tools, 'prlimit', 'umount'] };

function configuration(action: string): string {
  const controls = { 'kubelet-client-ca': { action } };
  const header = { apiVersion: 'kubelet-guard.dev/v1alpha1', kind: 'GuardConfiguration', onUnknown: 'deny' };
  return `${JSON.stringify({ ...header, controls, namespaces: ['kube-system'] }, undefined, 2)}\n`;
}

describeWith(NEEDS, 'faults of the machine', () => {
  const cleanup = new Cleanup();
  const authority = new Authority('e2e-webhook-ca');
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
  }, 120_000);
  afterAll(() => cleanup.run(), 60_000);

  const write = (clientCAFile: string | undefined) =>
    plane.admin.create(kubeletConfigMap(clientCAFile), '?dryRun=All').then(
      ({ status }) => status,
      () => 0,
    );
  const bad = () => write(undefined);
  const good = () => write(CA_FILE);
  /** Waits until a write has this status. */
  const becomes = (what: string, ask: () => Promise<number>, status: number) =>
    eventually(what, async () => ((await ask()) === status ? true : undefined));

  describe('the webhook', () => {
    const undo = new Cleanup();
    let webhook: Webhook;

    beforeAll(async () => {
      const dir = join(plane.dir, 'disk');
      await smallDisk(undo, dir);
      webhook = await webhookIn(undo, { dir, authority, configuration: configuration('enforce') });
      await webhook.start();
      const target = { port: webhook.port, authority: authority.certificate, reviews: webhook.reviews };
      // an answer that is late because the machine stalls would look like half a certificate
      await register(undo, plane.admin, target, 'Fail', PATIENT);
    }, 60_000);
    afterAll(() => undo.run(), 60_000);

    test('that is killed admits nothing bad, and the next process decides the same', async () => {
      expect([await bad(), await good()]).toEqual([403, 201]);
      webhook.program().kill('SIGKILL');
      await webhook.program().ended;
      expect(await bad()).not.toBe(201);
      await webhook.start();
      await becomes('a good write to pass', good, 201);
      expect(await bad()).toBe(403);
    });

    test('with a full disk keeps its configuration, and loads the next one', async () => {
      const baseline = join(webhook.dir, 'baseline.json');
      const sample = join(plane.dir, 'kubelet.yaml');
      writeFileSync(sample, kubeletConfigMap(undefined).data.kubelet ?? '');
      await runCli(['check', sample, '--write-baseline', baseline]);
      const before = readFileSync(baseline, 'utf8');
      webhook.configure('');
      const free = fill(webhook.dir);
      expect(() => {
        webhook.configure(configuration('off').repeat(20));
      }).toThrow('ENOSPC');

      const written = await runCli(['check', sample, '--write-baseline', baseline]);
      expect([written.code, readFileSync(baseline, 'utf8')]).toEqual([2, before]);
      expect(written.stderr).toContain('ENOSPC');
      await eventually('the half configuration to be rejected', () =>
        webhook.program().log().includes('the configuration file has faults') ? true : undefined,
      );
      expect([await bad(), await good()]).toEqual([403, 201]);

      free();
      webhook.configure(configuration('audit'));
      await becomes('the next configuration', bad, 201);
      webhook.configure(configuration('enforce'));
      await becomes('the one after', bad, 403);
      expect(webhook.program().exit()).toBeUndefined();
    });

    test('without free file descriptors answers again once it has some, and loads what changed', async () => {
      const feed = await starve(webhook.program(), 2);
      const sockets = Array.from({ length: 40 }, () => hold(webhook.port));
      webhook.configure(configuration('off'));
      for (let times = 0; times < 5; times += 1) expect(await bad()).not.toBe(201);

      for (const socket of sockets) socket.destroy();
      await feed();
      await becomes('the changed configuration', bad, 201);
      webhook.configure(configuration('enforce'));
      await becomes('the one before', bad, 403);
      expect(webhook.program().exit()).toBeUndefined();
    });

    test('whose files are replaced while it reads them never uses half a file', async () => {
      const answers = new Set<string>();
      let isOver = false;
      const flow = async (what: string, ask: () => Promise<number>) => {
        while (!isOver) answers.add(`${what} ${await ask()}`);
      };
      const flows = [flow('bad', bad), flow('good', good)];
      const whole = configuration('enforce');
      for (let round = 0; round < 40; round += 1) {
        webhook.configure(whole.slice(0, Math.floor((whole.length * (round % 10)) / 10)));
        webhook.certify(false);
        await good();
        webhook.configure(whole);
        webhook.certify(true);
        await bad();
      }
      isOver = true;
      await Promise.all(flows);

      expect([...answers].sort()).toEqual(['bad 403', 'good 201']);
      expect(webhook.program().exit()).toBeUndefined();
    });
  });

  test('a clock that jumps a hundred days ahead and back does not stop the webhook', async () => {
    const undo = new Cleanup();
    cleanup.add(() => undo.run());
    await giveRights(plane);
    await addService(plane.admin);
    const clock = plane.write('clock', '0');
    const rotation = { authority: 365 * DAY, serving: 90 * DAY, every: 500, settle: 500 };
    const flags = ['--tls-secret=kubelet-guard-tls', `--kubeconfig=${plane.kubeconfig}`, `--clock-file=${clock}`];
    const guard = await startCertified(undo, plane, rotation, flags);
    const serves = () => (guard.program.log().includes('"serving"') ? true : undefined);
    await eventually('it to serve', serves, { context: guard.program.tail });
    await registerService(plane.admin, guard.port);
    undo.add(async () => plane.admin.delete(await registration(plane.admin)));
    // a good write also passes before the API server knows the webhook
    await becomes('a bad write to be denied', bad, 403);
    await becomes('a good write to pass', good, 201);
    const first = await stored();

    writeFileSync(clock, String(100 * DAY));
    await eventually('another certificate', async () => ((await stored()) === first ? undefined : true));
    expect(await bad()).not.toBe(201);
    writeFileSync(clock, '0');
    await becomes('a good write to pass again', good, 201);
    expect(await bad()).not.toBe(201);
    expect(guard.program.exit()).toBeUndefined();

    async function stored(): Promise<string | undefined> {
      const path = `/api/v1/namespaces/${NAMESPACE}/secrets/kubelet-guard-tls`;
      const { data } = succeeded(await plane.admin.get(path)).body as { data: Record<string, string> };
      return data['tls.crt'];
    }
  });

  describe('the sweeper', () => {
    let kubeconfig: string;
    let sweeper: Sweeper;
    const settings = { interval: '60s', jitter: '0%', timeout: '15s', evidence: ['handshake', 'configz'] };
    const open = ({ findings }: Pick<GuardReport, 'findings'>) =>
      findings.find(({ control, subject }) => control === CLIENT_CA && subject.name === 'open');

    beforeAll(async () => {
      kubeconfig = await giveRights(plane, 'kubelet-guard-sweeper').catch(() => plane.kubeconfig);
      await serveReportApis(plane.admin);
      await Promise.all([
        startNode(cleanup, plane, 'open', WITHOUT_CLIENT_CA),
        startNode(cleanup, plane, 'steady', COMPLIANT),
      ]);
      sweeper = await startSweeper(cleanup, plane, kubeconfig, settings);
      await sweeper.nextReport({ after: new Date(0) });
    }, 120_000);
    afterEach(() => {
      expect(sweeper.program.exit()).toBeUndefined();
    });

    /** Asks for sweeps until one is complete: the first ones may still lack what comes back. */
    function completeSweep(): Promise<GuardReport> {
      const { tail } = sweeper.program;
      return eventually('a complete sweep', () => sweeper.sweepNow({ within: 10_000 }), {
        within: 80_000,
        context: tail,
      });
    }

    test('that is killed loses no finding: the next one continues, and no Event is repeated', async () => {
      const before = open(await sweeper.sweepNow());
      expect(before).toMatchObject({ result: 'fail' });
      const events = await eventually('the Event', async () => {
        const all = await eventsOf(plane.admin);
        return all.length > 0 ? all.length : undefined;
      });
      sweeper.program.kill('SIGKILL');
      await sweeper.program.ended;

      sweeper = await startSweeper(cleanup, plane, kubeconfig, settings);
      const after = open(await sweeper.nextReport({ after: new Date(0), within: 60_000 }));

      expect(after).toMatchObject({ result: 'fail', drift: { state: 'persisting', since: before?.drift?.since } });
      expect(await eventsOf(plane.admin)).toHaveLength(events);
    });

    test('survives an outage of its API server, loses no finding and reports no pass meanwhile', async () => {
      const before = open(await sweeper.sweepNow());
      await plane.stop();
      const until = Date.now() + OUTAGE;
      do {
        await pause(1000);
        expect(sweeper.program.exit()).toBeUndefined();
        expect(open((await sweeper.report()) ?? { findings: [] })).not.toMatchObject({ result: 'pass' });
      } while (Date.now() < until);
      await plane.restart();

      expect(open(await completeSweep())).toMatchObject({
        result: 'fail',
        drift: { state: 'persisting', since: before?.drift?.since },
      });
    });

    test('without free file descriptors reports no pass, and everything again once it has some', async () => {
      const sweeps = () => sweeper.entries().filter(({ msg }) => msg.startsWith('a sweep is ')).length;
      const before = sweeps();
      const feed = await starve(sweeper.program, 1);
      sweeper.program.kill('SIGUSR1');
      await eventually('a sweep to end', () => (sweeps() > before ? true : undefined), {
        within: 60_000,
        context: sweeper.program.tail,
      });
      await feed();

      expect(open((await sweeper.report()) ?? (await completeSweep()))).toMatchObject({
        result: expect.not.stringMatching('pass') as unknown,
      });
      const report = await completeSweep();
      expect(open(report)).toMatchObject({ result: 'fail' });
      expect(findingOf(report, CLIENT_CA, 'steady')).toMatchObject({ result: 'pass' });
    });
  });
});

/** Connects and sends nothing. */
function hold(port: number): Socket {
  return connect({ host: '127.0.0.1', port }).on('error', () => undefined);
}
