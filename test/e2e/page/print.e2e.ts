// The page on paper: everything is open, and nothing is cut off.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, jest, test } from '@jest/globals';

import { HOSTILE_TEXTS } from '../../support/hostile-texts.ts';
import { pageOfReport } from '../../support/report-pages.ts';
import { sampleReport } from '../../support/sample-clusters.ts';
import { describeWith } from '../support/assets.ts';
import { usePages } from '../support/browser.ts';
import { clipped, hideAll, visibleTexts } from '../support/in-page.ts';
import { run } from '../support/programs.ts';

jest.setTimeout(60_000);

/** How wide the page is laid out for A4, in CSS pixels. */
const PAPER = { width: 810, height: 1200 };

/** Links to sections, and the names of columns that are rows on paper. */
const NOT_ON_PAPER = '#contents, .time-line thead';

/** Text as it is compared: a PDF breaks lines anywhere. */
const joined = (text: string): string => text.replaceAll(/\s+/g, '');

describeWith({ browser: true }, 'the page on paper', () => {
  const pages = usePages();
  const names = (index: number): string =>
    index === 0 ? (HOSTILE_TEXTS['the longest name with hyphens'] ?? '') : `node-${String(index)}`;
  const html = pageOfReport(sampleReport(60, { nameOf: names }));

  for (const javaScriptEnabled of [true, false]) {
    test(`shows every text ${javaScriptEnabled ? 'that the script had closed' : 'without script'}`, async () => {
      const { page } = await pages.open(pages.write(html), { javaScriptEnabled, viewport: PAPER });
      const inPrint = await pages.open(pages.write(html), { javaScriptEnabled: false });
      await inPrint.page.locator(NOT_ON_PAPER).evaluateAll(hideAll);
      const wanted = await inPrint.page.evaluate(visibleTexts);
      await page.emulateMedia({ media: 'print' });
      await page.evaluate("dispatchEvent(new Event('beforeprint'))");
      const shown = new Set(await page.evaluate(visibleTexts));
      expect(wanted.filter((text) => !shown.has(text))).toEqual([]);
      expect(await page.evaluate(clipped)).toEqual([]);
    });
  }
});

describeWith({ browser: true, tools: ['pdftotext'] }, 'the PDF of the page', () => {
  const pages = usePages();
  const folder = mkdtempSync(join(tmpdir(), 'pdf-'));

  test('has every text of the page, on A4', async () => {
    const url = pages.write(pageOfReport(sampleReport(60)));
    const { page } = await pages.open(url);
    const path = join(folder, 'report.pdf');
    await page.pdf({ path, preferCSSPageSize: true });
    const { stdout: info } = await run(['pdfinfo', path]);
    expect(info).toMatch(/Page size: .*\(A4\)/);
    const { stdout } = await run(['pdftotext', '-raw', path, '-']);
    const text = joined(stdout);
    const unscripted = await pages.open(url, { javaScriptEnabled: false });
    await unscripted.page.locator(NOT_ON_PAPER).evaluateAll(hideAll);
    const wanted = await unscripted.page.evaluate(visibleTexts);
    expect(wanted.filter((each) => !text.includes(joined(each)))).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});
