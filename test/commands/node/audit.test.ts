import { describe, expect, test } from '@jest/globals';

import { controls } from '../../../src/controls/index.ts';
import { auditNode, type NodeAuditDeps, type NodeAuditOptions } from '../../../src/commands/node/audit.ts';
import { changedSince } from '../../../src/facts/host/host.ts';
import { inspect } from '../../../src/inspect.ts';
import type { ProcessDocument, RawDocument } from '../../../src/policy/document.ts';
import type { AskedSource, SourceProblem } from '../../../src/policy/reading.ts';
import type { GuardReport, ReportedFinding } from '../../../src/outputs/guard-report.ts';
import { checkTimeAt } from '../../../src/runtime/configuration/certificates.ts';
import { readCertificateFiles } from '../../../src/evidence/host/certificates.ts';
import { AFTER, configuration, filesOf, processOf, type HostFile } from '../../facts/host/documents.ts';
import { authority, DAY, NOW as MADE, type Wanted } from '../../support/link-certificates.ts';
import { AMPLE } from '../../support/budget.ts';
import { rendered, type Shown } from '../../support/rendered.ts';

const CONFIG = '/var/lib/kubelet/config.yaml';
const MANIFEST = '/etc/kubernetes/manifests/kube-apiserver.yaml';
const NOW = new Date('2026-03-02T00:00:00Z');

interface Answer {
  readonly findings: readonly ReportedFinding[];
  readonly errors: readonly string[];
  readonly exitCode: number;
  readonly text: string;
  readonly exemptions: GuardReport['exemptions'];
}

type NodeRequest = NodeAuditOptions & NodeAuditDeps & Shown;

async function audit(
  documents: readonly (ProcessDocument | SourceProblem)[],
  more: Partial<NodeRequest> = {},
): Promise<Answer> {
  const request: NodeRequest = {
    inspect: (document) => inspect(controls, [document], AMPLE),
    processes: () => documents,
    byHost: true,
    ask: () => undefined,
    changedSince: (process) => changedSince(process, AMPLE),
    places: 'looked at nothing',
    exemptions: [],
    runId: 'run',
    now: () => NOW,
    failOn: 'unknown',
    ...more,
  };
  const answer = await auditNode(request, request);
  const { output, errors, exitCode } = rendered(answer);
  const { output: text } = rendered(answer, { ...request, output: 'text' });
  const { findings, exemptions } = JSON.parse(output) as GuardReport;
  return { findings, exemptions, errors, exitCode, text };
}

function hello(authorities: readonly string[] | undefined): NodeAuditDeps['ask'] {
  const source: AskedSource = { node: 'node-1', via: 'handshake' };
  return () => Promise.resolve<RawDocument>({ form: 'hello', source, authorities });
}

function kubelet(config: string | HostFile, ...args: readonly string[]): ProcessDocument {
  return processOf('kubelet', [`--config=${CONFIG}`, ...args], { [CONFIG]: config });
}

function clientCA({ findings }: Answer): ReportedFinding | undefined {
  return findings.find(({ control }) => control === 'kubelet-client-ca');
}

describe('a kubelet whose files have not changed since its start', () => {
  test('is checked by its files', async () => {
    const answer = await audit([kubelet(configuration('/ca.crt'))]);
    expect(answer.findings.map(({ control, result }) => `${control} ${result}`)).toStrictEqual([
      'kubelet-client-ca pass',
      'kubelet-anonymous-auth pass',
      'kubelet-authorization-mode pass',
    ]);
    expect([answer.exitCode, answer.errors]).toStrictEqual([0, []]);
  });

  test('is checked by its TLS handshake too', async () => {
    const answer = await audit([kubelet(configuration('/ca.crt'))], { ask: hello(['CN=ca']) });
    expect(clientCA(answer)).toMatchObject({ result: 'pass', vantage: 'live', otherEvidence: [{ agrees: true }] });
    const otherwise = await audit([kubelet(configuration('/ca.crt'))], { ask: hello(undefined) });
    expect(clientCA(otherwise)).toMatchObject({ result: 'fail', vantage: 'live', otherEvidence: [{ agrees: false }] });
    expect(otherwise.exitCode).toBe(1);
  });
});

