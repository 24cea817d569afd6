import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { controls } from '../../../src/controls/index.ts';
import { readAudit } from '../../../src/evidence/node-agent/stored-audit.ts';
import type { NodeTarget } from '../../../src/evidence/evidence.ts';
import type { KnownNode } from '../../../src/evidence/node-agent/audit-time.ts';
import type { SweepDeps } from '../../../src/sweeper/run/deps.ts';
import { noHistory, type SweepHistory } from '../../../src/sweeper/reports/history.ts';
import type { NodeAudit } from '../../../src/policy/link/node-audit.ts';
import type { Control } from '../../../src/policy/control.ts';
import type { AnswerDocument, RawDocument } from '../../../src/policy/document.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import {
  addressOf,
  apiServerPod,
  configz,
  evidence,
  flagz,
  hello,
  kubeletConfigMap,
  node,
  sweepDeps,
  run,
  SERVER,
  silent,
  stream,
  resultLines,
  unanswered,
} from './cluster.ts';

const CA = 'kubelet-client-ca';
const CERT = 'apiserver-kubelet-client-cert';

function find(findings: Iterable<Finding>, control: string, name: string): Finding | undefined {
  return [...findings].find((finding) => finding.control.slug === control && finding.subject.name === name);
}

function onHost(name: string, node: string): Finding {
  const [control] = controls.filter(({ slug }) => slug === CERT) as [Control];
  return {
    control,
    subject: {
      component: 'kube-apiserver',
      name,
      namespace: 'kube-system',
      kind: 'Pod',
      node,
      container: 'kube-apiserver',
    },
    source: { node, via: 'proc' },
    vantage: 'on-node',
    surface: 'process',
    outcome: { result: 'pass', warnings: [] },
    evidence: [],
  };
}

const AUDITED = '2026-11-23T11:55:00.000Z';

function audit(...findings: readonly Finding[]): NodeAudit {
  return { findings, at: AUDITED };
}

