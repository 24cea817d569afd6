// What the picture says of both ends: only what findings show, and a mismatch of CAs only where all issuers are known.
import { describe, expect, test } from '@jest/globals';

import type { ReportedFinding, ReportHead } from '../../../../src/outputs/guard-report.ts';
import { diagramOf } from '../../../../src/outputs/html/picture/diagram.ts';
import { PictureIds } from '../../../../src/outputs/html/picture/items.ts';
import { PictureModel, type Picture } from '../../../../src/outputs/html/picture/model.ts';
import { linkSection } from '../../../../src/outputs/html/sections/link.ts';
import type { SeenCertificate } from '../../../../src/policy/certificates.ts';
import type { Link } from '../../../../src/policy/link/link.ts';
import { headWithoutLink } from '../../../support/link-findings.ts';
import { parseHtml } from '../../../support/html.ts';
import { pageContext } from '../../../support/report-pages.ts';

const BASE = {
  result: 'pass',
  vantage: 'live',
  violations: [],
  problems: [],
  references: [],
  remediation: '',
} as const satisfies Partial<ReportedFinding>;
const certificate = (subject: string, issuer: string): SeenCertificate => ({
  use: 'client',
  path: '/pki/client.crt',
  subject,
  issuer,
  notBefore: '2026-01-01T00:00:00Z',
  notAfter: '2027-01-01T00:00:00Z',
});

function apiServer(name: string, parts: Partial<ReportedFinding> = {}): ReportedFinding {
  return {
    ...BASE,
    control: 'apiserver-kubelet-client-cert',
    subject: { component: 'kube-apiserver', kind: 'Pod', name },
    source: { object: `Pod kube-system/${name}` },
    evidence: [{ setting: '--kubelet-client-certificate', value: '/pki/client.crt', layer: 'flag' }],
    ...parts,
  };
}

function kubelet(name: string, authorities: readonly string[], parts: Partial<ReportedFinding> = {}): ReportedFinding {
  return {
    ...BASE,
    control: 'kubelet-client-ca',
    subject: { component: 'kubelet', kind: 'Node', name },
    source: { node: name, via: 'handshake' },
    evidence: authorities.map((value) => ({ setting: 'client CAs of the TLS hello', value, layer: 'live' })),
    ...parts,
  };
}

function pictureOf(findings: readonly ReportedFinding[], head: ReportHead = headWithoutLink): Picture {
  const model = new PictureModel(head);
  for (const finding of findings) model.add(finding);
  return model.result();
}

/** The lines that are drawn, as the titles of both boxes. */
function linesOf(findings: readonly ReportedFinding[]): string[] {
  const { left, middle, right, edges } = diagramOf(pictureOf(findings), headWithoutLink, new PictureIds(pageContext));
  return edges.map(
    ({ side, from, to }) => `${(side === 'left' ? left : right)[from]?.title ?? ''} > ${middle[to]?.title ?? ''}`,
  );
}

const issued = { certificates: [certificate('CN=client', 'CN=kubernetes')] };
const LINK: Link = {
  result: 'fail',
  apiServers: [
    { name: 'api-1', result: 'pass' },
    { name: 'api-2', result: 'fail' },
  ],
  kubelets: { pass: 3, fail: 1, unknown: 0 },
  acceptedAuthorities: [],
  calls: { answered: 0, refused: 0 },
};

describe('a line', () => {
  test('leads to the CA that issued the certificate, and to each CA that the kubelets accept', () => {
    const findings = [apiServer('api-1', issued), kubelet('n1', ['CN=kubernetes', 'CN=old'])];
    expect(linesOf(findings).sort()).toEqual(['api-1 > kubernetes', 'n1 > kubernetes', 'n1 > old']);
  });

  test('leads to "issuer not shown" where only the file of the certificate is known', () => {
    expect(linesOf([apiServer('api-1')])).toEqual(['api-1 > issuer not shown']);
  });

  test('is not drawn where a setting is missing, where nothing is shown, and for what is pending, declared or contradicted', () => {
    const missing = { result: 'fail', violations: [{ code: 'missing', setting: '', message: '' }] } as const;
    const other = { source: { node: 'n', via: 'configz' }, vantage: 'live', result: 'pass', agrees: true } as const;
    const path = { setting: 'authentication.x509.clientCAFile', value: '/pki/ca.crt', layer: 'file' } as const;
    const piece = { ...other, evidence: [path], problems: [] };
    const silent = (name: string, parts: Partial<typeof piece> & { pending?: true; vantage?: 'declared' | 'live' }) =>
      kubelet(name, [], { result: 'unknown', otherEvidence: [{ ...piece, ...parts }] });
    expect(
      linesOf([
        apiServer('api-1', { ...missing, ...issued }),
        apiServer('api-2', { result: 'unknown', evidence: [] }),
        kubelet('n1', [], missing),
        kubelet('n2', [], { result: 'unknown' }),
        silent('n3', { pending: true }),
        kubelet('n4', [], { result: 'unknown', otherEvidence: [{ ...piece, vantage: 'declared' }] }),
        kubelet('n5', [], { result: 'unknown', otherEvidence: [{ ...piece, agrees: false }] }),
      ]),
    ).toEqual([]);
    expect(linesOf([silent('n6', {})])).toEqual(['n6 > CA file']);
  });

  test('leads to the issuer of a CA that is in the file of the certificate too', () => {
    const chain = [
      certificate('CN=client', 'CN=middle'),
      { ...certificate('CN=middle', 'CN=root'), use: 'client-issuer' as const },
    ];
    const findings = [apiServer('api-1', { certificates: chain }), kubelet('n1', ['CN=root'])];
    expect(linesOf(findings).sort()).toEqual(['api-1 > middle', 'api-1 > root', 'n1 > root']);
    expect(pictureOf(findings).kubelets.map(({ isMismatch }) => isMismatch)).toEqual([false]);
  });
});

