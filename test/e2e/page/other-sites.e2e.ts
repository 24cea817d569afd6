// Pages of other sites in the same browser try to read the local port, to show its page, to reach its window, and to start a sweep.

import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';

import { describeWith } from '../support/assets.ts';
import { usePages } from '../support/browser.ts';
import { Cleanup } from '../support/cleanup.ts';
import { callLocal } from '../support/local-port.ts';
import { productCommand } from '../support/product.ts';
import { freePort, startProgram } from '../support/programs.ts';
import { eventually } from '../support/wait.ts';

jest.setTimeout(60_000);

const PATHS = ['/', '/events', '/api/v1/report', '/metrics', '/livez', '/nothing'];

/** The hostile page: what its script tries. */
const HOSTILE = `<!doctype html><title>hostile</title><body><script>
const read = (urls, mode) => Promise.all(urls.flatMap((url) => ['GET', 'HEAD', 'POST'].map(async (method) => {
  try {
    const answer = await fetch(url, { method, mode, credentials: 'include', signal: AbortSignal.timeout(30000) });
    return answer.type + answer.status + await answer.text();
  } catch {
    return 'nothing';
  }
})));
const hear = (url) => new Promise((resolve) => {
  const source = new EventSource(url, { withCredentials: true });
  source.onopen = () => resolve('opened');
  source.onerror = () => resolve('nothing');
  source.addEventListener('changed', () => resolve('an event'));
});
const show = (tag, url) => {
  const frame = document.createElement(tag);
  frame.setAttribute(tag === 'object' ? 'data' : 'src', url);
  document.body.append(frame);
};
const load = (tag, urls) => Promise.all(urls.map((url) => new Promise((resolve) => {
  const loader = document.createElement(tag);
  if (tag === 'link') loader.setAttribute('rel', 'stylesheet');
  loader.setAttribute(tag === 'link' ? 'href' : 'src', url);
  loader.onload = () => resolve('loaded');
  loader.onerror = () => resolve('nothing');
  document.body.append(loader);
})));
const start = async (url) => {
  navigator.sendBeacon(url, 'x');
  await fetch(url, { method: 'POST', mode: 'no-cors', body: 'x' }).catch(() => undefined);
  const form = document.createElement('form');
  Object.assign(form, { method: 'POST', action: url, enctype: 'text/plain' });
  document.body.append(form);
  form.submit();
};
let opened;
const openWindow = (url) => { opened = window.open(url); };
</script>`;

describeWith({ browser: true }, 'a page of another site', () => {
  const cleanup = new Cleanup();
  const pages = usePages();
  let hostile: Server;
  let port: number;
  let statuses: number[];

  beforeAll(async () => {
    const dir = mkdtempSync(join(tmpdir(), 'other-sites-'));
    cleanup.add(() => {
      rmSync(dir, { recursive: true });
    });
    port = await freePort();
    const addresses = ['--listen', `127.0.0.1:${await freePort()}`, '--local-listen', `127.0.0.1:${port}`];
    const program = startProgram(cleanup, {
      name: 'demo',
      dir,
      command: productCommand('serve', '--demo', ...addresses),
    });
    await eventually('the demo', async () => ((await callLocal(port, '/readyz')).status === 200 ? true : undefined), {
      context: program.tail,
    });
    hostile = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(HOSTILE);
    }).listen(0, '127.0.0.1');
    await once(hostile, 'listening');
  }, 60_000);
  afterAll(async () => {
    hostile.close();
    await cleanup.run();
  }, 30_000);

  /** Opens the hostile page, which is on another site and another port of the same machine. */
  async function visit(): Promise<Page> {
    const { page, context } = await pages.open(`http://evil.localhost:${(hostile.address() as AddressInfo).port}/`);
    statuses = [];
    context.on('response', (response) => statuses.push(response.status()));
    return page;
  }
  const own = (path: string) => `http://127.0.0.1:${port}${path}`;
  /** Calls a function of the hostile page. */
  const call = (page: Page, name: string, ...values: readonly unknown[]) =>
    page.evaluate(`${name}(...${JSON.stringify(values)})`);

  test.each(['cors', 'no-cors'])('reads nothing with fetch (%s)', async (mode) => {
    const page = await visit();
    const read = await call(page, 'read', PATHS.map(own), mode);
    expect(new Set(read as string[])).toEqual(new Set(['nothing']));
    // its own server it can read
    expect(await call(page, 'read', [page.url()], mode)).not.toContain('nothing');
  });

  test('hears nothing with an EventSource', async () => {
    expect(await call(await visit(), 'hear', own('/events'))).toBe('nothing');
  });

  test.each(['iframe', 'object', 'embed'])('shows nothing in its %s', async (tag) => {
    const page = await visit();
    await call(page, 'show', tag, own('/'));
    await page.waitForLoadState('networkidle');
    const frames = page.frames().slice(1);
    const texts = await Promise.all(frames.map((frame) => frame.locator('body').innerText()));
    expect(texts.join(' ')).not.toContain('kubelet-guard');
  });

  test.each(['script', 'link', 'img'])('loads nothing as %s', async (tag) => {
    const results = await call(await visit(), 'load', tag, ['/', '/api/v1/report', '/metrics'].map(own));
    expect(new Set(results as string[])).toEqual(new Set(['nothing']));
  });

  test('that opens the page in a window cannot reach that window, and that window not it', async () => {
    const page = await visit();
    const [popup] = await Promise.all([page.waitForEvent('popup'), call(page, 'openWindow', own('/'))]);
    await popup.waitForLoadState();
    // what the browser says of a window that this page cannot reach
    await page.waitForFunction('opened.closed');
    expect(await popup.evaluate('window.opener')).toBeNull();
  });

  test('starts no sweep, with a form, a beacon or fetch', async () => {
    const page = await visit();
    await Promise.all([page.waitForURL(own('/api/v1/sweep')), call(page, 'start', own('/api/v1/sweep'))]);
    expect(new Set(statuses)).toEqual(new Set([403]));
  });

  test('whose name leads to the local port (DNS rebinding) gets nothing but 421', async () => {
    const { page } = await pages.open(`http://evil.localhost:${port}/`);
    expect(await page.locator('body').innerText()).toContain('this host is not served here');
    const read = `Promise.all(${JSON.stringify(PATHS)}.map(async (path) => (await fetch(path)).status))`;
    expect(new Set(await page.evaluate<number[]>(read))).toEqual(new Set([421]));
  });
});
