import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';

import { runCli } from '../../support/run-cli.ts';
import { hasBrowser, openPage, startBrowser } from '../support/browser.ts';

(hasBrowser ? describe : describe.skip)('the page of a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'page-'));
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  test('opens from disk, without a request elsewhere and without a complaint of the browser', async () => {
    const { stdout } = await runCli(['check', 'samples/cluster', '-o', 'html']);
    const file = join(folder, 'report.html');
    writeFileSync(file, stdout);
    const { page, complaints, requests } = await openPage(browser, pathToFileURL(file).href);
    expect(await page.locator('#head .fail b').textContent()).toBe('2');
    expect(complaints).toEqual([]);
    expect(requests).toEqual([pathToFileURL(file).href]);
  });
});
