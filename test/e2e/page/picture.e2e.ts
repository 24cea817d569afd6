// The picture of the link in a real browser: its boxes lead to the lists, and real fonts fit in them.
import { expect, jest, test } from '@jest/globals';

import { HOSTILE_TEXTS, withPrefix } from '../../support/hostile-texts.ts';
import { pageOfReport } from '../../support/report-pages.ts';
import { sampleReport } from '../../support/sample-clusters.ts';
import { describeWith } from '../support/assets.ts';
import { usePages } from '../support/browser.ts';
import { textsOutsideOfBoxes } from '../support/in-page.ts';

jest.setTimeout(60_000);

const WIDE = { viewport: { width: 1280, height: 900 } };
const NARROW = { viewport: { width: 400, height: 800 } };

describeWith({ browser: true }, 'the picture', () => {
  const pages = usePages();

  test('opens the list of a group by a click', async () => {
    const { page, complaints } = await pages.open(pages.write(pageOfReport(sampleReport(500))), WIDE);
    const box = page.locator('svg.picture:visible a.box.pass', { hasText: '240 kubelets' });
    const id = `[id="${((await box.getAttribute('href')) ?? '').slice(1)}"]`;
    const list = page.locator(id);
    expect(await list.getAttribute('open')).toBeNull();
    await box.click();
    await page.waitForURL(/#group-/);
    await page.locator(`${id}[open]`).waitFor();
    expect(await list.locator('li:visible').count()).toBe(240);
    expect(complaints).toEqual([]);
  });

  test('opens the list of a group by a key, with a name for those who do not see it', async () => {
    const { page, complaints } = await pages.open(pages.write(pageOfReport(sampleReport(500))), WIDE);
    const box = page.getByRole('link', { name: 'FAIL: 20 kubelets, pool general, ask for no certificate' });
    await box.focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(/#group-/);
    const target = new URL(page.url()).hash.slice(1);
    await page.locator(`[id="${target}"][open]`).waitFor();
    expect(complaints).toEqual([]);
  });

  test('leads from a name to all that is said about it', async () => {
    const { page } = await pages.open(pages.write(pageOfReport(sampleReport(50))), WIDE);
    await page.locator('#nodes details.fail a', { hasText: 'general-7' }).click();
    await page.waitForURL(/#q=general-7/);
    expect(await page.locator('#findings .item:visible').count()).toBeGreaterThan(0);
  });

  test('has its second layout on narrow screens, and the first one on paper', async () => {
    const { page } = await pages.open(pages.write(pageOfReport(sampleReport(3))), NARROW);
    expect(await page.locator('svg.picture:visible').getAttribute('class')).toBe('picture stacked');
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('svg.picture:visible').getAttribute('class')).toBe('picture wide');
  });

  test('keeps texts of hostile clusters in its boxes, in both layouts', async () => {
    const { page } = await pages.open('about:blank', WIDE);
    for (const [what, text] of Object.entries({ 'the sample': '', ...HOSTILE_TEXTS })) {
      await page.goto(pages.write(pageOfReport(withPrefix(sampleReport(25), text))));
      for (const { viewport } of [WIDE, NARROW]) {
        await page.setViewportSize(viewport);
        expect(await page.locator('svg.picture:visible a.box').count()).toBeGreaterThan(5);
        expect({ what, outside: await page.evaluate(textsOutsideOfBoxes) }).toEqual({ what, outside: [] });
      }
    }
  });
});
