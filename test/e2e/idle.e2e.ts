import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { succeeded } from './support/api.ts';
import { describeWith } from './support/assets.ts';
import { addService, registerService } from './support/certificates.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { productCommand } from './support/product.ts';
import { freePort, startProgram } from './support/programs.ts';
import { giveRights, kubeconfigFor, NAMESPACE, untilGranted } from './support/rights.ts';
import { shippedObjects } from './support/shipped-rules.ts';
import { startSweeper } from './support/sweeper.ts';
import { eventually } from './support/wait.ts';

/** How many seconds are measured; IDLE_SECONDS=360 for the figure of docs/sweep.md. */
const SECONDS = Number(process.env.IDLE_SECONDS ?? 30);
const DAY = 86_400;

jest.setTimeout((SECONDS + 120) * 1000);

interface AuditEvent {
  readonly verb: string;
  readonly userAgent?: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource: string };
  readonly requestReceivedTimestamp: string;
}

describeWith({ assets: ['etcd', 'kube-apiserver'] }, 'two webhooks and two sweepers in an idle cluster', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup, { auditRules: [{ level: 'Metadata' }] });
    const webhook = await giveRights(plane);
    for (const object of shippedObjects()) {
      const { kind, metadata } = object;
      if (kind === 'Secret') await plane.admin.send('POST', `/api/v1/namespaces/${NAMESPACE}/secrets`, object);
      else if (metadata.name === 'kubelet-guard-certificates') succeeded(await plane.admin.create(object));
    }
    await untilGranted(plane.admin, shippedObjects());
    for (const name of ['node-1', 'node-2'])
      succeeded(await plane.admin.create({ apiVersion: 'v1', kind: 'Node', metadata: { name } }));
    const sweeper = await kubeconfigFor(plane, 'kubelet-guard-sweeper');
    await addService(plane.admin);
    await registerService(plane.admin, await freePort());
    const guards = [1, 2].map(async (index) => {
      const addresses = [`--listen=127.0.0.1:${await freePort()}`, `--local-listen=127.0.0.1:${await freePort()}`];
      const flags = ['--tls-secret=kubelet-guard-tls', `--kubeconfig=${webhook}`, ...addresses];
      const command = productCommand('serve', '--only=webhook', ...flags);
      return startProgram(cleanup, { name: `guard-${index}`, dir: plane.dir, command });
    });
    const programs = await Promise.all(guards);
    const sweepers = await Promise.all([1, 2].map(() => startSweeper(cleanup, plane, sweeper)));
    const context = () => [...programs, ...sweepers.map(({ program }) => program)].map(({ tail }) => tail()).join('\n');
    await eventually(
      'all to serve',
      () => Promise.resolve(programs.every(({ log }) => log().includes('"serving"')) ? true : undefined),
      { context },
    );
    const hasSwept = () => sweepers.some(({ entries }) => entries().some(({ msg }) => msg.startsWith('a sweep is ')));
    await eventually('the first sweep', () => Promise.resolve(hasSwept() ? true : undefined), { context });
    // what the first sweep and its writes cause
    await setTimeout(15_000);
  }, 180_000);
  afterAll(() => cleanup.run(), 60_000);

  test('cause fewer than 90,000 audit events a day, all with one user agent', async () => {
    const from = new Date();
    await setTimeout(SECONDS * 1000);
    // a stall of the machine makes it longer
    const seconds = (Date.now() - from.getTime()) / 1000;
    const events = readFileSync(join(plane.dir, 'audit.log'), 'utf8')
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as AuditEvent)
      .filter(({ user, requestReceivedTimestamp: at }) => {
        return user.username.startsWith(`system:serviceaccount:${NAMESPACE}:`) && new Date(at) >= from;
      });
    const counts = new Map<string, number>();
    for (const { verb, objectRef } of events) {
      const what = `${verb} ${objectRef?.resource ?? 'else'}`;
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
    const perDay = Math.round((events.length / seconds) * DAY);
    process.stderr.write(
      `idle: ${perDay} a day: ${JSON.stringify(Object.fromEntries(counts))} in ${Math.round(seconds)} s\n`,
    );

    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
    expect(new Set(events.map(({ userAgent }) => userAgent))).toEqual(new Set([`kubelet-guard/${version}`]));
    // the Lease is renewed and read as client-go does; nothing else is read repeatedly
    const others = [...counts].filter(([what]) => !what.endsWith(' leases'));
    expect(others.reduce((sum, [, count]) => sum + count, 0)).toBeLessThanOrEqual(10 + seconds / 5);
    expect(perDay).toBeLessThan(90_000 * (SECONDS < 120 ? 1.2 : 1));
  });
});