describe('a sweep', () => {
  test('checks every kubelet and kube-apiserver, with the supporting controls', async () => {
    const result = await run();
    expect(resultLines(result).toSorted()).toEqual(
      [
        `apiserver-kubelet-ca of ${SERVER}: pass`,
        `${CERT} of ${SERVER}: pass`,
        ...['a', 'b'].flatMap((name) => [
          `kubelet-anonymous-auth of ${name}: pass`,
          `kubelet-authorization-mode of ${name}: pass`,
          `${CA} of ${name}: pass`,
        ]),
      ].toSorted(),
    );
    expect(result).toMatchObject({
      problems: [],
      counts: { summary: { pass: 8, fail: 0, unknown: 0 } },
      nodes: { pass: 2, fail: 0, unknown: 0, skipped: 0 },
      link: { result: 'pass', kubelets: { pass: 2 } },
      run: { startedAt: '2026-11-23T12:00:00.000Z' },
    });
  });

  test('makes one finding of all evidence about a node, and shows what disagrees', async () => {
    const result = await run({
      objects: () => stream([kubeletConfigMap('/declared.crt')]),
      evidence: [
        evidence('handshake', (name) => (name === 'a' ? hello(name, ['CN=ca']) : hello(name, undefined))),
        evidence('configz', (name) =>
          name === 'a' ? unanswered(name, 'configz', 'timeout') : configz(name, undefined),
        ),
      ],
    });
    const a = find(result.findings.all(), CA, 'a');
    expect(a?.outcome.result).toBe('pass');
    expect(a?.others?.map(({ result: other, agrees }) => [other, agrees])).toEqual([
      ['unknown', true],
      ['pass', true],
    ]);
    const b = find(result.findings.all(), CA, 'b');
    expect(b?.outcome.result).toBe('fail');
    expect(b?.others?.map(({ source, agrees }) => [source, agrees])).toEqual([
      [{ node: 'b', via: 'configz' }, true],
      [{ object: 'ConfigMap kube-system/kubelet-config' }, false],
    ]);
    expect(result.link).toMatchObject({
      result: 'fail',
      kubelets: { pass: 1, fail: 1, unknown: 0 },
      acceptedAuthorities: [{ name: 'CN=ca', kubelets: 1 }],
    });
  });

  test('reports a kubelet that did not answer as unknown, and is still complete', async () => {
    const heard: string[] = [];
    const result = await run({
      evidence: [evidence('handshake', (name) => unanswered(name, 'handshake', 'unreachable'))],
      callbacks: { ...silent, onUnanswered: ({ source, problem }) => heard.push(`${source.node} ${problem.code}`) },
    });
    expect(result.nodes).toEqual({ pass: 0, fail: 0, unknown: 2, skipped: 0 });
    expect(result.problems).toEqual([]);
    expect(result.link.result).toBe('unknown');
    expect(heard.toSorted()).toEqual(['a unreachable', 'b unreachable']);
  });

  test('asks no address that cannot belong to a kubelet', async () => {
    const { target: _, ...rest } = node('bad') as { target: unknown } & ReturnType<typeof node>;
    const unusable = { ...rest, unusable: { code: 'malformed', message: 'loopback' } } as ReturnType<typeof node>;
    let asked = 0;
    const result = await run({
      nodes: () => stream([[unusable]]),
      evidence: [evidence('configz', (name) => ((asked += 1), configz(name, '/ca.crt')))],
    });
    expect(asked).toBe(0);
    expect(find(result.findings.all(), CA, 'bad')?.outcome).toMatchObject({ problems: [{ message: 'loopback' }] });
  });

  test.each(['unreachable', 'timeout', 'tls', 'wrong-node'] as const)(
    'checks a virtual node as any other, and counts it as skipped if nothing answers: %s',
    async (code) => {
      const answers = (name: string) =>
        name === 'open' ? configz(name, undefined) : unanswered(name, 'configz', code);
      const result = await run({
        nodes: () => stream([[node('open', { isVirtual: true }), node('silent', { isVirtual: true })]]),
        evidence: [evidence('configz', answers)],
      });
      expect(find(result.findings.all(), CA, 'open')?.outcome.result).toBe('fail');
      expect(find(result.findings.all(), CA, 'silent')?.outcome.result).toBe('unknown');
      const isSkipped = code === 'unreachable' || code === 'timeout';
      expect(result.nodes).toEqual({
        ...{ pass: 0, fail: 1, unknown: isSkipped ? 0 : 1, skipped: isSkipped ? 1 : 0 },
        ...(isSkipped && { skippedNames: ['silent'] }),
      });
    },
  );
});

describe('the answer through kube-apiserver', () => {
  const proxied = (document: (name: string) => RawDocument) => evidence('configz-proxy', document);
  const body = (name: string): RawDocument => ({
    ...(configz(name, '/ca.crt') as AnswerDocument),
    source: { node: name, via: 'configz-proxy' },
  });
  const refusal = (name: string) => unanswered(name, 'configz-proxy', 'unauthorized');
  const stranger = (code: 'wrong-node' | 'unidentified') =>
    evidence('handshake', (name) => unanswered(name, 'handshake', code));

  test.each([
    ['another node', 'wrong-node', body, 'unknown'],
    ['another program, with a configz', 'unidentified', body, 'pass'],
    ['another program, with a rejected call', 'unidentified', refusal, 'unknown'],
    ['another node, with a rejected call', 'wrong-node', refusal, 'unknown'],
  ] as const)("does not count as the node's if another way showed %s", async (_what, code, answer, result) => {
    const swept = await run({ nodes: () => stream([[node('a')]]), evidence: [stranger(code), proxied(answer)] });
    expect(find(swept.findings.all(), CA, 'a')?.outcome.result).toBe(result);
    expect(swept.link.calls).toEqual({ answered: result === 'pass' ? 1 : 0, refused: 0 });
    expect(swept.link.result).toBe(result);
  });

  test('is not requested if two nodes have the same address', async () => {
    const target = { ...(node('a') as { readonly target: NodeTarget }).target, name: 'b', uid: 'uid-b' };
    const nodes = () => stream([[node('a'), node('b', { target })]]);
    let asked = 0;
    const { findings, link } = await run({ nodes, evidence: [proxied((name) => ((asked += 1), body(name)))] });
    expect(asked).toBe(0);
    for (const name of ['a', 'b']) {
      expect(find(findings.all(), CA, name)?.outcome).toMatchObject({ problems: [{ code: 'wrong-node' }] });
    }
    expect(link.calls).toEqual({ answered: 0, refused: 0 });
  });
});