describe('a fault in the client CA file', () => {
  const withCA = async (wanted: Wanted): Promise<ProcessDocument> => {
    const files = { [CONFIG]: configuration('/ca.crt'), '/ca.crt': (await authority(wanted)).pem };
    const certificates = readCertificateFiles(filesOf(files), checkTimeAt(MADE, undefined), () => undefined);
    return processOf('kubelet', [`--config=${CONFIG}`], files, { certificates });
  };
  const days = (count: number) => new Date(MADE.getTime() + count * DAY);

  test('is a violation even if the kubelet names its CAs in the handshake', async () => {
    const expired = await withCA({ from: days(-9), to: days(-1) });
    const answer = await audit([expired], { ask: hello(['CN=kubernetes']) });
    expect(clientCA(answer)).toMatchObject({ result: 'fail', violations: [{ code: 'ca-expired' }], vantage: 'live' });
    expect([answer.exitCode, clientCA(answer)?.otherEvidence?.[0]?.agrees]).toStrictEqual([1, true]);
    const soon = await audit([await withCA({ to: days(9) })], { ask: hello(['CN=kubernetes']) });
    expect(clientCA(soon)).toMatchObject({ result: 'pass', warnings: [{ code: 'ca-expires-soon' }] });
  });

  test('does not hide that the kubelet asks for no client certificate', async () => {
    const answer = await audit([await withCA({ to: days(-1), from: days(-9) })], { ask: hello(undefined) });
    expect(clientCA(answer)).toMatchObject({ result: 'fail', violations: [{ code: 'missing' }] });
  });
});

describe('a file that changed after the start of the kubelet', () => {
  const broken: HostFile = { text: configuration(''), changed: AFTER };
  const fixed: HostFile = { text: configuration('/ca.crt'), changed: AFTER };

  test('makes the finding unknown and pending if the kubelet does not answer', async () => {
    const answer = await audit([kubelet(fixed)]);
    expect(clientCA(answer)).toMatchObject({
      result: 'unknown',
      drift: { state: 'pending', since: AFTER.toISOString() },
      problems: [{ code: 'ambiguous' }],
      otherEvidence: [{ result: 'pass', pending: true, evidence: [{ value: '/ca.crt' }] }],
    });
    expect(answer.exitCode).toBe(3);
  });

  test('and is now good does not pass before the next start', async () => {
    const answer = await audit([kubelet(fixed)], { ask: hello(undefined) });
    expect(clientCA(answer)).toMatchObject({ result: 'fail', vantage: 'live', drift: { state: 'pending' } });
    expect(clientCA(answer)?.otherEvidence).toMatchObject([
      { result: 'unknown' },
      { result: 'pass', pending: true, agrees: false },
    ]);
    expect(answer.exitCode).toBe(1);
  });

  test('and is now bad counts as a violation before the next start', async () => {
    const exempt = { control: 'kubelet-client-ca', subject: 'node/node-1', reason: 'x', expires: '2026-12-31' };
    const answer = await audit([kubelet(broken)], { ask: hello(['CN=ca']) });
    expect(clientCA(answer)).toMatchObject({ result: 'pass', drift: { state: 'pending', since: AFTER.toISOString() } });
    expect(clientCA(answer)?.otherEvidence?.at(-1)).toMatchObject({ result: 'fail', violations: [{ code: 'empty' }] });
    expect(answer.exitCode).toBe(1);
    expect(answer.errors).toStrictEqual([
      'kubelet-client-ca of node-1 fails with the next start of kubelet, which counts as a violation',
    ]);
    expect(answer.text).toContain('after the next start it fails: ');
    const quiet = await audit([kubelet(broken)], { ask: hello(['CN=ca']), style: { color: false, quiet: true } });
    expect(quiet.text).toContain('PASS     kubelet-client-ca');
    const flags = ['--anonymous-auth=false', '--authorization-mode=Webhook'];
    const exempted = await audit([kubelet(broken, ...flags)], { ask: hello(['CN=ca']), exemptions: [exempt] });
    expect(exempted.exitCode).toBe(0);
    expect(exempted.exemptions).toEqual([exempt]);
  });

  test('makes the finding pending if only the value differs', async () => {
    const flagged = processOf(
      'kubelet',
      [`--config=${CONFIG}`],
      {
        [CONFIG]: configuration('/a.crt'),
        '/etc/systemd/system/kubelet.service': `[Service]\nExecStart=/usr/bin/kubelet --config=${CONFIG} --client-ca-file=/b.crt\n`,
      },
      { unit: 'kubelet.service' },
    );
    const answer = await audit([flagged]);
    expect(clientCA(answer)).toMatchObject({ result: 'pass', evidence: [{ value: '/a.crt' }] });
    expect(clientCA(answer)?.otherEvidence).toMatchObject([{ pending: true, evidence: [{ value: '/b.crt' }] }]);
    expect(answer.findings.filter(({ drift }) => drift).length).toBe(1);
    expect(answer.exitCode).toBe(0);
  });
});

