// The pictures of the page in README.md and docs: of `npm start`, and of a real cluster with a kubelet that drifts.
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { docPages } from '../../support/doc-blocks.ts';
import { CHECKOUT } from '../../support/dockerfile.ts';
import { describeWith } from '../support/assets.ts';
import { usePages } from '../support/browser.ts';
import { Cleanup } from '../support/cleanup.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { WITHOUT_CLIENT_CA } from '../support/kubelet-setups.ts';
import { callLocal } from '../support/local-port.ts';
import { NODE_NEEDS, startNode, type ClusterNode } from '../support/node.ts';
import { digestIn, keepPictures, withDigest } from '../support/pictures.ts';
import { productCommand } from '../support/product.ts';
import { freePort, startProgram } from '../support/programs.ts';
import { giveRights } from '../support/rights.ts';
import { startSweeper, type Sweeper } from '../support/sweeper.ts';
import { eventually } from '../support/wait.ts';

jest.setTimeout(120_000);

const images = join(CHECKOUT, 'docs/images');
const LINK = { from: '#head', to: '#link .picture.wide' };

test('a PNG keeps its digest', () => {
  const png = readFileSync(join(images, 'page-light.png'));
  expect(digestIn(withDigest(png, 'abc'))).toBe(digestIn(png) ?? 'abc');
  expect(digestIn(png)).toMatch(/^[\da-f]{64}$/);
});

test('each picture is small, and on a page, light and dark', () => {
  const shown = docPages()
    .map((page) => readFileSync(join(CHECKOUT, page), 'utf8'))
    .join('\n');
  const files = readdirSync(images);
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) {
    expect({ file, isSmall: statSync(join(images, file)).size <= 200_000 }).toEqual({ file, isSmall: true });
    expect(shown).toContain(`images/${file}`);
    expect(files).toContain(
      file.replace(/(?:light|dark)\.png$/, (end) => (end === 'dark.png' ? 'light.png' : 'dark.png')),
    );
  }
});

describeWith({ browser: true }, 'the pictures of the page of npm start', () => {
  const pages = usePages();
  const cleanup = new Cleanup();
  afterAll(() => cleanup.run());

  test('show what it shows', async () => {
    const [webhook, local] = [await freePort(), await freePort()];
    const listen = ['--listen', `127.0.0.1:${String(webhook)}`, '--local-listen', `127.0.0.1:${String(local)}`];
    startProgram(cleanup, { name: 'demo', dir: CHECKOUT, command: productCommand('serve', '--demo', ...listen) });
    await eventually('the demo', async () => ((await callLocal(local, '/')).status === 200 ? true : undefined));
    const url = `http://127.0.0.1:${String(local)}/`;
    await keepPictures(pages, [
      { name: 'page', url, ...LINK },
      { name: 'finding', url, from: '#findings h2', to: '#findings .finding' },
    ]);
  });
});

describeWith({ ...NODE_NEEDS, browser: true }, 'the pictures of the page of a cluster', () => {
  const pages = usePages();
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let nodes: readonly ClusterNode[];
  let sweeper: Sweeper;
  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    nodes = await Promise.all([1, 2, 3, 4].map((number) => startNode(cleanup, plane, `worker-${String(number)}`)));
    const settings = { interval: '1h', timeout: '15s', evidence: ['handshake', 'configz', 'flagz'] };
    sweeper = await startSweeper(cleanup, plane, await giveRights(plane, 'kubelet-guard-sweeper'), settings);
    await sweeper.nextReport({ after: new Date(0) });
  }, 200_000);
  afterAll(() => cleanup.run(), 60_000);

  test('show a kubelet that has drifted, and one that cannot be reached', async () => {
    await nodes[1]?.restart(WITHOUT_CLIENT_CA);
    await nodes[2]?.stop();
    const { link } = await sweeper.sweepNow();
    expect(link?.kubelets).toEqual({ pass: 2, fail: 1, unknown: 1 });
    await keepPictures(pages, [{ name: 'drift', url: `http://127.0.0.1:${String(sweeper.port)}/`, ...LINK }]);
  });
});
