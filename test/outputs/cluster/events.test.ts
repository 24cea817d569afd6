import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { summaryOf, driftOf, toStoredFinding, type StoredFinding } from '../../../src/policy/decision/drift.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import type { Outcome } from '../../../src/policy/outcome.ts';
import { driftEvents } from '../../../src/outputs/cluster/events.ts';
import type { ReportSubject } from '../../../src/outputs/cluster/objects.ts';
import { digest } from '../../../src/runtime/digest.ts';
import { apiServerFinding, kubeletFinding, outcomes } from '../../support/findings.ts';

const T0 = '2026-11-23T05:00:00.000Z';
const T1 = '2026-11-23T06:00:00.000Z';
const T2 = '2026-11-23T07:00:00.000Z';
const NODE = { kind: 'node', name: 'node-1', uid: 'uid-1' } as const;
const PLANE = { kind: 'control-plane' } as const;

const kubelet = (outcome: Outcome, parts: Partial<Finding> = {}): Finding =>
  kubeletFinding({
    subject: { component: 'kubelet', kind: 'Node', name: 'node-1', node: 'node-1' },
    source: { node: 'node-1', via: 'configz' },
    outcome,
    ...parts,
  });
const storedOf = (outcome: Outcome): StoredFinding => toStoredFinding(summaryOf({ outcome }), undefined, T0);
const events = (finding: Finding, before?: StoredFinding, at = T1, about: ReportSubject = NODE) =>
  driftEvents(about, finding, before, at, digest);
const contradicted = {
  others: [
    {
      source: { node: 'node-1', via: 'handshake' },
      vantage: 'live',
      result: 'fail',
      agrees: false,
      evidence: [],
      problems: [],
    },
  ],
} as const;

describe('an Event', () => {
  test('of a violation is on the node and has the control, the fault and the fix', () => {
    expect(events(kubelet(outcomes.fail))).toEqual([
      {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: expect.stringMatching(/^kubelet-guard\.[0-9a-f]{32}$/) as unknown, namespace: 'default' },
        involvedObject: { apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: 'uid-1' },
        type: 'Warning',
        reason: 'KubeletGuardViolation',
        message: expect.stringMatching(
          /^kubelet-client-ca \(CIS Kubernetes Benchmark 4\.2\.3\) of kubelet node-1: missing: --kubelet-client-key is not set\. To fix it: Set authentication\.x509\.clientCAFile/,
        ) as unknown,
        source: { component: 'kubelet-guard' },
        firstTimestamp: T1,
        lastTimestamp: T1,
        count: 1,
      },
    ]);
  });

  test.each([
    ['an unknown finding', kubelet(outcomes.unknown), undefined, 'KubeletGuardUnknown', 'Warning', 'unknown: $KEY'],
    [
      'a finding that passes again',
      kubelet(outcomes.pass),
      storedOf(outcomes.fail),
      'KubeletGuardResolved',
      'Normal',
      `passes; it failed since ${T0}`,
    ],
    [
      'a finding that is not unknown any more',
      kubelet(outcomes.pass),
      storedOf(outcomes.unknown),
      'KubeletGuardResolved',
      'Normal',
      'passes; it was unknown',
    ],
    [
      'sources that disagree again',
      kubelet(outcomes.pass, contradicted),
      { ...storedOf(outcomes.pass), disagrees: true },
      'KubeletGuardDisagreement',
      'Warning',
      'fail by handshake of node-1',
    ],
  ] as const)('reports %s', (_what, finding, before, reason, type, words) => {
    expect(events(finding, before)).toMatchObject([
      { reason, type, message: expect.stringContaining(words) as unknown },
    ]);
  });

  test('is on the object that was checked, in its namespace', () => {
    expect(events(apiServerFinding({ outcome: outcomes.fail }), undefined, T1, PLANE)).toMatchObject([
      {
        metadata: { namespace: 'kube-system' },
        involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'kube-system', name: 'kube-apiserver-cp-1' },
      },
    ]);
  });

  test('of a kube-apiserver without an object is on the Service kubernetes', () => {
    const finding = apiServerFinding({
      outcome: outcomes.fail,
      subject: { component: 'kube-apiserver', name: '192.0.2.1:6443' },
    });
    expect(events(finding, undefined, T1, PLANE)).toMatchObject([
      {
        involvedObject: { kind: 'Service', name: 'kubernetes' },
        message: expect.stringContaining('192.0.2.1:6443') as unknown,
      },
    ]);
  });

  test('is short, on one line and without control characters, whatever was found', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 3000 }),
        fc.constantFrom('', 'é', '\u{1f600}'),
        (text, wide) => {
          const message = `${wide.repeat(800)}${text}`;
          const outcome: Outcome = { ...outcomes.unknown, problems: [{ code: 'malformed', message }] };
          const [event] = events(kubelet(outcome));

          expect(Buffer.byteLength(event?.message ?? '')).toBeLessThanOrEqual(1024);
          // eslint-disable-next-line no-control-regex -- control characters are the point
          expect(event?.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]|[\ud800-\udbff](?![\udc00-\udfff])/);
        },
      ),
    );
  });
});

