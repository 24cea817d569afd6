// Generated findings about both ends of the link, as hostile kubelets and files can make them.

import fc from 'fast-check';

import type { ReportedEvidence, ReportedFinding, ReportHead } from '../../src/outputs/guard-report.ts';
import { reportHead } from '../../src/outputs/report.ts';
import { CLIENT_CA_CONTROL, CLIENT_CERTIFICATE_CONTROL } from '../../src/policy/link/link.ts';
import type { SeenCertificate } from '../../src/policy/certificates.ts';
import { HOSTILE_TEXTS } from './hostile-texts.ts';

const text = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/) },
  fc.constantFrom(...Object.values(HOSTILE_TEXTS)),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
);
const authority = fc.oneof(
  fc.integer({ min: 0, max: 30 }).map((index) => `CN=ca-${String(index)},O=Example`),
  fc.constant('CN=kubernetes'),
  text,
);
const shown =
  (setting: string) =>
  (value: string): ReportedEvidence => ({ setting, value, layer: 'live' });
const path = fc.oneof(fc.constant('/etc/kubernetes/pki/ca.crt'), text);

const certificate = (use: SeenCertificate['use']): fc.Arbitrary<SeenCertificate> =>
  fc.record({
    use: fc.constant(use),
    path,
    subject: authority,
    issuer: authority,
    notBefore: fc.constant('2026-01-10T08:00:00Z'),
    notAfter: fc.constant('2027-01-10T08:00:00Z'),
  });

const common = {
  vantage: fc.constant('live' as const),
  violations: fc.constant([]),
  problems: fc.constant([]),
  references: fc.constant([]),
  remediation: fc.constant(''),
};
const result = fc.constantFrom('pass', 'pass', 'fail', 'unknown');
const exempted = fc.constant({ reason: 'ticket' });

type Parts = Pick<ReportedFinding, 'result' | 'evidence' | 'certificates' | 'exempted' | 'pool' | 'otherEvidence'>;
const parts = (evidence: fc.Arbitrary<readonly ReportedEvidence[]>, use: SeenCertificate['use']): fc.Arbitrary<Parts> =>
  fc.record(
    {
      result,
      evidence,
      certificates: fc.array(certificate(use), { maxLength: 3 }),
      exempted,
      pool: fc.oneof(fc.constantFrom('general', 'gpu'), text),
      otherEvidence: fc.constantFrom('pass', 'fail', 'unknown').map((next) => [
        {
          ...{ source: { node: 'n', via: 'node-agent' }, vantage: 'on-node', result: next, agrees: false },
          ...{ evidence: [], problems: [], pending: true },
        } as const,
      ]),
    },
    { requiredKeys: ['result', 'evidence'] },
  );

const kubelet = parts(
  fc.oneof(
    fc.array(authority.map(shown('client CAs of the TLS hello')), { maxLength: 12 }),
    path.map((value) => [shown('authentication.x509.clientCAFile')(value)]),
  ),
  'client-ca',
);
const apiServer = parts(
  fc.oneof(
    fc.constant([]),
    path.map((value) => [shown('--kubelet-client-certificate')(value)]),
  ),
  'client',
);

/** The findings about both ends, each subject once, under a name that no other has. */
export const linkFindings: fc.Arbitrary<readonly ReportedFinding[]> = fc
  .record({
    apiServers: fc.array(fc.tuple(text, apiServer, fc.record(common)), { maxLength: 12, size: 'max' }),
    kubelets: fc.array(fc.tuple(text, kubelet, fc.record(common)), { maxLength: 60, size: 'max' }),
  })
  .map(({ apiServers, kubelets }) => [
    ...apiServers.map(([name, own, rest], index): ReportedFinding => ({
      ...{ control: CLIENT_CERTIFICATE_CONTROL, ...rest, ...own },
      subject: { component: 'kube-apiserver', kind: 'Node', name: `${name}-api-${String(index)}` },
      source: { node: name, via: 'flagz' },
      violations: own.result === 'fail' ? [{ code: 'missing', setting: '', message: '' }] : [],
    })),
    ...kubelets.map(([name, own, rest], index): ReportedFinding => ({
      ...{ control: CLIENT_CA_CONTROL, ...rest, ...own },
      subject: { component: 'kubelet', kind: 'Node', name: `${name}-${String(index)}` },
      source: { node: name, via: own.evidence.length === 1 ? 'configz' : 'handshake' },
    })),
  ]);

/** The head of a report without a link. */
export const headWithoutLink: ReportHead = reportHead(
  { id: 'r', entrance: 'check', startedAt: '2026-11-28T03:55:00.000Z', finishedAt: '2026-11-28T03:55:01.000Z' },
  [],
  { pass: 0, fail: 0, unknown: 0 },
);
