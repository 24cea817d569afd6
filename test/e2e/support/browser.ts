// A real browser: Debian's chromium, driven by playwright-core. What it tries to reach beside the page under test is recorded.

import { existsSync } from 'node:fs';

import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';

const PATH = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Whether there is a browser. In CI there must be one. */
export const hasBrowser = existsSync(PATH) || process.env.CI === 'true';

/** Starts the browser. As root it cannot make its sandbox. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: PATH, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** A page that is open, with what went wrong in it and which requests it made. */
export interface OpenPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Messages of the console at level warning and error, and exceptions. */
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
  context.on('request', (request) => requests.push(request.url()));
  await page.goto(url);
  return { page, context, complaints, requests };
}
