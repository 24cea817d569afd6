// Every fact of a report is on the page, whatever the order of its findings, and nothing of it is markup.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { failsAfterStart, replaceOwnWords } from '../../../../src/outputs/alike.ts';
import type { GuardReport, Place, ReportedFinding } from '../../../../src/outputs/guard-report.ts';
import { escapeForTerminal } from '../../../../src/outputs/printable.ts';
import { summarise } from '../../../../src/outputs/report.ts';
import { ownSourceName } from '../../../../src/outputs/text/names.ts';
import { parseHtml } from '../../../support/html.ts';
import { findingsOfAll } from '../../../support/many-nodes.ts';
import { pageOfReport } from '../../../support/report-pages.ts';
import { reports } from '../../../support/reports.ts';
import { sampleReport } from '../../../support/sample-clusters.ts';

/** Reports of random findings, some of which are twice with another name, another line or another time. */
const repeated = fc
  .record({ report: reports, names: fc.array(fc.stringMatching(/^[a-z]{1,6}-\d{1,2}$/), { maxLength: 4 }) })
  .map(({ report, names }): GuardReport => {
    const findings = report.findings.flatMap((finding) => [
      finding,
      ...names.map((name, at) => renamed(finding, name, at)),
    ]);
    return { ...report, summary: summarise(findings), findings };
  });

function renamed(finding: ReportedFinding, name: string, at: number): ReportedFinding {
  const { subject, source, problems, violations } = finding;
  const own = <T extends { readonly message: string }>(fault: T): T => ({
    ...fault,
    message: `${name} at 10.0.0.${String(at)}:10250 and (line ${String(at)}): ${fault.message}`,
  });
  return {
    ...finding,
    subject: { ...subject, name, node: name },
    source: 'node' in source ? { ...source, node: name } : source,
    problems: problems.map(own),
    violations: violations.map(own),
    ...(finding.drift && { drift: { ...finding.drift, since: `2026-11-2${String(at)}T06:00:00.000Z` } }),
  };
}

const many = (nodes: number): GuardReport => {
  const findings = [...findingsOfAll(nodes)];
  return { ...sampleReport(1), summary: summarise(findings), findings };
};

function placeTexts({ file, line, pointer, within }: Place): (string | undefined)[] {
  return [file, line === undefined ? undefined : `line ${String(line)}`, pointer, within];
}

/** All that a finding says. */
function textsOf(finding: ReportedFinding): string[] {
  const { subject, source, violations, problems, warnings = [], evidence, absent = [], otherEvidence = [] } = finding;
  const { control, drift, exempted, expected, references, remediation, result } = finding;
  const faults = [...violations, ...problems, ...warnings, ...otherEvidence.flatMap((other) => other.problems)];
  const values = [...evidence, ...otherEvidence.flatMap((other) => other.evidence)];
  return [
    ...[control, subject.name, expected, exempted?.reason, exempted?.expires, ...references],
    'path' in source ? (source.path === '-' ? 'standard input' : source.path) : undefined,
    // an object that is the subject is named once
    'object' in source && ownSourceName(finding) !== '' ? source.object : undefined,
    'via' in source ? source.via : undefined,
    ...faults.flatMap((fault) => [
      fault.message,
      fault.code,
      'setting' in fault ? fault.setting : '',
      ...placeTexts(fault),
    ]),
    ...values.flatMap((found) => [found.setting, found.value, found.layer, ...placeTexts(found)]),
    ...absent.flatMap(({ setting, lookedAt }) => [setting, lookedAt]),
    ...otherEvidence.map((other) => ('via' in other.source ? other.source.via : '')),
    drift?.state,
    result === 'fail' || failsAfterStart(finding) ? remediation : undefined,
  ].flatMap((text) => text ?? []);
}

/** Whether a text is there, or what it has in common with others and, elsewhere, its own words. */
function isShown(text: string, finding: ReportedFinding, shown: string): boolean {
  if (shown.includes(escapeForTerminal(text))) return true;
  const words: string[] = [];
  const common = replaceOwnWords(text, finding, (word) => {
    words.push(word);
    return '\u0000';
  });
  return [...words, ...common.split('\u0000')].every((part) => shown.includes(escapeForTerminal(part)));
}

/** The section of the findings alone. */
function findingsOf(page: string): string {
  const start = page.indexOf('<section id="findings"');
  return start === -1 ? '' : page.slice(start, page.indexOf('</section>', start) + '</section>'.length);
}

function missing(report: GuardReport): string[] {
  const { text } = parseHtml(findingsOf(pageOfReport(report)));
  return report.findings.flatMap((finding) => textsOf(finding).filter((each) => !isShown(each, finding, text)));
}

describe('every fact of a report is on the page', () => {
  test('of random findings, of which some are alike', () => {
    fc.assert(
      fc.property(repeated, (report) => {
        expect(missing(report)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  test.each([1, 3, 60])('of a cluster of %i kubelets', (nodes) => {
    expect(missing(sampleReport(nodes))).toEqual([]);
    expect(missing(many(nodes))).toEqual([]);
  });
});

test('the page is the same for any order of the findings', () => {
  fc.assert(
    fc.property(
      fc.oneof(repeated, fc.constantFrom(sampleReport(30), many(20))).chain((report) =>
        fc.record({
          report: fc.constant(report),
          findings: fc.shuffledSubarray([...report.findings], { minLength: report.findings.length }),
        }),
      ),
      ({ report, findings }) => {
        expect(pageOfReport({ ...report, findings })).toBe(pageOfReport(report));
      },
    ),
    { numRuns: 60 },
  );
});

test('ids are unique, and each link to a block or remedy has a target', () => {
  fc.assert(
    fc.property(fc.oneof(repeated, fc.constantFrom(sampleReport(30), many(20))), (report) => {
      const { elements } = parseHtml(pageOfReport(report));
      const ids = elements.flatMap(({ attributes }) => attributes.id ?? []);
      expect(ids.length).toBe(new Set(ids).size);
      const targets = elements.flatMap(({ attributes: { href } }) =>
        /^#f(?:ix)?-/.test(href ?? '') ? [href?.slice(1)] : [],
      );
      expect(targets.filter((target) => target === undefined || !ids.includes(target))).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