describe('kube-apiservers', () => {
  test('with a pod and an answer are one subject', async () => {
    const result = await run({
      objects: () => stream([apiServerPod('kube-apiserver-cp', '192.0.2.9')]),
      askApiServers: () => Promise.resolve([flagz('192.0.2.9:6443')]),
    });
    const found = find(result.findings.all(), CERT, 'kube-apiserver-cp');
    expect(found).toMatchObject({ vantage: 'live', others: [{ vantage: 'running', result: 'pass', agrees: true }] });
    expect(result.link.apiServers).toEqual([{ name: 'kube-apiserver-cp', result: 'pass' }]);
  });

  test('whose manifest was changed without a restart disagree', async () => {
    const result = await run({
      objects: () => stream([apiServerPod('kube-apiserver-cp', '192.0.2.9', [])]),
      askApiServers: () => Promise.resolve([flagz('192.0.2.9:6443')]),
    });
    const found = find(result.findings.all(), CERT, 'kube-apiserver-cp');
    expect(found).toMatchObject({ outcome: { result: 'pass' }, others: [{ result: 'fail', agrees: false }] });
  });

  test('behind one address are known by their pods if the address does not answer', async () => {
    const forbidden = {
      form: 'unanswered',
      component: 'kube-apiserver',
      wanted: 'flagz',
      problem: { code: 'forbidden', message: 'm' },
    } as const;
    const pods = () => stream([apiServerPod('kube-apiserver-cp', '192.0.2.9')]);
    const at = (address: string) => () => Promise.resolve([{ ...forbidden, source: { node: address, via: 'flagz' } }]);
    const balanced = await run({ objects: pods, askApiServers: at(SERVER) });
    expect(balanced.counts.summary.unknown).toBe(0);
    // a kube-apiserver without a visible pod still exists
    const second = await run({ objects: pods, askApiServers: at('192.0.2.10:6443') });
    expect(find(second.findings.all(), CERT, '192.0.2.10:6443')?.outcome.result).toBe('unknown');
    expect(second.link.result).toBe('unknown');
  });

  test('that no evidence shows are unknown, never left out', async () => {
    const result = await run({ askApiServers: undefined });
    expect(find(result.findings.all(), CERT, SERVER)?.outcome).toMatchObject({
      problems: [{ code: 'not-visible' }],
    });
    expect(result.link.result).toBe('unknown');
  });

  test('that a provider runs are not applicable, unless evidence shows one', async () => {
    const version = () => Promise.resolve('v1.31.2-eks-7f9249a');
    const hidden = await run({ version, askApiServers: undefined });
    expect(resultLines(hidden).some((line) => line.startsWith(CERT))).toBe(false);
    expect(hidden.link).toMatchObject({ result: 'pass', apiServersNotApplicable: expect.stringContaining('EKS') });
    const shown = await run({ version });
    expect(shown.link).toMatchObject({ apiServers: [{ result: 'pass' }] });
    const own = await run({
      version,
      nodes: () => stream([[node('a'), node('cp', { isControlPlane: true })]]),
      askApiServers: undefined,
    });
    expect(own.link.result).toBe('unknown');
  });

  test('that AKS runs are known by a pod that AKS runs, which no kubelet can create', async () => {
    const pod = (annotations: object): RawDocument => ({
      form: 'object',
      source: { object: 'Pod kube-system/coredns-1' },
      vantage: 'running',
      value: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: 'coredns-1',
          namespace: 'kube-system',
          labels: { 'kubernetes.azure.com/managedby': 'aks' },
          annotations,
        },
        spec: { containers: [{ name: 'coredns', image: 'coredns' }] },
      },
    });
    const aks = await run({ objects: () => stream([pod({})]), askApiServers: undefined });
    expect(aks.link.apiServersNotApplicable).toContain('Azure AKS');
    const mirror = pod({ 'kubernetes.io/config.mirror': 'x' });
    const forged = await run({ objects: () => stream([mirror]), askApiServers: undefined });
    expect(forged.link.result).toBe('unknown');
  });

  test('whose call was rejected by a kubelet that requests a certificate fail, whatever their flags are', async () => {
    const refusing = (name: string) => unanswered(name, 'configz-proxy', 'unauthorized');
    const proxied = await run({
      evidence: [evidence('configz', (name) => configz(name, '/ca.crt')), evidence('configz-proxy', refusing)],
    });
    expect(find(proxied.findings.all(), CERT, SERVER)).toMatchObject({
      outcome: { result: 'fail', violations: [{ code: 'refused' }] },
      others: [{ result: 'pass', agrees: false }],
    });
    expect(proxied.link).toMatchObject({ result: 'fail', calls: { refused: 2 } });
    // if the kubelet requests no certificate, the fault is its own
    const open = await run({
      evidence: [evidence('configz', (name) => configz(name, undefined)), evidence('configz-proxy', refusing)],
    });
    expect(find(open.findings.all(), CERT, SERVER)?.outcome.result).toBe('pass');
    expect(find(open.findings.all(), CA, 'a')?.outcome.result).toBe('fail');
  });
});