describe('there is no Event', () => {
  test.each([
    ['if the finding passes as before', kubelet(outcomes.pass), storedOf(outcomes.pass)],
    ['if the finding passes and is new', kubelet(outcomes.pass), undefined],
    ['if the finding fails as before', kubelet(outcomes.fail), storedOf(outcomes.fail)],
    ['if the finding is still unknown', kubelet(outcomes.unknown), storedOf(outcomes.unknown)],
    ['if the finding failed and is unknown now', kubelet(outcomes.unknown), storedOf(outcomes.fail)],
    ['if sources disagree for the first time', kubelet(outcomes.pass, contradicted), storedOf(outcomes.pass)],
    [
      'if sources disagree as in the two runs before',
      kubelet(outcomes.pass, contradicted),
      { ...storedOf(outcomes.pass), disagrees: true, disagreed: true },
    ],
    ['if sources agree again', kubelet(outcomes.pass), { ...storedOf(outcomes.pass), disagrees: true }],
  ] as const)('%s', (_what, finding, before) => {
    expect(events(finding, before)).toEqual([]);
  });
});

describe('the name of an Event', () => {
  const nameOf = (...args: Parameters<typeof events>) => events(...args)[0]?.metadata.name;

  test('is the same for the same stored finding and the same new one, at any time and with any message', () => {
    const [violation] = outcomes.fail.violations;
    const otherWords: Outcome = { ...outcomes.fail, violations: [{ ...violation, message: 'it is missing' }] };
    const before = storedOf(outcomes.pass);

    expect(nameOf(kubelet(otherWords), before, T2)).toBe(nameOf(kubelet(outcomes.fail), before, T1));
  });

  test('is different for a different change', () => {
    const [violation] = outcomes.fail.violations;
    const failing = kubelet(outcomes.fail);
    const names = [
      nameOf(failing),
      nameOf(failing, storedOf(outcomes.pass)),
      nameOf(failing, { ...storedOf(outcomes.pass), since: T1 }),
      nameOf(kubelet(outcomes.unknown)),
      nameOf(kubelet({ ...outcomes.fail, violations: [{ ...violation, code: 'empty' }] })),
      nameOf(failing, undefined, T1, { ...NODE, uid: 'uid-2' }),
      nameOf(kubelet(outcomes.pass), storedOf(outcomes.fail)),
      nameOf(kubelet(outcomes.pass, contradicted), { ...storedOf(outcomes.pass), disagrees: true }),
      nameOf(apiServerFinding({ outcome: outcomes.fail })),
    ];

    expect(names).not.toContain(undefined);
    expect(new Set(names).size).toBe(names.length);
  });

  test('is never repeated in the history of a finding, as long as its sources agree', () => {
    const outcome = fc.constantFrom(outcomes.pass, outcomes.fail, outcomes.unknown);
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 15 }), (history) => {
        const names: string[] = [];
        let changes = 0;
        let before: StoredFinding | undefined;
        for (const [index, next] of history.entries()) {
          const at = `2026-11-23T${String(index).padStart(2, '0')}:00:00.000Z`;
          const finding = kubelet(next);
          names.push(...events(finding, before, at).map(({ metadata }) => metadata.name));
          const state = driftOf(summaryOf(finding), before, at)?.state;
          if (state === 'new' || state === 'resolved') changes += 1;
          before = toStoredFinding(summaryOf(finding), before, at);
        }

        expect(names).toHaveLength(changes);
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });
});
