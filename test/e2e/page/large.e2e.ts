// The page of a cluster with 5,000 nodes: how large it is, and how soon it can be used.
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { pageOfReport } from '../../support/report-pages.ts';
import { sampleReport } from '../../support/sample-clusters.ts';
import { describeWith } from '../support/assets.ts';
import { usePages } from '../support/browser.ts';
import { Cleanup } from '../support/cleanup.ts';
import { servePage } from '../support/page-server.ts';

jest.setTimeout(120_000);

/** Milliseconds. On an idle machine they are a fraction of it. */
const SOON = 4_000;

describeWith({ browser: true }, 'the page of 5,000 nodes', () => {
  const pages = usePages();
  const cleanup = new Cleanup();
  let html: string;
  let url: string;

  beforeAll(async () => {
    html = pageOfReport(sampleReport(5_000));
    const server = await servePage(() => html);
    cleanup.add(server.close);
    ({ url } = server);
  }, 60_000);
  afterAll(() => cleanup.run());

  test('is at most 5 MB', () => {
    expect(Buffer.byteLength(html)).toBeLessThanOrEqual(5_000_000);
  });

  test('can be used soon after the response, and filters soon', async () => {
    let [ready, painted] = [Infinity, Infinity];
    // the shortest times count, because a machine that stalls makes any of them longer
    for (let tries = 0; tries < 3 && !(Math.max(ready, painted) < SOON); tries += 1) {
      const took = await use();
      [ready, painted] = [Math.min(ready, took.ready), Math.min(painted, took.painted)];
    }
    process.stderr.write(
      `5,000 nodes: ${(html.length / 1e6).toFixed(2)} MB, ready ${ready.toFixed(0)} ms after the response, filtered in ${painted.toFixed(0)} ms\n`,
    );
    expect(Math.max(ready, painted)).toBeLessThan(SOON);
  });

  /** Opens the page and filters it, and returns how many milliseconds both took. */
  async function use(): Promise<{ readonly ready: number; readonly painted: number }> {
    const { page, complaints } = await pages.open(url);
    // from the end of the response until a task of the page can run after its script
    const ready = await page.evaluate<number>(`new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => {
      const [{ responseEnd, domContentLoadedEventEnd }] = performance.getEntriesByType('navigation');
      resolve(domContentLoadedEventEnd - responseEnd);
    })))`);
    const search = page.getByRole('searchbox');
    const painted = await page.evaluate<number>(`(async () => {
      const search = document.querySelector('input[type=search]');
      const before = performance.now();
      search.value = 'edge-4994';
      search.dispatchEvent(new Event('input', { bubbles: true }));
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve))));
      return performance.now() - before;
    })()`);
    expect(await search.inputValue()).toBe('edge-4994');
    expect(await page.locator('ul.names > li:not([hidden])', { hasText: /^edge-4994$/ }).count()).toBeGreaterThan(0);
    expect(await page.locator('ul.names > li:visible', { hasText: 'edge-4989' }).count()).toBe(0);
    expect({ ready, painted }).toEqual({ ready: expect.any(Number), painted: expect.any(Number) });
    expect(complaints).toEqual([]);
    return { ready, painted };
  }
});
