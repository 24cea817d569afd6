// What only a running `serve` knows: the decisions of its webhook, and what its sweeper does.
import { describe, expect, test } from '@jest/globals';

import type { AdmissionEntry, LiveState } from '../../../../src/outputs/html/live.ts';
import { admissionSection } from '../../../../src/outputs/html/sections/admission.ts';
import { runSection } from '../../../../src/outputs/html/sections/run.ts';
import { escapeForTerminal } from '../../../../src/outputs/printable.ts';
import { HOSTILE_TEXTS } from '../../../support/hostile-texts.ts';
import { parseHtml } from '../../../support/html.ts';
import { pageContext } from '../../../support/report-pages.ts';

const state: LiveState = { now: '2026-11-28T04:00:00.000Z', version: '1' };
const entry: AdmissionEntry = {
  ...{ verdict: 'deny', first: '2026-11-28T03:20:00Z', last: '2026-11-28T03:50:00Z', count: 3, user: 'admin' },
  ...{ operation: 'UPDATE', resource: 'configmaps', namespace: 'kube-system', name: 'kubelet-config' },
  reasons: ['clientCAFile is empty'],
};
const counts = { allow: 40, warn: 2, deny: 3, skip: 7, unchecked: 1 };

function textOf(make: typeof runSection, live: LiveState): string {
  const text = make({ head: undefined, context: pageContext, live }).render()?.text ?? '';
  return parseHtml(text).text.replaceAll(/\s+/g, ' ');
}

describe('admission', () => {
  const admission = { since: '2026-11-28T03:00:00Z', counts, decisions: [entry], leftOut: 4 };

  test('has the counts, and each decision with its time, user, object and reasons', () => {
    const text = textOf(admissionSection, { ...state, admission });
    expect(text).toContain('3 denied 2 allowed with warnings 1 not checked 40 allowed 7 skipped');
    expect(text).toContain('2026-11-28 03:50:00 UTC (10 minutes ago), 3 times since 2026-11-28 03:20:00 UTC');
    for (const part of ['DENIED', 'UPDATE configmaps kube-system/kubelet-config', 'admin', 'clientCAFile is empty'])
      expect(text).toContain(part);
    expect(text).toContain('4 older entries are left out');
  });

  test.each(Object.entries(HOSTILE_TEXTS))('%s as a name is text', (_what, name) => {
    const decisions = [{ ...entry, name, user: name, reasons: [name] }];
    const text = textOf(admissionSection, { ...state, admission: { ...admission, decisions } });
    expect(text.split(escapeForTerminal(name).replaceAll(/\s+/g, ' '))).toHaveLength(4);
  });

  test('of a process without a webhook says where the decisions are', () => {
    expect(textOf(admissionSection, state)).toContain('port-forward deployment/kubelet-guard 8080');
  });

  test('is no part of a file', () => {
    expect(admissionSection({ head: undefined, context: pageContext, live: undefined }).render()).toBeUndefined();
  });
});

describe('the sweeper', () => {
  test.each<readonly [LiveState['sweeper'], string]>([
    [undefined, 'This process has no sweeper'],
    [{ leadership: { state: 'leading' }, intervalSeconds: 600 }, 'this replica: it sweeps'],
    [{ leadership: { state: 'following', leader: 'pod-2' }, intervalSeconds: 600 }, 'another replica: pod-2'],
    [{ leadership: { state: 'unknown', reason: 'no Lease' }, intervalSeconds: 600 }, 'UNKNOWN: no Lease'],
    [
      { leadership: { state: 'leading' }, intervalSeconds: 600, runningSince: '2026-11-28T03:59:30Z' },
      'since 2026-11-28 03:59:30 UTC (30 seconds ago)',
    ],
  ])('%j', (sweeper, expected) => {
    expect(textOf(runSection, { ...state, ...(sweeper && { sweeper }) })).toContain(expected);
  });

  test('has the problems of the last incomplete sweep, and its age', () => {
    const problems = [{ code: 'forbidden', message: 'nodes cannot be listed', source: { object: 'Nodes' } }] as const;
    const incomplete = { startedAt: '2026-11-28T03:44:00Z', finishedAt: '2026-11-28T03:45:00Z', problems };
    const sweeper = { leadership: { state: 'leading' }, intervalSeconds: 600, incomplete } as const;
    const text = textOf(runSection, { ...state, sweeper });
    expect(text).toContain('The last sweep was incomplete: 1 problem');
    expect(text).toContain('03:45:00 UTC (15 minutes ago)');
    expect(text).toContain('nodes cannot be listed [forbidden]');
  });
});
