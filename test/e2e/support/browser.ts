// A real browser, driven by playwright-core. What a page does beside the page under test is recorded.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';

import { browserPath } from './assets.ts';

/** Starts the browser. As root it cannot make its sandbox. */
export function startBrowser(): Promise<Browser> {
  if (browserPath === undefined) throw new Error('there is no browser');
  return chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** A page that is open, with what went wrong in it and which requests it made. */
export interface OpenPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Messages of the console at level warning and error, exceptions, dialogs and new windows. */
  readonly complaints: readonly string[];
  /** The address of each request. */
  readonly requests: readonly string[];
}

/** Opens an address in a new context, which has no network but this machine's. */
export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({ serviceWorkers: 'block', ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (['warning', 'error'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('popup', (popup) => complaints.push(`new window: ${popup.url()}`));
  context.on('request', (request) => requests.push(request.url()));
  await page.goto(url);
  return { page, context, complaints, requests };
}

/** Pages for a group of tests, all in one browser. Each page is closed after its test. */
export interface Pages {
  readonly open: (url: string, options?: BrowserContextOptions) => Promise<OpenPage>;
  /** Writes a page to disk, and returns its address. */
  readonly write: (html: string) => string;
}

/** Starts a browser before the tests of a group, and ends it after them. */
export function usePages(): Pages {
  const folder = mkdtempSync(join(tmpdir(), 'page-'));
  let browser: Browser | undefined;
  let files = 0;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterEach(async () => {
    for (const context of browser?.contexts() ?? []) await context.close();
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  }, 30_000);
  return {
    open: (url, options) => {
      if (browser === undefined) throw new Error('the browser is not started');
      return openPage(browser, url, options);
    },
    write: (html) => {
      const path = join(folder, `report-${String((files += 1))}.html`);
      writeFileSync(path, html);
      return pathToFileURL(path).href;
    },
  };
}