describe('a kube-apiserver', () => {
  const args = (key: string) => [
    '--kubelet-client-certificate=/a.crt',
    `--kubelet-client-key=${key}`,
    '--kubelet-certificate-authority=/ca.crt',
  ];
  const pod = (key: string) =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'kube-apiserver', namespace: 'kube-system' },
      spec: {
        containers: [
          { name: 'kube-apiserver', image: 'example/kube-apiserver', command: ['kube-apiserver', ...args(key)] },
        ],
      },
    });
  const host = (running: string, written: string): ProcessDocument[] => [
    processOf('kubelet', [`--config=${CONFIG}`], {
      [CONFIG]: configuration('/ca.crt', 'staticPodPath: /etc/kubernetes/manifests'),
      [MANIFEST]: { text: pod(written), changed: AFTER },
    }),
    processOf('kube-apiserver', args(running), {}),
  ];
  const ofKey = ({ findings }: Answer) => findings.filter(({ control }) => control === 'apiserver-kubelet-client-cert');

  test('and its static pod have one finding', async () => {
    const answer = await audit(host('/a.key', '/a.key'));
    expect(ofKey(answer)).toMatchObject([
      {
        result: 'pass',
        subject: { name: 'kube-apiserver-node-1', kind: 'Pod' },
        source: { node: 'node-1', via: 'proc' },
      },
    ]);
    expect([answer.exitCode, ofKey(answer)[0]?.drift]).toStrictEqual([0, undefined]);
  });

  test('is pending if its manifest differs', async () => {
    const answer = await audit(host('/a.key', ''));
    expect(ofKey(answer)).toMatchObject([
      {
        result: 'pass',
        drift: { state: 'pending', since: AFTER.toISOString() },
        otherEvidence: [{ result: 'fail', source: { path: MANIFEST } }],
      },
    ]);
    expect(answer.exitCode).toBe(1);
    const fixed = await audit(host('', '/a.key'));
    expect(ofKey(fixed)).toMatchObject([{ result: 'fail', otherEvidence: [{ result: 'pass', pending: true }] }]);
  });

  test('that does not run is checked by its manifest', async () => {
    const answer = await audit(host('/a.key', '').slice(0, 1));
    expect(ofKey(answer)).toMatchObject([{ result: 'fail', source: { path: MANIFEST, document: 0 } }]);
  });

  test('has its own finding if there are several', async () => {
    const [kubelet, server] = host('/a.key', '');
    if (kubelet === undefined || server === undefined) throw new Error('no host');
    const other = { ...server, subject: { ...server.subject, container: 'process 2' } };
    const answer = await audit([kubelet, server, other]);
    expect(ofKey(answer).map(({ result, subject: { kind } }) => `${kind ?? ''} ${result}`)).toStrictEqual([
      'Node pass',
      'Node pass',
      'Pod fail',
    ]);
  });
});

describe('a run', () => {
  test('that finds nothing prints where it looked', async () => {
    const answer = await audit([]);
    expect([answer.exitCode, answer.errors]).toStrictEqual([3, ['nothing to check: looked at nothing']]);
    expect((await audit([], { failOn: 'never' })).exitCode).toBe(0);
  });

  test('with a problem is incomplete', async () => {
    const problem: SourceProblem = { source: { path: '/proc' }, problem: { code: 'forbidden', message: 'no' } };
    const answer = await audit([problem, kubelet(configuration('/ca.crt'))]);
    expect([answer.exitCode, answer.errors]).toStrictEqual([3, ['/proc: no [forbidden]']]);
  });

  test('with a process that could not be checked is incomplete', async () => {
    const problem: SourceProblem = {
      source: { node: 'node-1', via: 'proc' },
      problem: { code: 'crashed', message: 'oops' },
    };
    const answer = await audit([kubelet(configuration('/ca.crt'))], {
      inspect: () => ({ findings: [], problems: [problem] }),
    });
    expect([answer.exitCode, answer.errors[0]]).toStrictEqual([3, 'node node-1 (proc): oops [crashed]']);
  });

  test('prints that no kubelet runs if only its systemd unit is checked', async () => {
    const unit = '/etc/systemd/system/kubelet.service';
    const files = { [CONFIG]: configuration(''), [unit]: `[Service]\nExecStart=/usr/bin/kubelet --config=${CONFIG}\n` };
    const stopped = processOf('kubelet', { by: 'unit' }, files, {
      view: 'next',
      unit: 'kubelet.service',
      source: { path: 'kubelet.service', document: 0 },
    });
    const answer = await audit([stopped]);
    expect(clientCA(answer)).toMatchObject({ result: 'fail', source: { path: 'kubelet.service' } });
    expect(answer.errors).toStrictEqual([
      'node-1: its unit runs no kubelet; the kubelet that it would start is checked',
    ]);
  });

  test('with the handshake as its only evidence does not use the files of the host', async () => {
    const answer = await audit([kubelet({ text: configuration(''), changed: AFTER })], {
      byHost: false,
      ask: hello(['CN=ca']),
    });
    expect(answer.findings).toMatchObject([{ control: 'kubelet-client-ca', result: 'pass', vantage: 'live' }]);
    expect(answer.findings[0]).not.toHaveProperty('otherEvidence');
  });

  test('prints which exemptions have expired', async () => {
    const exemptions = [{ control: 'kubelet-client-ca', subject: 'node/*', reason: 'x', expires: '2026-01-31' }];
    expect((await audit([kubelet(configuration(''))], { exemptions })).errors[0]).toContain('expired on 2026-01-31');
  });
});