describe('one kube-apiserver', () => {
  const cp = node('cp');
  const server = `${addressOf('cp')}:6443`;
  const pod = 'kube-apiserver-cp';
  const noKey = { 'kubelet-client-certificate': '/pki/client.crt', 'kubelet-client-key': '' };
  const nodes = () => stream([[cp]]);
  const ends = async (changes: Parameters<typeof run>[0]) => (await run({ nodes, ...changes })).link.apiServers;

  test('is one subject if its mirror pod is new and has no status', async () => {
    const found = await ends({
      objects: () => stream([apiServerPod(pod, undefined)]),
      askApiServers: () => Promise.resolve([flagz(server)]),
      loadAudit: () => Promise.resolve(audit(onHost(pod, 'cp'))),
    });
    expect(found).toEqual([{ name: pod, result: 'pass' }]);
  });

  test('is one subject if its mirror pod was denied, and an older audit does not make a second one pass', async () => {
    const result = await run({
      nodes,
      askApiServers: () => Promise.resolve([flagz(server, noKey)]),
      loadAudit: () => Promise.resolve(audit(onHost(pod, 'cp'))),
    });
    expect(result.link.apiServers).toEqual([{ name: 'cp', result: 'fail' }]);
    expect(find(result.findings.all(), CERT, 'cp')?.subject).toEqual({
      component: 'kube-apiserver',
      name: 'cp',
      kind: 'Node',
      node: 'cp',
    });
  });

  test('is recognised by the address of its node, also over IPv6', async () => {
    const six = node('six', { addresses: ['2001:db8:0:0:0:0:0:1'] });
    const found = await ends({
      nodes: () => stream([[six]]),
      objects: () => stream([apiServerPod('kube-apiserver-six', undefined, [], 'six')]),
      askApiServers: () => Promise.resolve([flagz('[2001:db8::1]:6443')]),
    });
    expect(found).toEqual([{ name: 'kube-apiserver-six', result: 'pass' }]);
  });

  test('is not attributed to a node that only claims the address', async () => {
    const found = await ends({
      nodes: () => stream([[cp, node('evil', { addresses: [addressOf('cp')] })]]),
      objects: () => stream([apiServerPod(pod, undefined)]),
      askApiServers: () => Promise.resolve([flagz(server, noKey)]),
    });
    expect(found.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: server, result: 'fail' },
      { name: pod, result: 'pass' },
    ]);
  });

  test('is kept apart from others', async () => {
    const names = ['cp1', 'cp2', 'cp3'];
    const found = await ends({
      nodes: () => stream([names.map((name) => node(name))]),
      objects: () => stream(names.map((name) => apiServerPod(`kube-apiserver-${name}`, undefined, [], name))),
      askApiServers: () => Promise.resolve(names.map((name) => flagz(`${addressOf(name)}:6443`))),
    });
    expect(found).toEqual(names.map((name) => ({ name: `kube-apiserver-${name}`, result: 'pass' })));
    // two pods at one address are two subjects
    const twins = await ends({ askApiServers: () => Promise.resolve([flagz(server), flagz(`${server}1`)]) });
    expect(twins).toHaveLength(2);
  });
});

