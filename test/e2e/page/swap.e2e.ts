// A live page in a real browser, and a server that changes, fails, goes away and is silent.
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';

import { describeWith } from '../support/assets.ts';
import { usePages } from '../support/browser.ts';
import { LiveServer, type ServedPage } from '../support/live-server.ts';

jest.setTimeout(60_000);

const item = (id: string, result: string, names: readonly string[]): string =>
  `<article class="item ${result}" id="${id}" data-result="${result}" data-control="kubelet-client-ca">
    <h3>${result}</h3>
    <details open><summary>${String(names.length)} nodes</summary>
    <ul class="names">${names.map((name) => `<li><bdi>${name}</bdi></li>`).join('')}</ul></details></article>`;
const section = (id: string, ...content: readonly string[]): string =>
  `<section id="${id}"><h2>${id}</h2>${content.join('')}</section>`;
const nodes = section('nodes', item('n-1', 'pass', ['node-1', 'node-2']));
const page = (version: string, failing: readonly string[], rest = nodes): ServedPage => ({
  title: `${String(failing.length)} failed`,
  version,
  main: section('findings', item('f-1', 'fail', failing), item('f-2', 'unknown', ['node-9'])) + rest,
});

describeWith({ browser: true }, 'a live page', () => {
  const pages = usePages();
  let server: LiveServer;
  beforeEach(async () => {
    server = new LiveServer(page('a-1', ['node-3']));
    await server.start();
  });
  afterEach(async () => {
    await server.stop();
  });

  const state = (opened: Page) => opened.locator('.live .state');
  const shows = async (opened: Page, text: string): Promise<void> => {
    await state(opened).getByText(text, { exact: false }).waitFor();
  };
  const open = async (fragment = '') => {
    const opened = await pages.open(server.url + fragment);
    await shows(opened.page, 'live');
    return opened;
  };
  /** Opens the page with a clock that the test can move. */
  const openWithClock = async () => {
    const { page: opened } = await pages.open('about:blank');
    await opened.clock.install();
    await opened.goto(server.url);
    await shows(opened, 'live');
    return opened;
  };

  test('shows a new state without a reload, and announces it', async () => {
    const { page: opened, complaints, requests } = await open();
    expect(server.calls).toBe(1);
    server.change(page('a-2', ['node-3', 'node-4']));
    await opened.locator('#f-1 li', { hasText: 'node-4' }).waitFor();
    expect(await opened.title()).toBe('2 failed');
    expect(await opened.locator('[role=status]').textContent()).toMatch(/^updated \d\d:\d\d:\d\d UTC: 2 failed$/);
    expect(await opened.locator('.tools .count').textContent()).toBe('3 of 3 entries shown');
    expect(complaints).toEqual([]);
    expect(requests).toEqual([server.url, `${server.url}events`, server.url]);
  });

  test('keeps the filter, what is closed, the focus, and parts that are the same', async () => {
    const { page: opened } = await open('#q=node');
    await opened.locator('#f-2 summary').click();
    await opened.evaluate('document.querySelector("#nodes").isKept = true');
    await opened.locator('#f-1 summary').focus();
    await opened.evaluate('getSelection().selectAllChildren(document.querySelector("#n-1 h3"))');
    server.change(page('a-2', ['node-3', 'other-4']));
    await opened.locator('#f-1 li').nth(1).waitFor({ state: 'attached' });
    expect(await opened.locator('#f-1 li:visible').allTextContents()).toEqual(['node-3']);
    expect(await opened.locator('.tools input[type=search]').inputValue()).toBe('node');
    expect(await opened.locator('#f-2 details').getAttribute('open')).toBeNull();
    expect(await opened.evaluate('document.activeElement.closest("article").id')).toBe('f-1');
    expect(await opened.evaluate('document.querySelector("#nodes").isKept')).toBe(true);
    expect(await opened.evaluate('String(getSelection())')).toBe('pass');
  });

  test('keeps what is read where it is on the screen, though there is more above it', async () => {
    const long = section(
      'nodes',
      ...Array.from({ length: 60 }, (_, at) => item(`n-${String(at)}`, 'pass', ['node-1'])),
    );
    server.page = page('a-1', ['node-3'], long);
    const { page: opened } = await open();
    await opened.evaluate('document.querySelector("#n-30").scrollIntoView()');
    const top = () => opened.evaluate('document.querySelector("#n-30").getBoundingClientRect().top');
    const before = Number(await top());
    server.change(
      page(
        'a-2',
        Array.from({ length: 200 }, (_, at) => `node-${String(at)}`),
        `${section('new', 'x')}${long}`,
      ),
    );
    await opened.locator('#new').waitFor();
    expect(Math.abs(Number(await top()) - before)).toBeLessThan(2);
  });

  test('adds and removes parts in their order, and keeps the tool bar behind the head', async () => {
    const { page: opened } = await open();
    server.change(page('a-2', ['node-3'], section('drift', 'x') + nodes + section('run', 'x')));
    await opened.locator('#run').waitFor();
    const order = () =>
      opened.evaluate(
        'Array.from(document.querySelector("main").children, ({ id, localName }) => id || localName).join(" ")',
      );
    expect(await order()).toBe('head search findings drift nodes run');
    server.change({ ...page('a-3', []), main: section('run', 'y') });
    await opened.locator('#findings').waitFor({ state: 'detached' });
    expect(await order()).toBe('head search run');
  });

  test('shows the last of two quick changes, whichever answer comes first', async () => {
    const { page: opened } = await open();
    let release: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => {
      server.answer = (response) => {
        const old = new LiveServer(server.page);
        server.answer = (next) => {
          server.sendPage(next);
        };
        release = () => {
          old.sendPage(response);
        };
        resolve();
      };
    });
    server.change(page('a-2', ['node-3', 'node-4']));
    await isAsked;
    server.change(page('a-3', ['node-3', 'node-4', 'node-5']));
    release();
    await opened.locator('#f-1 li', { hasText: 'node-5' }).waitFor();
    expect(server.calls).toBe(3);
  });

  test.each<[string, LiveServer['answer'], string]>([
    ['fails', (response) => response.writeHead(500).end('no'), 'HTTP 500'],
    ['is cut off', (response) => response.writeHead(200).end('<main><header id="head">'), 'the answer ends too early'],
  ])('that cannot load the new state, because the answer %s, says so until it can', async (_what, answer, reason) => {
    const opened = await openWithClock();
    server.answer = answer;
    server.change(page('a-2', ['node-3', 'node-4']));
    await shows(opened, `the new state could not be loaded (${reason})`);
    expect(await opened.locator('.live').getAttribute('data-state')).toBe('stale');
    expect(await opened.locator('#f-1 li').count()).toBe(1);
    server.answer = (response) => {
      server.sendPage(response);
    };
    await opened.clock.fastForward(2000);
    await opened.locator('#f-1 li', { hasText: 'node-4' }).waitFor();
    await shows(opened, 'live');
  });

  test('without its server says since when, and is live again with the new state when it returns', async () => {
    const opened = await openWithClock();
    await server.stop();
    await shows(opened, 'reconnecting');
    await opened.clock.fastForward(11_000);
    await shows(opened, 'disconnected since');
    expect(await opened.locator('[role=status]').textContent()).toContain('this page shows an old state');
    server.page = page('b-1', ['node-3', 'node-4']);
    await server.start();
    await shows(opened, 'live');
    await opened.locator('#f-1 li', { hasText: 'node-4' }).waitFor();
  });

  test('that hears nothing from its server is not live, and connects again', async () => {
    const opened = await openWithClock();
    server.isSilent = true;
    for (let second = 0; second < 42; second += 1) await opened.clock.runFor(1000);
    await shows(opened, 'disconnected since');
    server.isSilent = false;
    server.change(page('a-2', ['node-3', 'node-4']));
    await opened.locator('#f-1 li', { hasText: 'node-4' }).waitFor();
    await shows(opened, 'live');
  });

  test('is loaded again each minute, because ages are text of the server', async () => {
    const opened = await openWithClock();
    server.page = { ...server.page, main: server.page.main.replace('<h2>nodes</h2>', '<h2>nodes, 1 minute ago</h2>') };
    for (let second = 0; second < 62; second += 1) {
      server.beat();
      await opened.clock.runFor(1000);
    }
    await opened.getByText('1 minute ago').waitFor();
    expect(await opened.locator('[role=status]').textContent()).toBe('');
  });
});
