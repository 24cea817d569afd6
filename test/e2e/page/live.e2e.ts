// The page of a running `serve` in a real browser, beside a real API server and real kubelets.

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';

import { describeWith } from '../support/assets.ts';
import { usePages } from '../support/browser.ts';
import { Cleanup } from '../support/cleanup.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { installGuard, type Guard } from '../support/guard.ts';
import { COMPLIANT, WITHOUT_CLIENT_CA } from '../support/kubelet-setups.ts';
import { NODE_NEEDS, startNode, type ClusterNode } from '../support/node.ts';
import { callLocal } from '../support/local-port.ts';
import { PATIENT } from '../support/registration.ts';
import { giveRights } from '../support/rights.ts';
import { kubeletConfigMap } from '../support/samples.ts';
import { startSweeper, type Sweeper } from '../support/sweeper.ts';
import { eventually } from '../support/wait.ts';

jest.setTimeout(180_000);

const SETTINGS = { interval: '1h', timeout: '15s', evidence: ['handshake', 'configz'] };
const FAILING = '#findings .item.fail[data-control~="kubelet-client-ca"]';

/** Marks the document, so that a reload is noticed. */
async function mark(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate('globalThis.isMarked = true');
  return async () => (await page.evaluate('globalThis.isMarked === true')) === true;
}

describeWith({ ...NODE_NEEDS, browser: true }, 'the page of serve beside real components', () => {
  const cleanup = new Cleanup();
  const pages = usePages();
  let plane: ControlPlane;
  let kubeconfig: string;
  let node: ClusterNode;
  let sweeper: Sweeper;
  let guard: Guard;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    kubeconfig = await giveRights(plane, 'kubelet-guard-sweeper');
    [node] = await Promise.all([
      startNode(cleanup, plane, 'changing', COMPLIANT),
      startNode(cleanup, plane, 'steady', COMPLIANT),
    ]);
    sweeper = await startSweeper(cleanup, plane, kubeconfig, SETTINGS);
    guard = await installGuard(cleanup, plane, 'enforce', 'Ignore', { timeoutSeconds: PATIENT });
    await sweeper.nextReport({ after: new Date(0) });
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  const open = (port: number) => pages.open(`http://127.0.0.1:${String(port)}/`);

  test('shows the drift of a kubelet without a reload, and that it is resolved', async () => {
    const { page, complaints, requests } = await open(sweeper.port);
    const isSame = await mark(page);
    expect(await page.locator(FAILING).count()).toBe(0);

    await node.restart(WITHOUT_CLIENT_CA);
    await sweeper.sweepNow();
    await page.locator(FAILING).first().waitFor();
    expect(await page.locator(FAILING).first().textContent()).toContain('changing');
    await page.locator('#drift', { hasText: /1\s*new/ }).waitFor();

    await node.restart(COMPLIANT);
    await sweeper.sweepNow();
    await page.locator('#drift', { hasText: /1\s*resolved/ }).waitFor();
    expect(await page.locator(FAILING).count()).toBe(0);
    expect(await isSame()).toBe(true);
    expect(complaints).toEqual([]);
    const origin = `http://127.0.0.1:${String(sweeper.port)}`;
    expect(requests.filter((url) => ![`${origin}/`, `${origin}/events`].includes(url))).toEqual([]);
  });

  test('shows what the webhook denied to a real API server, without a reload', async () => {
    const { page, complaints } = await open(guard.local);
    const isSame = await mark(page);
    expect(await page.locator('#admission').textContent()).not.toContain('kubelet-config');

    expect((await plane.admin.create(kubeletConfigMap(undefined))).status).toBe(403);
    const entry = page.locator('#admission', { hasText: 'kubelet-config' });
    await entry.waitFor();
    expect(await entry.textContent()).toMatch(/kubelet-client-ca: [^]*\(missing\)/);
    expect(await isSame()).toBe(true);
    expect(complaints).toEqual([]);
  });

  test('names the replica that sweeps, on the page of another one', async () => {
    const follower = await startSweeper(cleanup, plane, kubeconfig, SETTINGS);
    await eventually('the other replica to know its leader', async () => {
      const { text } = await callLocal(follower.port, '/api/v1/report');
      return text.includes('ask the replica') ? true : undefined;
    });
    const lease = await plane.admin.get(
      '/apis/coordination.k8s.io/v1/namespaces/kubelet-guard/leases/kubelet-guard-sweeper',
    );
    const { holderIdentity } = (lease.body as { spec: { holderIdentity: string } }).spec;
    const { page } = await open(follower.port);
    expect(await page.locator('main').textContent()).toContain(holderIdentity.split('_')[0]);
  });

  test('stops as fast with open pages as without', async () => {
    const started = () => startSweeper(cleanup, plane, kubeconfig, SETTINGS);
    let [beside, alone] = [Infinity, Infinity];
    // the shortest times count, because a machine that stalls makes any of them longer
    for (let times = 0; times < 3 && !isAsFast(beside, alone); times += 1) {
      const shown = times === 0 ? sweeper : await started();
      const opened = await Promise.all(Array.from({ length: 5 }, () => open(shown.port)));
      await Promise.all(opened.map(({ page }) => page.locator('.live', { hasText: 'live' }).waitFor()));
      beside = Math.min(beside, await timeToStop(shown));
      expect(shown.program.exit()).toEqual({ code: 0, signal: null });
      alone = Math.min(alone, await timeToStop(await started()));
    }
    expect({ beside, alone, isAsFast: isAsFast(beside, alone) }).toEqual({ beside, alone, isAsFast: true });
  });
});

/** An open connection would hold the port for a second. */
function isAsFast(beside: number, alone: number): boolean {
  return beside < alone + 700;
}

async function timeToStop({ program }: Sweeper): Promise<number> {
  const began = performance.now();
  program.kill('SIGTERM');
  await program.ended;
  return performance.now() - began;
}
