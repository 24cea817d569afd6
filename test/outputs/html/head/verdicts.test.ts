// The head of the page: the first word is the worst, and PASS only where nothing limits it.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { GuardReport } from '../../../../src/outputs/guard-report.ts';
import { verdictsOf } from '../../../../src/outputs/html/head/verdicts.ts';
import { FactsOfHead } from '../../../../src/outputs/html/head/facts.ts';
import { pageTitle } from '../../../../src/outputs/html/head/title.ts';
import type { LiveState } from '../../../../src/outputs/html/live.ts';
import { renderPage } from '../../../../src/outputs/html/page.ts';
import type { PageInput } from '../../../../src/outputs/html/section.ts';
import { standingOf } from '../../../../src/outputs/standing.ts';
import { parseHtml } from '../../../support/html.ts';
import { pageContext } from '../../../support/report-pages.ts';
import { reports } from '../../../support/reports.ts';
import { sampleReport } from '../../../support/sample-clusters.ts';

const input = (head: GuardReport | undefined, parts: Partial<PageInput> = {}): PageInput => ({
  ...{ head, context: pageContext, live: undefined },
  ...parts,
});
function verdicts(of: PageInput): ReturnType<typeof verdictsOf> {
  const facts = new FactsOfHead(of);
  for (const finding of (of.head as GuardReport | undefined)?.findings ?? []) facts.add(finding);
  return verdictsOf(of, facts.nextStarts());
}
const words = (of: PageInput): string[] => verdicts(of).map(({ word }) => word);
const good = sampleReport(3, { isGood: true });
const withRun = (report: GuardReport, run: Partial<GuardReport['run']>): GuardReport => ({
  ...report,
  run: { ...report.run, ...run },
});
const live: LiveState = {
  ...{ now: '2026-11-28T04:00:00.000Z', version: '1' },
  sweeper: { leadership: { state: 'leading' }, intervalSeconds: 600 },
};

/** The text of the head of a page. */
function headOf(of: PageInput): string {
  const page = [...renderPage(of.head === undefined ? [] : (of.head as GuardReport).findings, of)].join('');
  return parseHtml(page.slice(page.indexOf('<header id="head"'), page.indexOf('</header>') + '</header>'.length)).text;
}

