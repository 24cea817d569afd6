// The state of a running `serve`, as pages of tests show it.

import type { LiveState } from '../../src/outputs/html/live.ts';

const entry = {
  first: '2026-11-28T03:20:00Z',
  last: '2026-11-28T03:51:00Z',
  user: 'system:node:cp-2',
  operation: 'CREATE',
  resource: 'pods',
  namespace: 'kube-system',
  name: 'kube-apiserver-cp-2',
} as const;

/** A replica that sweeps, and whose webhook has denied and allowed. */
export const liveSample: LiveState = {
  now: '2026-11-28T03:57:00.000Z',
  version: 'a-1',
  sweeper: {
    leadership: { state: 'leading' },
    runningSince: '2026-11-28T03:56:55.000Z',
    incomplete: {
      startedAt: '2026-11-28T03:56:00.000Z',
      finishedAt: '2026-11-28T03:56:20.000Z',
      problems: [{ code: 'timeout', message: 'nodes were not listed within 30 s', source: { object: 'nodes' } }],
    },
    intervalSeconds: 600,
  },
  admission: {
    since: '2026-11-28T03:00:00.000Z',
    counts: { allow: 20, warn: 2, deny: 3, skip: 40, unchecked: 1 },
    decisions: [
      { ...entry, verdict: 'deny', count: 3, reasons: ['--kubelet-client-key is not set'] },
      { ...entry, verdict: 'warn', count: 2, reasons: ['--kubelet-client-key is not set'] },
    ],
    leftOut: 0,
  },
  servingCertificate: { notAfter: '2027-01-10T08:00:00Z' },
};
