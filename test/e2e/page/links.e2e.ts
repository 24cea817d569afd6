// Links into the page: to a section, a group of nodes, a block of findings, and a filter.
import { afterEach, expect, jest, test } from '@jest/globals';

import { pageOfReport } from '../../support/report-pages.ts';
import { sampleReport } from '../../support/sample-clusters.ts';
import { describeWith } from '../support/assets.ts';
import { usePages } from '../support/browser.ts';
import { Cleanup } from '../support/cleanup.ts';
import { servePage } from '../support/page-server.ts';
import { eventually } from '../support/wait.ts';

jest.setTimeout(120_000);

describeWith({ browser: true }, 'a link into the page', () => {
  const pages = usePages();
  const cleanup = new Cleanup();
  afterEach(() => cleanup.run());
  const html = pageOfReport(sampleReport(120));
  const idsOf = (text: string): readonly string[] =>
    [...text.matchAll(/<(?:section|details|article|div|li)\b[^>]* id="([^"]+)"/g)].map(([, id = '']) => id);
  const doors: Readonly<Record<string, () => Promise<string>>> = {
    'a file': () => Promise.resolve(pages.write(html)),
    'a server': async () => {
      const server = await servePage(() => html);
      cleanup.add(server.close);
      return server.url;
    },
  };

  test('can go to sections, groups and blocks, each with an id of its own', () => {
    const all = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(all).size).toBe(all.length);
    expect(idsOf(html)).toEqual(expect.arrayContaining(['link', 'findings', 'nodes']));
    expect(idsOf(html).length).toBeGreaterThan(10);
  });

  for (const [door, addressOf] of Object.entries(doors)) {
    test(`to anything with an id in ${door} shows it, open and at the top, when it is opened first`, async () => {
      const address = await addressOf();
      const { page, complaints } = await pages.open(address);
      for (const id of idsOf(html)) {
        await page.goto('about:blank');
        await page.goto(`${address}#${id}`);
        const target = page.locator(`[id="${id}"]`);
        expect({ id, isShown: await target.isVisible() }).toEqual({ id, isShown: true });
        const details = target.locator('xpath=descendant-or-self::details').first();
        const isSection = (await page.locator(`section[id="${id}"]`).count()) > 0;
        if (!isSection && (await details.count()) > 0)
          expect({ id, open: await details.getAttribute('open') }).toEqual({ id, open: '' });
        // the browser scrolls when it paints
        await eventually(`${id} to be in view`, async () => {
          const top = (await target.boundingBox())?.y ?? -1;
          return top > -5 && top < 720 ? true : undefined;
        });
      }
      expect(complaints).toEqual([]);
    });

    test(`to a filter in ${door} shows what matches, and no other name`, async () => {
      const { page, complaints } = await pages.open(`${await addressOf()}#q=edge-24&result=exempt`);
      expect(await page.getByRole('searchbox').inputValue()).toBe('edge-24');
      const names = await page.locator('.item ul.names > li:visible').allTextContents();
      expect(new Set(names.map((name) => name.trim()))).toEqual(new Set(['edge-24']));
      const results = await page.locator('.item:visible').count();
      expect(results).toBeGreaterThan(0);
      expect(await page.locator('.item[data-result~=exempt]:visible').count()).toBe(results);
      expect(complaints).toEqual([]);
    });
  }

  test('goes on working in the report of the next sweep', () => {
    const { findings, run, ...rest } = sampleReport(121);
    const next = {
      ...rest,
      findings,
      run: { ...run, id: 'next', startedAt: '2026-11-29T03:55:00.000Z', finishedAt: '2026-11-29T03:55:41.500Z' },
    };
    expect(idsOf(pageOfReport(next))).toEqual(expect.arrayContaining([...idsOf(html)]));
  });
});