describe('the first word', () => {
  test('is PASS only if every finding passes or is exempt, and everything was checked', () => {
    fc.assert(
      fc.property(reports, fc.option(fc.string({ minLength: 1 }), { nil: undefined }), (report, nothing) => {
        const of = input(report, { context: { ...pageContext, nothing } });
        const { fail, unknown, pass } = report.summary;
        const isChecked = pass > 0 && report.run.complete && nothing === undefined;
        const isStaying = report.findings.every((each) => ['pass', 'exempt'].includes(standingOf(each)));
        const isGood = fail === 0 && unknown === 0 && isChecked && isStaying;
        expect(words(of)[0] === 'PASS').toBe(isGood);
        expect(pageTitle(of, verdicts(of)).startsWith('PASS - ')).toBe(isGood);
      }),
      { numRuns: 300 },
    );
  });

  const [first, ...rest] = good.findings;
  const next = { source: { node: 'cp-1', via: 'proc' }, vantage: 'on-node', agrees: false, pending: true } as const;
  const withNext = (result: 'fail' | 'unknown'): GuardReport => {
    const otherEvidence = [{ ...next, result, evidence: [], problems: [] }];
    return { ...good, findings: [...(first ? [{ ...first, otherEvidence }] : []), ...rest] };
  };

  const problem = { code: 'timeout', message: 'no answer', source: { object: 'Nodes' } } as const;
  const baseline = {
    ...{ id: 'before', finishedAt: good.run.finishedAt, notShown: { pass: 1, fail: 2, unknown: 0 } },
    ...{ mended: 0, gone: 0 },
  };
  const empty: GuardReport = { ...good, summary: { pass: 0, fail: 0, unknown: 0 }, findings: [] };
  const { link: _link, nodes: _nodes, ...withoutLink } = empty;

  test.each<readonly [string, PageInput, readonly string[]]>([
    ['a good cluster', input(good), ['PASS']],
    ['what fails after its next start', input(withNext('fail')), ['NEXT START', 'PASS']],
    ['what is unknown after its next start', input(withNext('unknown')), ['NEXT START', 'PASS']],
    ['a link that fails', input(sampleReport(25)), ['FAIL', 'NEXT START']],
    ['an incomplete run', input(withRun(good, { complete: false, problems: [problem] })), ['INCOMPLETE', 'PASS']],
    [
      'findings that are worse than the link',
      input({ ...good, summary: { pass: 1, fail: 1, unknown: 0 } }),
      ['FAIL', 'PASS'],
    ],
    [
      'unknown findings beside a good link',
      input({ ...good, summary: { pass: 1, fail: 0, unknown: 2 } }),
      ['UNKNOWN', 'PASS'],
    ],
    ['a selection', input(withRun(good, { selection: { nodes: ['edge-*'] } })), ['PASS', 'ONLY A PART']],
    ['nothing worse than the baseline', input(withRun(withoutLink, { baseline })), ['NOT WORSE']],
    ['nothing at all', input(withoutLink), ['NOTHING CHECKED']],
    [
      'only exempt findings',
      input({ ...withoutLink, summary: { pass: 0, fail: 0, unknown: 0, exempted: 2 } }),
      ['EXEMPT'],
    ],
    ['no report', input(undefined, { live: { ...live, noReport: 'this process has no sweeper' } }), ['NO REPORT']],
    ['a new live report', input(good, { live }), ['PASS']],
    ['an old live report', input(good, { live: { ...live, now: '2026-11-28T04:20:00.000Z' } }), ['OLD', 'PASS']],
  ])('of %s', (_name, of, expected) => {
    expect(words(of)).toEqual(expected);
  });
});

describe('the head', () => {
  test('has the cluster, the age and the counts', () => {
    const text = headOf(input(sampleReport(25), { live }));
    expect(text).toContain('10.0.0.10:6443');
    expect(text).toContain('v1.37.2');
    expect(text).toContain('6f1d9c1e-6d4f-4b8e-9d3e-0d9a4a7f2b11');
    expect(text).toContain('2026-11-28 03:55:41 UTC (4 minutes ago)');
    expect(text).toContain('25: 1 failed, 1 unknown, 1 exempt, 22 passed');
    expect(text).toContain('1 component passes only until its next start');
  });

  test('without a report has the command that reaches the leader', () => {
    const command = 'kubectl --namespace guard port-forward sweeper-1 8080';
    const leadership = { state: 'following', leader: 'sweeper-1', command } as const;
    const sweeper = { leadership, intervalSeconds: 600 };
    const text = headOf(input(undefined, { live: { ...live, sweeper, noReport: 'this replica does not sweep' } }));
    expect(text).toContain('NO REPORT this replica does not sweep');
    expect(text).toContain(command);
  });

  test.each(['check', 'serve'] as const)('of %s without a cluster has the files', (command) => {
    const { cluster: _, ...run } = good.run;
    const findings = good.findings.slice(0, 1).map((each) => ({ ...each, source: { path: 'a/b.yaml', document: 0 } }));
    const report = { ...good, run: { ...run, entrance: command }, findings };
    expect(headOf(input(report))).toContain('findings in 1 file: a/b.yaml');
  });

  test('names the cluster in the title, the worst word first', () => {
    const run = { cluster: { server: 'https://10.0.0.1:6443', context: 'production' } };
    const of = input(withRun(sampleReport(25), run));
    expect(pageTitle(of, verdicts(of))).toBe('FAIL - cluster production - kubelet-guard');
  });
});
