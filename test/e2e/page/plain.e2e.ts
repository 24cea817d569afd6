// Without script and style, as CI servers and mail programs show a page, it has the same facts as text.
import { afterEach, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import type { Page } from 'playwright-core';

import type { GuardReport } from '../../../src/outputs/guard-report.ts';
import { factsOf, missingFacts } from '../../support/report-facts.ts';
import { pageOfReport } from '../../support/report-pages.ts';
import { reports } from '../../support/reports.ts';
import { sampleReport } from '../../support/sample-clusters.ts';
import { describeWith } from '../support/assets.ts';
import { usePages } from '../support/browser.ts';
import { Cleanup } from '../support/cleanup.ts';
import { openDetails, visibleTexts } from '../support/in-page.ts';
import { servePage } from '../support/page-server.ts';

jest.setTimeout(120_000);

/** What Jenkins sends with the files of a build. */
const JENKINS = {
  'content-security-policy': "sandbox; default-src 'none'; img-src 'self'; style-src 'self';",
};

describeWith({ browser: true }, 'the page without script and style', () => {
  const pages = usePages();
  const cleanup = new Cleanup();
  afterEach(() => cleanup.run());

  let html: string;

  /** Three pages that show the same file: as it is, without script, and without script and style. */
  async function openPages(): Promise<readonly [full: Page, withStyle: Page, plain: Page]> {
    const served = await servePage(() => html);
    const sandboxed = await servePage(() => html, JENKINS);
    cleanup.add(served.close);
    cleanup.add(sandboxed.close);
    html = '';
    const full = await pages.open(served.url);
    const withStyle = await pages.open(served.url, { javaScriptEnabled: false });
    const plain = await pages.open(sandboxed.url, { javaScriptEnabled: false });
    return [full.page, withStyle.page, plain.page];
  }

  /** Shows a report on the three pages, compares what can be read, and returns it. */
  async function readIn(report: GuardReport, opened: Awaited<ReturnType<typeof openPages>>): Promise<string> {
    html = pageOfReport(report);
    for (const page of opened) await page.reload();
    const [full, withStyle, plain] = opened;
    await full.evaluate(openDetails);
    const texts = await plain.evaluate(visibleTexts);
    expect(await withStyle.evaluate(visibleTexts)).toEqual(texts);
    // the script adds its tools, and takes nothing away
    expect(without(texts, await full.evaluate(visibleTexts))).toEqual([]);
    return texts.join(' ');
  }

  test('the style is really off', async () => {
    const opened = await openPages();
    await readIn(sampleReport(3), opened);
    const margins = opened.map((page) => page.evaluate('getComputedStyle(document.body).margin'));
    expect(await Promise.all(margins)).toEqual(['0px', '0px', '8px']);
  });

  for (const nodes of [1, 3, 60]) {
    test(`${String(nodes)} nodes: the same texts, and every fact of the report`, async () => {
      const opened = await openPages();
      const report = sampleReport(nodes, {
        problems: [
          {
            source: { object: 'ConfigMap kube-system/kubelet-config' },
            problem: { code: 'malformed', message: 'it is no YAML' },
          },
        ],
      });
      expect(missingFacts(factsOf(report), await readIn(report, opened))).toEqual([]);
    });
  }

  test('any report: the same texts, and every fact of the report', async () => {
    const opened = await openPages();
    await fc.assert(
      fc.asyncProperty(reports, async (report) => {
        expect(missingFacts(factsOf(report), await readIn(report, opened))).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });
});

/** What the second list lacks of the first. */
function without(texts: readonly string[], others: readonly string[]): readonly string[] {
  const rest = [...others];
  return texts.filter((text) => {
    const at = rest.indexOf(text);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}