describe('kubelets that accept only CAs that issued no certificate of a kube-apiserver', () => {
  const old = kubelet('n1', ['CN=old']);

  test('are a mismatch if the issuers of all kube-apiservers are shown', () => {
    const [group] = pictureOf([apiServer('api-1', issued), old]).kubelets;
    expect(group).toMatchObject({ isMismatch: true, standing: 'pass' });
    const section = linkSection({ head: headWithoutLink, context: pageContext, live: undefined });
    for (const finding of [apiServer('api-1', issued), old]) section.add?.(finding);
    const { text } = parseHtml(section.render()?.text ?? '');
    expect(text).toContain(
      '1 kubelet accepts only CAs that issued no client certificate of a kube-apiserver shown here.',
    );
    expect(text).not.toContain('FAIL');
  });

  test('are none if a report does not have all of their CAs', () => {
    const ca = { ...certificate('CN=old', 'CN=old'), use: 'client-ca' } as const;
    const read = kubelet('n1', [], { certificates: [ca], moreCertificates: 4, source: { node: 'n1', via: 'configz' } });
    const [group] = pictureOf([apiServer('api-1', issued), read]).kubelets;
    expect(group).toMatchObject({ isMismatch: false, accepted: { kind: 'names', names: ['CN=old'], more: 4 } });
  });

  test.each([
    ['the issuer of one is not shown', [apiServer('api-1', issued), apiServer('api-2')]],
    ['no kube-apiserver is known', []],
    [
      'none presents a certificate',
      [apiServer('api-1', { result: 'fail', violations: [{ code: 'empty', setting: '', message: '' }] })],
    ],
    [
      'the file of their CAs has the certificate itself',
      [apiServer('api-1', { certificates: [certificate('CN=old', 'CN=x')] })],
    ],
  ])('are none if %s', (_what, apiServers) => {
    expect(pictureOf([...apiServers, old]).kubelets.map(({ isMismatch }) => isMismatch)).toEqual([false]);
  });
});

describe('beside a link', () => {
  const head = { ...headWithoutLink, link: LINK };

  test('what is only declared is left out', () => {
    const declared = kubelet('kubelet-config', ['CN=x'], {
      vantage: 'declared',
      source: { object: 'ConfigMap kube-system/kubelet-config' },
    });
    expect(pictureOf([declared], head).kubelets).toEqual([]);
    expect(pictureOf([declared]).kubelets).toHaveLength(1);
  });

  test('components that it counts, and a selection leaves out, are counted', () => {
    const { apiServers, unlisted } = pictureOf([apiServer('api-2', { result: 'fail' }), kubelet('n1', ['CN=x'])], head);
    expect(apiServers.map(({ names, standing, presented }) => [names, standing, presented?.kind])).toEqual([
      [['api-2'], 'fail', 'file'],
      [['api-1'], 'pass', undefined],
    ]);
    expect(unlisted).toEqual({ pass: 2, fail: 1, unknown: 0, exempt: 0 });
    const section = linkSection({ head, context: pageContext, live: undefined });
    section.add?.(kubelet('n1', ['CN=x']));
    const { text } = parseHtml(section.render()?.text ?? '');
    expect(text).toContain('3 kubelets not listed in this report: 1 FAIL, 2 PASS.');
  });

  test('a control plane that a provider manages is one box with the reason', () => {
    const managed = {
      ...head,
      link: { ...LINK, apiServers: [], apiServersNotApplicable: 'AKS manages the control plane' },
    };
    const { left } = diagramOf(pictureOf([], managed), managed, new PictureIds(pageContext));
    expect(left.map(({ label }) => label)).toEqual(['no kube-apiserver to check: AKS manages the control plane']);
  });
});

test('a kubelet that passes until its next start, or whose next start is unknown, does not stand as a pass', () => {
  const next = (result: 'fail' | 'unknown') =>
    ({
      source: { node: 'n', via: 'node-agent' },
      vantage: 'on-node',
      result,
      agrees: false,
      evidence: [],
      problems: [],
      pending: true,
    }) as const;
  const { kubelets } = pictureOf([
    kubelet('n1', ['CN=x'], { otherEvidence: [next('fail')] }),
    kubelet('n2', ['CN=x'], { otherEvidence: [next('unknown')] }),
    kubelet('n3', ['CN=x']),
  ]);
  expect(kubelets.map(({ names, standing }) => [...names, standing])).toEqual([
    ['n1', 'pending'],
    ['n2', 'unknown'],
    ['n3', 'pass'],
  ]);
});

test('nothing about the link gives no section', () => {
  const section = linkSection({ head: headWithoutLink, context: pageContext, live: undefined });
  section.add?.(kubelet('n1', [], { control: 'kubelet-anonymous-auth' }));
  expect(section.render()).toBeUndefined();
});