describe('the stored audit of a kube-apiserver', () => {
  const pod = 'kube-apiserver-prod-cp';
  const seen = async (agentOn: string) => {
    const { findings } = await run({
      objects: () => stream([apiServerPod(pod, '192.0.2.9', [], 'prod-cp')]),
      nodes: () => stream([[node(agentOn)]]),
      loadAudit: ({ name }) => Promise.resolve(audit(onHost(pod, name))),
      askApiServers: undefined,
    });
    return [...findings.all()].filter(({ control }) => control.slug === CERT);
  };

  test('overrides the findings of its pod', async () => {
    expect(await seen('prod-cp')).toMatchObject([
      { subject: { kind: 'Pod', name: pod }, vantage: 'on-node', others: [{ vantage: 'running', result: 'fail' }] },
    ]);
  });

  test('is about its own node, whatever pod it names', async () => {
    expect(await seen('cp')).toMatchObject([
      { subject: { kind: 'Pod', name: pod, node: 'prod-cp' }, outcome: { result: 'fail' } },
      { subject: { kind: 'Node', name: 'cp', node: 'cp' }, outcome: { result: 'unknown' } },
    ]);
  });
});

test('no kubelet is asked before all nodes are listed: the token of a list lives only for minutes', async () => {
  const happened: string[] = [];
  async function* pages() {
    for (const name of ['a', 'b']) {
      await Promise.resolve();
      happened.push(`listed ${name}`);
      yield [node(name)];
    }
  }
  const asked = evidence('configz', (name) => (happened.push(`asked ${name}`), configz(name, '/ca.crt')));
  await run({ nodes: pages, evidence: [asked] });
  expect(happened).toEqual(['listed a', 'listed b', 'asked a', 'asked b']);
});

