// Names and values that a cluster or a file chooses are text on the page, whatever they contain.
import { expect, jest, test } from '@jest/globals';

import { HOSTILE_TEXTS, withPrefix } from '../../support/hostile-texts.ts';
import { pageOfReport } from '../../support/report-pages.ts';
import { sampleReport } from '../../support/sample-clusters.ts';
import { escapeForTerminal } from '../../../src/outputs/printable.ts';
import { describeWith } from '../support/assets.ts';
import { usePages } from '../support/browser.ts';
import { misplaced, openDetails, overflow, reordered, structure } from '../support/in-page.ts';

jest.setTimeout(60_000);

describeWith({ browser: true }, 'hostile names and values on the page', () => {
  const pages = usePages();
  const report = sampleReport(25);

  for (const [what, text] of Object.entries(HOSTILE_TEXTS)) {
    test(`${what}: is text, and moves nothing else`, async () => {
      const plain = await pages.open(pages.write(pageOfReport(withPrefix(report, 'x'.repeat(text.length)))));
      const url = pages.write(pageOfReport(withPrefix(report, text)));
      const { page, complaints, requests } = await pages.open(url, { viewport: { width: 1280, height: 800 } });

      expect(await page.evaluate(structure)).toEqual(await plain.page.evaluate(structure));
      const shown = escapeForTerminal(`${text}general-0`);
      expect(await page.locator('body').textContent()).toContain(shown);
      for (const width of [1280, 400]) {
        await page.setViewportSize({ width, height: 800 });
        await page.evaluate(openDetails);
        expect({ width, ...(await page.evaluate(overflow)) }).toEqual({ width, pixels: 0, elements: [] });
        expect({ width, names: await page.evaluate(reordered) }).toEqual({ width, names: [] });
        expect({ width, names: await page.evaluate(misplaced) }).toEqual({ width, names: [] });
      }
      expect(complaints).toEqual([]);
      expect(requests).toEqual([url]);
    });
  }
});
