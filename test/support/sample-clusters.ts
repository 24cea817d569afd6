// Reports about simulated clusters of any size, as a sweep with node agents makes them. The same size gives the same report.

import { controls } from '../../src/controls/index.ts';
import { RunCounts } from '../../src/outputs/counts.ts';
import type { GuardReport, NodeCounts, Run } from '../../src/outputs/guard-report.ts';
import { reportStream } from '../../src/outputs/report.ts';
import type { SeenCertificate } from '../../src/policy/certificates.ts';
import type { Exemption } from '../../src/policy/control.ts';
import type { Finding } from '../../src/policy/finding.ts';
import { countLink } from '../../src/policy/link/link.ts';
import type { Evidence, Outcome } from '../../src/policy/outcome.ts';
import type { SourceProblem } from '../../src/policy/reading.ts';

/** What differs from the usual sample. */
export interface SampleOptions {
  /** Everything passes. */
  readonly isGood?: boolean;
  /** Gives the name of a node. */
  readonly nameOf?: (index: number) => string;
  readonly problems?: readonly SourceProblem[];
}

const CLUSTER_CA = 'CN=kubernetes';
const OLD_CA = 'CN=kubernetes-2019,O=Example';
const POOLS = ['general', 'general', 'general', 'gpu', 'edge'];
const EXEMPTION: Exemption = {
  control: 'kubelet-client-ca',
  subject: 'node/edge-*',
  reason: 'vendor appliance, ticket 4711',
  expires: '2027-01-31',
};
const UNUSED: Exemption = {
  ...EXEMPTION,
  subject: 'node/old-*',
  reason: 'moved away, ticket 12',
  expires: '2026-11-01',
};

const controlOf = (wanted: string) => {
  const control = controls.find(({ slug }) => slug === wanted);
  if (control === undefined) throw new Error(`there is no control ${wanted}`);
  return control;
};
const pass: Outcome = { result: 'pass', warnings: [] };
const live = (setting: string, value: string): Evidence => ({ setting, value, origin: { layer: 'live' } });
const certificate = (parts: Partial<SeenCertificate>): SeenCertificate => ({
  use: 'client-ca',
  path: '/etc/kubernetes/pki/ca.crt',
  subject: CLUSTER_CA,
  issuer: CLUSTER_CA,
  notBefore: '2026-01-10T08:00:00Z',
  notAfter: '2036-01-08T08:00:00Z',
  ...parts,
});

function outcomeOf(index: number): { readonly outcome: Outcome; readonly parts: Partial<Finding> } {
  const asked = { source: { node: '', via: 'handshake' }, evidence: [live('client CAs of the TLS hello', CLUSTER_CA)] };
  const other = { source: { node: '', via: 'configz' }, vantage: 'live', problems: [] } as const;
  const path = live('authentication.x509.clientCAFile', '/etc/kubernetes/pki/ca.crt');
  const confirmed = { ...other, result: 'pass', agrees: true, evidence: [path] } as const;
  switch (index % 25) {
    case 7:
    case 24: {
      const message = 'the kubelet asks its callers for no certificate in its TLS hello, so it uses no client CA';
      const violation = { code: 'missing', setting: 'client CAs of the TLS hello', message };
      const drift = { state: 'new', since: '2026-11-28T03:55:01Z' } as const;
      return {
        outcome: { result: 'fail', violations: [violation], problems: [], warnings: [] },
        parts: { ...asked, evidence: [], drift },
      };
    }
    case 11: {
      const message = 'no answer within 5 s: check that port 10250 can be reached from here';
      return {
        outcome: { result: 'unknown', problems: [{ code: 'timeout', message }], warnings: [] },
        parts: { ...asked, evidence: [] },
      };
    }
    case 13:
      return { outcome: pass, parts: { ...asked, evidence: [live('client CAs of the TLS hello', OLD_CA)] } };
    case 17: {
      const message = 'clientCAFile is set to an empty value by /etc/kubernetes/kubelet.conf.d/90-site.conf';
      const violations = [{ code: 'empty', setting: 'authentication.x509.clientCAFile', message }];
      const evidence: Evidence[] = [
        {
          setting: 'authentication.x509.clientCAFile',
          value: '',
          origin: { layer: 'drop-in', file: '/etc/kubernetes/kubelet.conf.d/90-site.conf', line: 5 },
        },
      ];
      const next = {
        source: { node: '', via: 'node-agent' },
        vantage: 'on-node',
        result: 'fail',
        agrees: false,
        evidence,
        problems: [],
        pending: true,
        violations,
      } as const;
      const drift = { state: 'pending', since: '2026-11-27T19:12:00Z' } as const;
      return { outcome: pass, parts: { ...asked, others: [confirmed, next], drift } };
    }
    case 19:
      return {
        outcome: pass,
        parts: { ...asked, others: [confirmed], drift: { state: 'resolved', since: '2026-11-28T03:55:01Z' } },
      };
    default:
      return { outcome: pass, parts: { ...asked, others: [confirmed], certificates: [certificate({})] } };
  }
}