describe('the audit that an agent stored', () => {
  const pod = 'kube-apiserver-cp';
  const started = (at: string, startedAt?: string): RawDocument => {
    const document = apiServerPod(pod, undefined) as RawDocument & { readonly form: 'object' };
    const value = document.value as { readonly metadata: object; readonly spec: object };
    const state = startedAt === undefined ? { waiting: {} } : { running: { startedAt } };
    return {
      ...document,
      value: {
        ...value,
        metadata: { ...value.metadata, creationTimestamp: at },
        status: { containerStatuses: [{ name: 'kube-apiserver', state }] },
      },
    };
  };
  const findingWith = async (document: RawDocument) => {
    const { findings } = await run({
      nodes: () => stream([[node('cp')]]),
      objects: () => stream([document]),
      loadAudit: () => Promise.resolve(audit(onHost(pod, 'cp'))),
      askApiServers: undefined,
    });
    return find(findings.all(), CERT, pod);
  };

  test.each([
    ['a mirror pod that is older', '2026-11-23T11:00:00Z', undefined, 'on-node'],
    ['a mirror pod created since', '2026-11-23T11:59:00Z', undefined, 'running'],
    ['a container started since', '2026-11-23T11:00:00Z', '2026-11-23T11:59:00Z', 'running'],
    [
      'a mirror pod re-created since, with an older container',
      '2026-11-23T11:59:00Z',
      '2026-11-23T11:00:00Z',
      'on-node',
    ],
  ])('of kube-apiserver counts until it restarts: %s', async (_what, at, startedAt, vantage) => {
    const found = await findingWith(started(at, startedAt));
    expect(found).toMatchObject({ vantage, outcome: { result: 'pass' } });
    const others = JSON.stringify(found?.others);
    expect(others.includes('the process started at')).toBe(vantage === 'running');
  });

  test('of a kubelet counts unless its node became Ready later', async () => {
    const [ofKubelet] = controls.filter(({ slug }) => slug === CA) as [Control];
    const onKubelet: Finding = {
      ...onHost('a', 'a'),
      control: ofKubelet,
      subject: { component: 'kubelet', name: 'a', kind: 'Node', node: 'a' },
    };
    for (const [readySince, result] of [
      ['2026-11-23T11:00:00Z', 'pass'],
      ['2026-11-23T11:56:00Z', 'unknown'],
      [undefined, 'pass'],
    ] as const) {
      const { findings } = await run({
        nodes: () => stream([[node('a', { readySince })]]),
        evidence: [],
        loadAudit: () => Promise.resolve(audit(onKubelet)),
      });
      expect(find(findings.all(), CA, 'a')?.outcome.result).toBe(result);
    }
  });

  test('by a hostile node makes nothing pass for another node, and nothing that its own kubelet denies', async () => {
    const slugs = fc.constantFrom(CA, CERT, 'kubelet-anonymous-auth', 'apiserver-kubelet-ca', 'x');
    const names = fc.constantFrom('evil', 'a', 'cp', 'kube-apiserver-cp', 'kube-apiserver-evil');
    const text = fc.option(names, { nil: undefined });
    const subject = fc.record({
      component: fc.constantFrom('kubelet', 'kube-apiserver'),
      kind: fc.constantFrom('Node', 'Pod'),
      ...{ name: names, node: names, namespace: text, container: text },
    });
    const forged = fc.record({
      control: slugs,
      subject,
      result: fc.constantFrom('pass', 'fail', 'unknown'),
      vantage: fc.constantFrom('on-node', 'live'),
      violations: fc.constant([{ code: 'missing', setting: 's', message: 'm' }]),
      problems: fc.constant([{ code: 'timeout', message: 'm' }]),
      evidence: fc.constant([]),
    });
    const marks = fc.record({
      storedAt: fc.constantFrom('2026-11-23T11:59:00Z', '2026-11-23T10:00:00Z', '2031-01-01T00:00:00Z', undefined),
      agentTime: fc.constantFrom('2031-01-01T00:00:00Z', '2026-11-23T11:59:00Z', 'x', undefined),
      interval: fc.constantFrom('600', '999999999', '-1', undefined),
      nodeUid: fc.constantFrom('uid-evil', 'uid-a', undefined),
    });
    const swept = async (loadAudit: SweepDeps['loadAudit']) => {
      const { findings, link } = await run({
        nodes: () => stream([[node('a'), node('cp'), node('evil')]]),
        objects: () => stream([apiServerPod(pod, undefined, [])]),
        evidence: [evidence('configz', (name) => configz(name, name === 'evil' ? undefined : '/ca.crt'))],
        askApiServers: () => Promise.resolve([flagz(`${addressOf('cp')}:6443`)]),
        loadAudit,
      });
      const all = [...findings.all()];
      const others = all.filter(({ subject: { node, name } }) => node !== 'evil' && name !== 'evil');
      return { others: others.map((finding) => JSON.stringify(finding)).toSorted(), findings: all, link };
    };
    const untouched = await swept(() => Promise.resolve(undefined));
    await fc.assert(
      fc.asyncProperty(fc.array(forged, { maxLength: 6 }), marks, fc.boolean(), async (findings, said, complete) => {
        const report = JSON.stringify({
          kind: 'GuardReport',
          run: { complete, startedAt: '2026-11-23T11:58:00Z', problems: [] },
          findings,
        });
        const reader = (known: KnownNode) => ({ node: known, controls, now: '2026-11-23T12:00:00.000Z' });
        const result = await swept((known) =>
          Promise.resolve(known.name === 'evil' ? readAudit(report, said, reader(known)) : undefined),
        );
        expect(result.others).toEqual(untouched.others);
        expect(find(result.findings, CA, 'evil')?.outcome.result).toBe('fail');
        expect(result.link.result).toBe('fail');
      }),
    );
  });
});

