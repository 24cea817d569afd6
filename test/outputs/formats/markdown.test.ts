import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { reportRun } from '../../../src/outputs/report.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import { apiServerFinding, kubeletFinding, lostFile, outcomes } from '../../support/findings.ts';
import { rendered, type Shown } from '../../support/rendered.ts';
import { reports, RUN } from '../../support/reports.ts';

function markdownOf(findings: readonly Finding[], shown: Shown = {}): string {
  return rendered({ report: reportRun(RUN, { findings, problems: [] }) }, { ...shown, output: 'markdown' }).output;
}

const named = (name: string): Finding =>
  kubeletFinding({ outcome: outcomes.fail, subject: { component: 'kubelet', kind: 'Node', name } });

test('has the counts first, then failures, what is unknown, the fixes, and folded what passed', () => {
  const text = markdownOf([
    apiServerFinding(),
    kubeletFinding({ outcome: outcomes.unknown }),
    apiServerFinding({ outcome: outcomes.fail }),
  ]);
  const places = ['**1 failed**, 1 passed, 1 unknown', '| **FAIL** |', '| UNKNOWN |', '**How to fix it**', '<details>'];
  const found = places.map((place) => text.indexOf(place));
  expect(found).toEqual([...found].sort((one, other) => one - other));
  expect(found[0]).toBeGreaterThan(0);
  expect(text.indexOf('| PASS |')).toBeGreaterThan(text.indexOf('<summary>1 passed</summary>'));
});

test('lists what was not checked, and why there is nothing', () => {
  const report = reportRun(RUN, { findings: [], problems: [lostFile] });
  const { output } = rendered({ report }, { output: 'markdown', context: { nothing: 'nothing to check' } });
  expect(output).toMatch(/^kubelet-guard: .*\*\*incomplete: 1 not checked\*\*$/m);
  expect(output).toMatch(/^nothing to check$/m);
  expect(output).toMatch(/^- <code>secret.yaml:<\/code> cannot be read/m);
});

test('with --quiet has nothing about what passed', () => {
  expect(markdownOf([apiServerFinding()], { style: { quiet: true } })).toBe(
    'kubelet-guard: **0 failed**, 1 passed, 0 unknown\n',
  );
});

describe('its size', () => {
  test.each([10, 1000, 5000])('with %d failures fits a comment, and says what it leaves out', (count) => {
    const text = markdownOf(Array.from({ length: count }, (_, index) => named(`worker-${String(index)}`)));
    expect(text.length).toBeLessThan(65_536);
    const rows = text.split('\n').filter((line) => line.startsWith('| **FAIL**')).length;
    const more = Number(/^\.\.\. and (\d+) more$/m.exec(text)?.[1] ?? 0);
    expect(rows + more).toBe(count);
  });

  test('never exceeds a comment, whatever the names', () => {
    fc.assert(
      fc.property(reports, (report) => rendered({ report }, { output: 'markdown' }).output.length < 65_536),
      { numRuns: 40 },
    );
  });
});

describe('hostile names', () => {
  test.each([
    '| a | b |',
    '<script>alert(1)</script>',
    '`x` **b** _i_ ~~s~~',
    '[a](https://evil.example)',
    '@everyone',
    '#1',
    'www.evil.example',
    'https://evil.example',
    '</details>',
    'line\n# heading',
  ])('%j stay text', (name) => {
    const row = markdownOf([named(name)])
      .split('\n')
      .find((line) => line.startsWith('| **FAIL**'));
    // five cells, and no markup but the marks of code
    expect(row?.split('|')).toHaveLength(7);
    const shown = row?.split('|')[3] ?? '';
    expect(shown.replaceAll(/<\/?code>|&#\d+;/g, '')).not.toMatch(/[<>`*_[\]@#~\\]|www\.|:\/\//);
  });

  test('no cell of a generated report has more or less than its row', () => {
    fc.assert(
      fc.property(reports, (report) => {
        const { output } = rendered({ report }, { output: 'markdown' });
        const rows = output.split('\n').filter((line) => line.startsWith('| '));
        expect(rows.filter((row) => row.split('|').length !== 7)).toEqual([]);
        const markup = output.match(/<(?!\/?(?:code|details|summary)>|br>)/g);
        expect(markup).toBeNull();
      }),
      { numRuns: 40 },
    );
  });
});
