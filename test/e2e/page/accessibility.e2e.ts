// What axe-core finds on the page, and what a keyboard reaches.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import type { BrowserContextOptions, Page } from 'playwright-core';

import { renderPage } from '../../../src/outputs/html/page.ts';
import { liveSample } from '../../support/live-samples.ts';
import { pageContext, pageOfReport } from '../../support/report-pages.ts';
import { sampleReport } from '../../support/sample-clusters.ts';
import { describeWith } from '../support/assets.ts';
import { usePages } from '../support/browser.ts';
import { LiveServer } from '../support/live-server.ts';

jest.setTimeout(120_000);

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds, with where and why. */
async function faultsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>('axe.run({ resultTypes: ["violations"] })');
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${id} (${String(impact)}): ${target.join(' ')}: ${failureSummary ?? ''}`,
    ),
  );
}

const LOOKS: Readonly<Record<string, BrowserContextOptions>> = {
  light: { viewport: { width: 1280, height: 900 } },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  'of 400 pixels': { viewport: { width: 400, height: 800 } },
  'of 400 pixels, dark': { viewport: { width: 400, height: 800 }, colorScheme: 'dark' },
};

describeWith({ browser: true }, 'the page for everybody', () => {
  const pages = usePages();
  const server = new LiveServer({ title: '', version: 'a-1', main: '' });
  beforeEach(() => server.start());
  afterEach(() => server.stop());

  const report = sampleReport(30, {
    problems: [
      { source: { object: 'nodes' }, problem: { code: 'unreachable', message: 'node-4: the answer is no JSON' } },
    ],
  });
  const { findings, ...head } = report;
  const livePage = [...renderPage(findings, { head, context: pageContext, live: liveSample })].join('');

  for (const [look, options] of Object.entries(LOOKS)) {
    test(`has no fault that axe-core finds, ${look}, whatever is open`, async () => {
      const { page, complaints } = await pages.open(pages.write(pageOfReport(report)), options);
      expect(await faultsOf(page)).toEqual([]);
      await page.getByRole('button', { name: 'Open all' }).click();
      expect(await faultsOf(page)).toEqual([]);
      await page.getByRole('button', { name: 'Close all' }).click();
      expect(await faultsOf(page)).toEqual([]);
      expect(complaints).toEqual([]);
    });

    test(`has no fault that axe-core finds, ${look}, live, and when the server is gone`, async () => {
      server.html = livePage;
      const { page } = await pages.open('about:blank', options);
      await page.clock.install();
      await page.goto(server.url);
      await page.locator('.live .state', { hasText: 'live' }).waitFor();
      expect(await faultsOf(page)).toEqual([]);
      await server.stop();
      await page.getByText('reconnecting').waitFor();
      await page.clock.fastForward(11_000);
      await page.locator('.live .state', { hasText: 'disconnected' }).waitFor();
      expect(await faultsOf(page)).toEqual([]);
    });
  }

  test('without script has no fault that axe-core finds in its structure', async () => {
    const { page } = await pages.open(pages.write(pageOfReport(report).replace(/<script>[\s\S]*<\/script>/, '')));
    expect(await faultsOf(page)).toEqual([]);
  });

  test('has one main heading, and no level is left out', async () => {
    const { page } = await pages.open(pages.write(pageOfReport(report)));
    const levels =
      'Array.from(document.querySelectorAll("h1, h2, h3, h4, h5, h6"), ({ localName }) => Number(localName[1]))';
    const headings = await page.evaluate<number[]>(levels);
    expect(headings.filter((level) => level === 1)).toEqual([1]);
    const jumps = headings.filter((level, at) => level > (headings[at - 1] ?? 0) + 1);
    expect(jumps).toEqual([]);
  });

  test('is used with the keyboard alone: each stop is visible, and the last one leaves the page', async () => {
    const { page } = await pages.open(pages.write(pageOfReport(sampleReport(3))), LOOKS.light);
    const stops = new Set<string>();
    const focus = `(() => {
      const { activeElement: element } = document;
      if (element === document.body) return '';
      const { width, height } = element.getBoundingClientRect();
      const all = [...document.querySelectorAll('*')];
      const isMarked = [element, ...element.querySelectorAll('rect')].some((each) => getComputedStyle(each).outlineStyle !== 'none');
      const isVisible = width > 0 && height > 0 && isMarked;
      return all.indexOf(element) + ' ' + element.localName + (isVisible ? '' : ' is not visible');
    })()`;
    for (let count = 0; count < 500; count += 1) {
      await page.keyboard.press('Tab');
      const stop = String(await page.evaluate(focus));
      if (stop === '' || stops.has(stop)) break;
      stops.add(stop);
    }
    expect([...stops].filter((stop) => stop.endsWith('is not visible'))).toEqual([]);
    const reachable = `[...document.querySelectorAll('a[href], button:enabled, input, select, summary')]
      .filter((each) => each.checkVisibility({ visibilityProperty: true })).length`;
    expect(stops.size).toBe(await page.evaluate(reachable));
  });
});
