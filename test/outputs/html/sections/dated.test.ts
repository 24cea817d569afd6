// Certificates, exemptions, problems and the run: each fact of any report is in its section, and each bar lies on its line.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { GuardReport } from '../../../../src/outputs/guard-report.ts';
import { escapeForTerminal } from '../../../../src/outputs/printable.ts';
import { listedNameOf, sourceName } from '../../../../src/outputs/text/names.ts';
import { millisecondsOf } from '../../../../src/policy/timestamp.ts';
import { datedReports } from '../../../support/dated-reports.ts';
import { parseHtml, type HtmlPage } from '../../../support/html.ts';
import { pageOfReport } from '../../../support/report-pages.ts';
import { sampleReport } from '../../../support/sample-clusters.ts';

/** One section of a page. */
function section(report: GuardReport, id: string): HtmlPage {
  const page = pageOfReport(report);
  const start = page.indexOf(`<section id="${id}"`);
  return parseHtml(start === -1 ? '' : page.slice(start, page.indexOf('</section>', start) + '</section>'.length));
}

const timeIn = (time: string): string =>
  millisecondsOf(time) === undefined ? time : `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;

function expectTexts(found: HtmlPage, texts: readonly (string | undefined)[]): void {
  const wanted = texts.filter((text) => text !== undefined).map(escapeForTerminal);
  expect(wanted.filter((text) => !found.text.includes(text))).toEqual([]);
}

const certificatesOf = ({ findings }: GuardReport) => findings.flatMap(({ certificates = [] }) => certificates);

describe('of any report', () => {
  test('each certificate is in the table with its dates and who has it', () => {
    fc.assert(
      fc.property(datedReports, (report) => {
        const found = section(report, 'certificates');
        expectTexts(
          found,
          certificatesOf(report).flatMap(({ subject, issuer, path, notAfter, notBefore }) => [
            subject,
            subject === issuer ? 'issued by itself' : issuer,
            path,
            timeIn(notAfter),
            timeIn(notBefore).slice(0, 10),
          ]),
        );
        expectTexts(
          found,
          report.findings.flatMap((finding) => (finding.certificates ? [listedNameOf(finding)] : [])),
        );
        const distinct = new Set(certificatesOf(report).map((each) => JSON.stringify(each)));
        expect(found.elements.filter(({ name }) => name === 'tbody')).toHaveLength(distinct.size);
      }),
      { numRuns: 50 },
    );
  });

  test('each bar lies on its line, and at most 20 certificates have one', () => {
    fc.assert(
      fc.property(datedReports, (report) => {
        const { elements } = section(report, 'certificates');
        const share = (text: string | undefined): number[] => (text?.endsWith('%') ? [Number.parseFloat(text)] : []);
        for (const { attributes } of elements) {
          const { x = '0%', x1, x2, width = '0%' } = attributes;
          const right = share(x).flatMap((left) => share(width).map((wide) => left + wide));
          for (const place of [...share(x), ...share(x1), ...share(x2), ...right]) {
            expect(place).toBeGreaterThanOrEqual(0);
            expect(place).toBeLessThan(100.011);
          }
        }
        const bars = elements.filter(({ attributes }) => attributes.class === 'bar').length;
        expect(bars).toBe(Math.min(20, elements.filter(({ name }) => name === 'tbody').length));
      }),
      { numRuns: 50 },
    );
  });

  test('each exemption is listed, with all that it exempts', () => {
    fc.assert(
      fc.property(datedReports, (report) => {
        const found = section(report, 'exemptions');
        const { exemptions = [], findings } = report;
        expectTexts(
          found,
          exemptions.flatMap(({ control, subject, reason, expires }) => [control, subject, reason, expires]),
        );
        const exempt = findings.filter(({ result, exempted }) => exempted !== undefined && result !== 'pass');
        expectTexts(
          found,
          exempt.flatMap((finding) => [listedNameOf(finding), finding.exempted?.reason, finding.exempted?.expires]),
        );
        const counts = [...found.text.matchAll(/It exempts (\d+) finding/g)].map(([, count]) => Number(count));
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(exempt.length);
      }),
      { numRuns: 50 },
    );
  });

  test('each problem of the run is listed, and which run it was', () => {
    fc.assert(
      fc.property(datedReports, (report) => {
        const { run } = report;
        expectTexts(section(report, 'run'), [
          ...run.problems.flatMap(({ message, code, source, line }) => [message, code, sourceName(source, line)]),
          run.id,
          timeIn(run.startedAt),
          timeIn(run.finishedAt),
          `kubelet-guard ${run.entrance}`,
          report.apiVersion,
        ]);
      }),
      { numRuns: 50 },
    );
  });
});

describe('of a cluster', () => {
  test('an expired exemption, and one that exempts findings', () => {
    const { text } = section(sampleReport(100), 'exemptions');
    expect(text).toContain('2 exemptions, 1 expired');
    expect(text).toContain('EXPIRED It applied until 2026-11-01');
    expect(text).toMatch(
      /EXEMPT It applies until 2027-01-31, for 64 days more\.\s+Reason: vendor appliance, ticket 4711\s+It exempts 4 findings/,
    );
  });

  test('the certificate that expires first comes first', () => {
    const { text } = section(sampleReport(100), 'certificates');
    expect(text.indexOf('2027-01-10')).toBeLessThan(text.indexOf('2036-01-08'));
    expect(text).toContain('in 43 days');
  });

  test('without certificates, how to get them', () => {
    const report = sampleReport(7);
    const findings = report.findings.map(({ certificates: _, ...finding }) => finding);
    expect(section({ ...report, findings }, 'certificates').text).toContain('No certificate file was read');
  });

  test('of a file with more CAs than a report has, how many more', () => {
    const { findings, ...head } = sampleReport(9);
    const bundled = findings.map((finding, index) =>
      finding.certificates ? { ...finding, moreCertificates: 100 + index } : finding,
    );
    const more = 100 + findings.findLastIndex(({ certificates }) => certificates?.at(-1)?.use === 'client-ca');
    const { text } = section({ ...head, findings: bundled }, 'certificates');
    expect(text).toContain(`/etc/kubernetes/pki/ca.crt has ${String(more)} more CAs, not listed here.`);
    expect(section(sampleReport(9), 'certificates').text).not.toContain('not listed');
  });

  test('thousands of certificates have a row each, and the first 20 a bar', () => {
    const report = sampleReport(1);
    const [finding] = report.findings;
    const certificates = Array.from({ length: 3000 }, (_, index) => ({
      ...({ use: 'client-ca', path: '/ca.crt', subject: `CN=ca-${String(index)}`, issuer: 'CN=root' } as const),
      ...{ notBefore: '2026-01-01T00:00:00Z', notAfter: '2027-01-01T00:00:00Z' },
    }));
    const { text, elements } = section(
      { ...report, findings: finding ? [{ ...finding, certificates }] : [] },
      'certificates',
    );
    expect(text).toContain('3000 certificates');
    expect(text).toContain('CN=ca-2999');
    expect(elements.filter(({ attributes }) => attributes.class === 'bar')).toHaveLength(20);
  });
});
