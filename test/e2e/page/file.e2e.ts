// The page as a file: what check, node and sweep write with `--output html`.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, jest, test } from '@jest/globals';

import { pageOfReport } from '../../support/report-pages.ts';
import { runCli } from '../../support/run-cli.ts';
import { sampleReport } from '../../support/sample-clusters.ts';
import { describeWith } from '../support/assets.ts';
import { usePages } from '../support/browser.ts';

jest.setTimeout(60_000);

describeWith({ browser: true }, 'the page of a file', () => {
  const pages = usePages();

  const MAKERS: Readonly<Record<string, () => Promise<string>>> = {
    check: async () => (await runCli(['check', 'samples/cluster', '-o', 'html'])).stdout,
    node: async () => {
      const root = mkdtempSync(join(tmpdir(), 'root-'));
      mkdirSync(join(root, 'proc'));
      const { stdout } = await runCli(['node', '--root', root, '-o', 'html']);
      rmSync(root, { recursive: true });
      return stdout;
    },
    sweep: () => Promise.resolve(pageOfReport(sampleReport(30))),
  };

  for (const [name, make] of Object.entries(MAKERS)) {
    test(`of ${name} opens from disk, without a request elsewhere and without a complaint of the browser`, async () => {
      const url = pages.write(await make());
      const { page, complaints, requests } = await pages.open(url);
      expect(await page.locator('#head h1').count()).toBe(1);
      expect(await page.locator('html.has-script').count()).toBe(1);
      expect(complaints).toEqual([]);
      expect(requests).toEqual([url]);
    });
  }
});