function* findingsOfNode(index: number, { isGood = false, nameOf }: SampleOptions): Generator<Finding> {
  const pool = POOLS[index % POOLS.length] ?? 'general';
  const name = nameOf?.(index) ?? `${pool}-${String(index)}`;
  const subject = { component: 'kubelet', kind: 'Node', name, node: name } as const;
  const { outcome, parts } = outcomeOf(isGood ? 0 : index);
  const own = <T extends { readonly source: Finding['source'] }>(piece: T): T => ({
    ...piece,
    ...('node' in piece.source && { source: { ...piece.source, node: name } }),
  });
  const base: Finding = {
    ...{ control: controlOf('kubelet-client-ca'), subject, source: { node: name, via: 'handshake' } },
    ...{ vantage: 'live', surface: 'process', platform: 'kubeadm', outcome, evidence: [], pool },
  };
  const { others, ...rest } = parts;
  yield own({ ...base, ...rest, ...(others && { others: others.map(own) }) });
  const configz = { source: { node: name, via: 'configz' } };
  const isSilent = outcome.result === 'unknown';
  const evidence = (setting: string, value: string) => (isSilent ? [] : [live(setting, value)]);
  const same = isSilent ? outcome : pass;
  yield {
    ...base,
    ...configz,
    control: controlOf('kubelet-anonymous-auth'),
    outcome: same,
    evidence: evidence('authentication.anonymous.enabled', 'false'),
  };
  yield {
    ...base,
    ...configz,
    control: controlOf('kubelet-authorization-mode'),
    outcome: same,
    evidence: evidence('authorization.mode', 'Webhook'),
  };
}

function* findingsOfApiServers(count: number, { isGood = false }: SampleOptions): Generator<Finding> {
  for (let index = 1; index <= count; index += 1) {
    const node = `cp-${String(index)}`;
    const name = `kube-apiserver-${node}`;
    const subject = {
      component: 'kube-apiserver',
      kind: 'Pod',
      namespace: 'kube-system',
      name,
      node,
      container: 'kube-apiserver',
    } as const;
    const isBad = !isGood && index === 2;
    const path = '/etc/kubernetes/pki/apiserver-kubelet-client';
    const origin = { layer: 'flag', pointer: '/spec/containers/0/command/12' } as const;
    const crt = { setting: '--kubelet-client-certificate', value: `${path}.crt`, origin };
    const key = { setting: '--kubelet-client-key', value: `${path}.key`, origin };
    const message = '--kubelet-client-key is not set';
    const violation = {
      code: 'missing',
      setting: '--kubelet-client-key',
      message,
      origin: { layer: 'flag', pointer: '/spec/containers/0/command' },
    } as const;
    const pair = certificate({
      use: 'client',
      path: crt.value,
      subject: 'CN=kube-apiserver-kubelet-client,O=kubeadm:cluster-admins',
      notAfter: '2027-01-10T08:00:00Z',
    });
    yield {
      ...{
        control: controlOf('apiserver-kubelet-client-cert'),
        subject,
        source: { object: `Pod kube-system/${name}` },
        vantage: 'running',
      },
      ...{ surface: 'mirror-pod', platform: 'kubeadm' },
      outcome: isBad ? { result: 'fail', violations: [violation], problems: [], warnings: [] } : pass,
      evidence: isBad ? [crt] : [crt, key],
      ...(isBad ? { drift: { state: 'persisting', since: '2026-11-20T09:30:00Z' } } : { certificates: [pair] }),
    };
  }
}

/** The report of a swept cluster with so many kubelets. */
export function sampleReport(nodes: number, options: SampleOptions = {}): GuardReport {
  const { isGood = false, problems = [] } = options;
  const exemptionFor = (finding: Finding) =>
    finding.pool === 'edge' && finding.control.slug === EXEMPTION.control ? EXEMPTION : undefined;
  const link = countLink((finding) => exemptionFor(finding) !== undefined);
  const apiServers = [...findingsOfApiServers(nodes < 3 ? 1 : 3, options)];
  link.addApiServers(apiServers);
  const findings: Finding[] = [...apiServers];
  const counts: Record<keyof Omit<NodeCounts, 'skippedNames'>, number> = {
    pass: 0,
    fail: 0,
    unknown: 0,
    exempted: 0,
    skipped: 0,
  };
  for (let index = 0; index < nodes; index += 1) {
    const ofNode = [...findingsOfNode(index, options)];
    link.addNode(ofNode);
    findings.push(...ofNode);
    const results = new Set(
      ofNode.map((each) => (each.outcome.result !== 'pass' && exemptionFor(each) ? 'exempted' : each.outcome.result)),
    );
    counts[(['fail', 'unknown', 'exempted', 'pass'] as const).find((result) => results.has(result)) ?? 'pass'] += 1;
  }
  const totals = new RunCounts();
  for (const finding of findings)
    totals.add(finding.outcome.result, {
      isExempted: finding.outcome.result !== 'pass' && exemptionFor(finding) !== undefined,
    });
  const run: Run = {
    ...{
      id: 'sample-run',
      entrance: 'sweep',
      startedAt: '2026-11-28T03:55:00.000Z',
      finishedAt: '2026-11-28T03:55:41.500Z',
    },
    tool: { name: 'kubelet-guard', version: '0.1.0' },
    cluster: { server: '10.0.0.10:6443', uid: '6f1d9c1e-6d4f-4b8e-9d3e-0d9a4a7f2b11', version: 'v1.37.2' },
  };
  const exemptions = isGood ? [] : [EXEMPTION, UNUSED];
  const swept = { run, problems, counts: totals, link: link.result(undefined), nodes: counts, exemptions };
  const { findings: reported, ...head } = reportStream(swept, () => findings, exemptionFor);
  return { ...head, findings: [...reported] };
}
