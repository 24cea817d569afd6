// The page of 5,000 nodes: its size, the work for it, and that the findings are read once, with pauses.
import { expect, test } from '@jest/globals';

import { controls } from '../../../../src/controls/index.ts';
import type { GuardReport } from '../../../../src/outputs/guard-report.ts';
import { renderPage } from '../../../../src/outputs/html/page.ts';
import { digest } from '../../../../src/runtime/digest.ts';
import { longNames, manyReasons } from '../../../support/large-reports.ts';
import { sampleReport } from '../../../support/sample-clusters.ts';

const NODES = 5000;

function partsOf({ findings, ...head }: GuardReport): { readonly parts: readonly string[]; readonly read: number } {
  let read = 0;
  const counted = {
    *[Symbol.iterator]() {
      for (const finding of findings) {
        read += 1;
        yield finding;
      }
    },
  };
  const parts = [...renderPage(counted, { head, context: { controls, digest }, live: undefined })];
  return { parts, read };
}

test.each([
  ['the sample cluster', () => sampleReport(NODES)],
  ['200 reasons, and addresses in their messages', () => manyReasons(NODES, 200)],
  ['names of 253 characters', () => longNames(NODES)],
])('the page of 5,000 nodes has at most 5 MB: %s', (_what, make) => {
  const report = make();
  const { parts, read } = partsOf(report);
  expect(Buffer.byteLength(parts.join(''))).toBeLessThanOrEqual(5_000_000);
  expect(read).toBe(report.findings.length);
  // after each 500 findings there is an empty part
  expect(parts.filter((part) => part === '').length).toBeGreaterThanOrEqual(read / 500 - 1);
});

test('the page has as many blocks for 5,000 nodes as for 500', () => {
  const blocks = (nodes: number) => partsOf(sampleReport(nodes)).parts.join('').split('class="item finding').length;
  expect(blocks(NODES)).toBe(blocks(500));
});

test('a page takes at most 30 times as long as JSON of its report', () => {
  const report = sampleReport(NODES);
  const cpu = (work: () => unknown): number => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  const rounds = [1, 2, 3, 4];
  const page = Math.min(...rounds.map(() => cpu(() => partsOf(report))));
  const json = Math.min(...rounds.map(() => cpu(() => JSON.stringify(report))));
  expect(page / json).toBeLessThan(30);
});
