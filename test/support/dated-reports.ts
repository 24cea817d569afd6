// Generated reports with certificates and exemptions, whose dates are as strange as their names.

import fc from 'fast-check';

import type { GuardReport, ReportedExemption, ReportedFinding } from '../../src/outputs/guard-report.ts';
import type { SeenCertificate } from '../../src/policy/certificates.ts';
import { timeText } from '../../src/policy/timestamp.ts';
import { hostileText, reports } from './reports.ts';

const YEAR_9999 = 253_402_300_799_000;

/** Dates around the runs of `reports`, extreme ones, and what is no date. */
const dates: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }).map(timeText) },
  fc.integer({ min: 0, max: YEAR_9999 }).map(timeText),
  fc.constantFrom('0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2026-11-23T06:00:01Z', '', '<b>', '2026-13-45'),
);

const certificate: fc.Arbitrary<SeenCertificate> = fc.record({
  use: fc.constantFrom('client', 'client-ca'),
  path: hostileText,
  subject: hostileText,
  issuer: hostileText,
  notBefore: dates,
  notAfter: dates,
});

const exemption: fc.Arbitrary<ReportedExemption> = fc.record(
  {
    control: fc.constantFrom('kubelet-client-ca', 'apiserver-kubelet-client-cert'),
    subject: fc.oneof(fc.constantFrom('node/*', '*/*', 'pod/*/*'), hostileText),
    reason: hostileText,
    expires: dates.map((date) => date.slice(0, 10)),
    expired: fc.constant(true as const),
  },
  { requiredKeys: ['control', 'subject', 'reason', 'expires'] },
);

/** Reports with such certificates and exemptions. */
export const datedReports: fc.Arbitrary<GuardReport> = fc
  .record({
    report: reports,
    certificates: fc.array(fc.array(certificate, { maxLength: 3 }), { minLength: 12, maxLength: 12 }),
    exemptions: fc.array(exemption, { maxLength: 3 }),
  })
  .map(({ report, certificates, exemptions }) => ({
    ...report,
    ...(exemptions.length > 0 && { exemptions }),
    findings: report.findings.map((finding, index): ReportedFinding => {
      const own = certificates[index] ?? [];
      return own.length === 0 ? finding : { ...finding, certificates: own };
    }),
  }));
