import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { controls } from '../../../src/controls/index.ts';
import type { NodeAudit } from '../../../src/policy/link/node-audit.ts';
import { isContradicted } from '../../../src/policy/link/combine.ts';
import type { Control } from '../../../src/policy/control.ts';
import type { RawDocument } from '../../../src/policy/document.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import type { Outcome } from '../../../src/policy/outcome.ts';
import type { SweepResult } from '../../../src/sweeper/run/sweep.ts';
import { addressOf, apiServerPod, flagz, node, run, stream } from './cluster.ts';

const CERT = 'apiserver-kubelet-client-cert';
const POD = 'kube-apiserver-cp';
const AUDITED = '2026-11-23T11:55:00Z';
const EARLIER = '2026-11-23T11:00:00Z';
const LATER = '2026-11-23T11:58:00Z';
const CONTROL_PLANE = { isControlPlane: true, readySince: EARLIER };
const SERVER = `${addressOf('cp')}:6443`;
const BAD = { 'kubelet-client-certificate': '/pki/client.crt', 'kubelet-client-key': '' };

const pass: Outcome = { result: 'pass', warnings: [] };
const fail: Outcome = {
  result: 'fail',
  violations: [{ code: 'missing', setting: '--kubelet-client-key', message: 'm' }],
  problems: [],
  warnings: [],
};

function audited(outcome: Outcome, kind: 'Pod' | 'Node' = 'Pod'): NodeAudit {
  const [control] = controls.filter(({ slug }) => slug === CERT) as [Control];
  const pod = { name: POD, namespace: 'kube-system', kind, container: 'kube-apiserver' };
  const subject = kind === 'Pod' ? pod : { name: 'cp', kind };
  const finding: Finding = {
    ...{
      control,
      subject: { component: 'kube-apiserver', ...subject, node: 'cp' },
      source: { node: 'cp', via: 'proc' },
    },
    ...{ vantage: 'on-node', surface: 'process', outcome, evidence: [] },
  };
  return { findings: [finding], at: AUDITED };
}

/** The pod of the kube-apiserver, as the API shows it with a status. */
function shown(status: object, creationTimestamp: string, flags?: readonly string[]): RawDocument {
  const document = apiServerPod(POD, undefined, flags) as RawDocument & { readonly form: 'object' };
  const { metadata, ...value } = document.value as { readonly metadata: object };
  return { ...document, value: { ...value, metadata: { ...metadata, creationTimestamp }, status } };
}

function container(states: object): object {
  return { containerStatuses: [{ name: 'kube-apiserver', ...states }] };
}

function sweep(audit: NodeAudit | undefined, pods: readonly RawDocument[], answers: readonly RawDocument[]) {
  return run({
    nodes: () => stream([[node('cp', CONTROL_PLANE)]]),
    objects: () => stream(pods),
    loadAudit: () => Promise.resolve(audit),
    askApiServers: answers.length === 0 ? undefined : () => Promise.resolve(answers),
  });
}

function certificates({ findings }: SweepResult): Finding[] {
  return [...findings.all()].filter(({ control }) => control.slug === CERT);
}

describe('an audit of a kube-apiserver that is older than its process', () => {
  test.each([
    ['its container has ended since', container({ state: { terminated: { finishedAt: LATER } } })],
    [
      'its container has ended since, and the next one waits',
      container({ state: { waiting: {} }, lastState: { terminated: { finishedAt: LATER } } }),
    ],
    ['its container has started since', container({ state: { running: { startedAt: LATER } } })],
  ])('is outdated: %s', async (_what, status) => {
    const [found] = certificates(await sweep(audited(fail), [shown(status, EARLIER)], []));
    expect(found).toMatchObject({ vantage: 'running', outcome: { result: 'pass' } });
    expect(found && isContradicted(found)).toBe(false);
  });

  test('is no pass while the API does not show its static pod, and says what to do', async () => {
    const [found, ...others] = certificates(await sweep(audited(pass), [], []));
    expect(others).toEqual([]);
    expect(found).toMatchObject({ subject: { kind: 'Node', name: 'cp' }, outcome: { result: 'unknown' } });
    expect(JSON.stringify(found?.outcome)).toMatch(/may have been started again since; add flagz/);
  });

  test('does not stand for the kube-apiserver that nothing shows if a worker made it: it could have invented one', async () => {
    const { link } = await run({
      nodes: () => stream([[node('cp', { readySince: EARLIER })]]),
      loadAudit: () => Promise.resolve(audited(pass, 'Node')),
      askApiServers: undefined,
    });
    expect(link).toMatchObject({ result: 'unknown', apiServers: { length: 2 } });
  });

  test('still fails then, and passes if the process answers, or if it is no static pod', async () => {
    const resultOf = async (...input: Parameters<typeof sweep>) =>
      certificates(await sweep(...input))[0]?.outcome.result;
    expect(await resultOf(audited(fail), [], [])).toBe('fail');
    expect(await resultOf(audited(pass), [], [flagz(SERVER)])).toBe('pass');
    expect(await resultOf(audited(pass, 'Node'), [], [])).toBe('pass');
  });
});

/** Each address of a node, and how kube-apiserver can be asked at it. */
const ADDRESSES: readonly (readonly [string, string])[] = [
  ['192.0.2.4', '192.0.2.4:6443'],
  ['203.0.113.9', '203.0.113.9:443'],
  ['2001:db8:0:0:0:0:0:4', '[2001:db8::4]:6443'],
  ['cp.example', 'CP.example:6443'],
];

describe('one kube-apiserver', () => {
  const addresses = ADDRESSES.map(([address]) => address);
  const three = ['cp', 'cp2', 'cp3'];

  test('is one subject, and never passes by an old audit, whatever evidence there is and in whatever order', async () => {
    const running = container({ state: { running: { startedAt: LATER } } });
    const pods = [
      undefined,
      shown({}, LATER, []),
      shown(running, LATER, []),
      shown({ ...running, hostIP: '192.0.2.4', podIP: '192.0.2.4' }, LATER, []),
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...pods),
        fc.constantFrom(...ADDRESSES),
        fc.shuffledSubarray(addresses, { minLength: addresses.length }),
        fc.shuffledSubarray(three, { minLength: 3 }),
        fc.boolean(),
        async (pod, [, asked], order, names, isAsked) => {
          const { link, findings } = await run({
            nodes: () =>
              stream([names.map((name) => node(name, name === 'cp' ? { ...CONTROL_PLANE, addresses: order } : {}))]),
            objects: () => stream(pod === undefined ? [] : [pod]),
            loadAudit: ({ name }) => Promise.resolve(name === 'cp' ? audited(pass) : undefined),
            askApiServers: isAsked ? () => Promise.resolve([flagz(asked, BAD)]) : undefined,
          });
          expect(link.apiServers).toHaveLength(1);
          expect(link.apiServers[0]?.result).toBe(isAsked || pod !== undefined ? 'fail' : 'unknown');
          expect([...findings.all()].some(isContradicted)).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });
});
