// What --result and --quiet do to the page: the list of findings is shorter, and the picture shows all.
import { expect, test } from '@jest/globals';

import { SHOWN_RESULTS } from '../../../../src/outputs/shown-result.ts';
import { parseHtml } from '../../../support/html.ts';
import { rendered } from '../../../support/rendered.ts';
import { sampleReport } from '../../../support/sample-clusters.ts';

const report = sampleReport(25);
const pageOf = (style: Parameters<typeof rendered>[1] = {}) =>
  rendered({ report }, { output: 'html', ...style }).output;

test.each(SHOWN_RESULTS)('--result %s lists only these findings, and says how many are not listed', (result) => {
  const page = pageOf({ style: { results: [result] } });
  const { elements, text } = parseHtml(page);
  const listed = elements
    .filter(({ attributes }) => attributes.class?.startsWith('item finding '))
    .map(({ attributes }) => attributes['data-result']);
  const wanted = result === 'pass' ? ['pass', 'pending'] : [result];
  expect(wanted).toEqual(expect.arrayContaining(listed));
  expect(listed.length).toBeGreaterThan(0);
  const { exempted = 0, ...counts } = report.summary;
  const count = result === 'exempt' ? exempted : counts[result];
  expect(text).toContain(`${String(report.findings.length - count)} more are not listed.`);
  const svg = /<svg class="picture[^]*?<\/svg>/;
  expect(svg.exec(page)?.[0]).toBe(svg.exec(pageOf())?.[0]);
});

test('--quiet changes nothing', () => {
  expect(pageOf({ style: { quiet: true } })).toBe(pageOf());
});