describe('an incomplete sweep', () => {
  async function* broken<T>(items: readonly T[]): AsyncGenerator<T> {
    yield* stream(items);
    throw new Error('the API server is gone');
  }

  /** Lists that are nested deeper than the limit of reading. */
  const value = Array.from({ length: 10 }).reduce<unknown>((items) => ({ kind: 'List', items: [items] }), {});
  const nestedLists: RawDocument = { form: 'object', source: { object: 'List' }, vantage: 'running', value };

  function spied(changes: Partial<SweepHistory> = {}) {
    const calls: string[] = [];
    const history: SweepHistory = {
      ...noHistory,
      save: (about, _findings, { isPartial }) => {
        calls.push(`${about.kind === 'node' ? about.name : about.kind}${isPartial ? ' in part' : ''}`);
        return Promise.resolve([]);
      },
      deleteStale: (isPresent) => {
        if (isPresent !== undefined) calls.push('tidy');
        return Promise.resolve([]);
      },
      ...changes,
    };
    return { history, calls };
  }

  test('deletes stale reports only if it is complete', async () => {
    const whole = spied();
    await run({ history: whole.history });
    expect(whole.calls.toSorted()).toEqual(['a', 'b', 'control-plane', 'tidy']);
  });

  test.each([
    ['nodes', { nodes: () => broken([[node('a')]]) }, ['a', 'control-plane']],
    ['pods', { objects: () => broken([apiServerPod('p', '192.0.2.9')]) }, ['a', 'b', 'control-plane in part']],
    [
      'ConfigMaps',
      { objects: () => stream([{ problem: { code: 'forbidden' as const, message: 'no' }, source: { object: 'x' } }]) },
      ['a', 'b', 'control-plane in part'],
    ],
    ['objects that cannot be checked', { objects: () => stream([nestedLists]) }, ['a', 'b', 'control-plane in part']],
    [
      'kubelet whose answer cannot be checked',
      { evidence: [evidence('configz', (name) => (name === 'a' ? nestedLists : configz(name, '/ca.crt')))] },
      ['a in part', 'b', 'control-plane'],
    ],
    [
      'kube-apiserver whose answer cannot be checked',
      { askApiServers: () => Promise.resolve([nestedLists]) },
      ['a', 'b', 'control-plane in part'],
    ],
  ])('because of its %s checks the rest and resolves nothing', async (_what, changes, kept) => {
    const { history, calls } = spied();
    const result = await run({ ...changes, history });
    expect(result.problems).toHaveLength(1);
    expect(calls.toSorted()).toEqual(kept);
  });

  test('because it was aborted stores nothing about unanswered nodes, and rejects', async () => {
    const { history, calls } = spied();
    const abort = new AbortController();
    const cut = evidence('configz', (name) => {
      abort.abort();
      return unanswered(name, 'configz', 'timeout');
    });
    await expect(run({ history, evidence: [cut] }, abort.signal)).rejects.toThrow();
    expect(calls).toEqual([]);
  });
});

describe('drift', () => {
  test('is not shown for findings that existed when the stored reports could not be read', async () => {
    const since = '2026-11-01T00:00:00.000Z';
    const remembered = new Map<string, ReturnType<SweepHistory['previous']>>([
      [CA, { result: 'fail', violations: [{ code: 'missing', setting: 'authentication.x509.clientCAFile' }], since }],
      ['kubelet-anonymous-auth', { result: 'fail', violations: [], since }],
    ]);
    const history: SweepHistory = { ...noHistory, previous: (_about, key) => remembered.get(key.split('|')[0] ?? '') };
    const { findings } = await run({ history, evidence: [evidence('configz', (name) => configz(name, undefined))] });
    expect(find(findings.all(), CA, 'a')).not.toHaveProperty('drift');
    expect(find(findings.all(), 'kubelet-anonymous-auth', 'a')).toHaveProperty('drift.state', 'resolved');
  });

  test('is the difference from the stored findings', async () => {
    const since = '2026-11-01T00:00:00.000Z';
    const violations = [{ code: 'missing', setting: 'authentication.x509.clientCAFile' }];
    const history: SweepHistory = {
      ...noHistory,
      isLoaded: () => true,
      previous: (about, key) =>
        about.kind === 'node' && key.startsWith(CA)
          ? about.name === 'a'
            ? { result: 'fail', violations, since }
            : { result: 'pass', violations: [], since }
          : undefined,
    };
    const swap = sweepDeps({
      history,
      evidence: [evidence('configz', (name) => configz(name, name === 'a' ? '/ca.crt' : undefined))],
    });
    const changed = await run(swap);
    expect(find(changed.findings.all(), CA, 'a')?.drift).toEqual({
      state: 'resolved',
      since: '2026-11-23T12:00:00.000Z',
    });
    expect(find(changed.findings.all(), CA, 'b')?.drift).toEqual({
      state: 'new',
      since: '2026-11-23T12:00:00.000Z',
    });
    const same = await run({ ...swap, evidence: [evidence('configz', (name) => configz(name, undefined))] });
    expect(find(same.findings.all(), CA, 'a')?.drift).toEqual({ state: 'persisting', since });
  });
});
