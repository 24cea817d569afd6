import { describe, expect, test } from '@jest/globals';

import { checkInstalled } from '../../../../src/commands/doctor/checks/installed.ts';
import { checkEndpoints, checkPods } from '../../../../src/commands/doctor/checks/pods.ts';
import { checkSweeps } from '../../../../src/commands/doctor/checks/sweeps.ts';
import type { Installation, Workload } from '../../../../src/commands/doctor/installation.ts';

const NOW = new Date('2026-11-28T12:00:00Z');
const ready = { replicas: 2, updatedReplicas: 2, readyReplicas: 2 };

function workload(name: string, status: object, pods: readonly object[] = [], replicas?: number): Workload {
  const spec = replicas === undefined ? { replicas: 2 } : { replicas };
  return { name, deployment: { known: { spec, status } }, pods: { known: pods } };
}

function installation(changes: Partial<Installation> = {}): Installation {
  return {
    home: 'guards',
    webhook: workload('kubelet-guard', ready),
    sweeper: workload('kubelet-guard-sweeper', ready),
    service: { known: {} },
    endpointSlices: { known: [{ endpoints: [{ conditions: { ready: true } }, { conditions: {} }] }] },
    lease: { known: { spec: { holderIdentity: 'a', renewTime: '2026-11-28T11:59:50.000000Z' } } },
    ...changes,
  };
}

const NONE = { known: undefined };
const DENIED = { unknown: 'User "jane" cannot get x' };
const absent = (name: string): Workload => ({ name, deployment: NONE, pods: { known: [] } });

describe('the check pods', () => {
  test('is ok if all pods are ready', () => {
    expect(checkPods(installation())).toEqual({
      check: 'pods',
      result: 'ok',
      message: 'kubelet-guard 2 of 2 ready, kubelet-guard-sweeper 2 of 2 ready',
    });
  });

  const crashed = { state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } };
  test.each<[string, Workload, string]>([
    ['scaled to 0', workload('kubelet-guard', {}, [], 0), 'kubelet-guard: scaled to 0 replicas'],
    [
      'an old version',
      workload('kubelet-guard', { ...ready, updatedReplicas: 1 }, [
        { status: { conditions: [{ type: 'Ready', status: 'True' }] } },
      ]),
      'kubelet-guard: only 1 of 2 pods are of the new version',
    ],
    [
      'a quota',
      workload('kubelet-guard', {
        conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' }],
      }),
      'kubelet-guard: FailedCreate: exceeded quota',
    ],
    ['no pods', workload('kubelet-guard', {}), 'kubelet-guard: there are no pods, and nothing says why'],
    [
      'an init container',
      workload('kubelet-guard', {}, [{ status: { initContainerStatuses: [crashed] } }]),
      'kubelet-guard: 1 pod: OOMKilled; it last ended with exit code 137 (OOMKilled)',
    ],
    [
      'a pod without a status',
      workload('kubelet-guard', {}, [{}, {}]),
      'kubelet-guard: 2 pods: it runs, and is not ready: see its log',
    ],
    [
      'pods that cannot be read',
      { ...workload('kubelet-guard', {}), pods: DENIED },
      'kubelet-guard: User "jane" cannot get x',
    ],
  ])('names the reason: %s', (_name, webhook, detail) => {
    expect(checkPods(installation({ webhook }))).toMatchObject({ result: 'problem', details: [detail] });
  });

  test('is unknown if a Deployment cannot be read, and never ok', () => {
    const webhook = { ...absent('kubelet-guard'), deployment: DENIED };
    expect(checkPods(installation({ webhook }))).toMatchObject({ result: 'unknown', message: DENIED.unknown });
  });
});

describe('the check endpoints', () => {
  test.each<[string, Partial<Installation>, string, string]>([
    ['ready', {}, 'ok', 'Service guards/kubelet-guard has 2 ready endpoints'],
    [
      'not ready',
      { endpointSlices: { known: [{ endpoints: [{ conditions: { ready: false } }] }] } },
      'problem',
      'Service guards/kubelet-guard has no ready endpoint',
    ],
    [
      'without pods',
      { endpointSlices: { known: [] }, webhook: workload('kubelet-guard', {}) },
      'problem',
      'Service guards/kubelet-guard has no ready endpoint, because no pod is ready',
    ],
    ['without a Service', { service: NONE }, 'problem', 'there is no Service guards/kubelet-guard'],
    ['not readable', { service: DENIED }, 'unknown', DENIED.unknown],
    ['of a list that is not readable', { endpointSlices: DENIED }, 'unknown', DENIED.unknown],
  ])('%s', (_name, changes, result, message) => {
    expect(checkEndpoints(installation(changes), undefined)).toMatchObject({ result, message });
  });
});

describe('the check installed', () => {
  const gone = installation({ webhook: absent('kubelet-guard'), sweeper: absent('kubelet-guard-sweeper') });

  test('is a problem only if it is known that nothing is there', () => {
    expect(checkInstalled(gone, NONE)).toMatchObject({
      result: 'problem',
      message: expect.stringMatching(/^kubelet-guard is not installed/),
    });
    expect(checkInstalled(gone, DENIED)).toMatchObject({ result: 'unknown', message: DENIED.unknown });
    expect(checkInstalled(installation(), NONE)).toMatchObject({ result: 'ok' });
  });
});

describe('the check sweeps', () => {
  const leaseOf = (spec: object): Partial<Installation> => ({ lease: { known: { spec } } });

  test.each<[string, Partial<Installation>, string, string]>([
    ['a leader', {}, 'ok', 'a sweeps: it holds the Lease guards/kubelet-guard-sweeper'],
    [
      'a leader that is gone',
      leaseOf({ holderIdentity: 'a', renewTime: '2026-11-28T11:00:00.000000Z' }),
      'problem',
      'no replica sweeps: a renewed',
    ],
    [
      'nobody',
      leaseOf({ holderIdentity: '', renewTime: '2026-11-28T11:59:59Z' }),
      'problem',
      'no replica sweeps: nobody holds',
    ],
    ['a broken time', leaseOf({ holderIdentity: 'a', renewTime: 'x' }), 'problem', 'no replica sweeps: nobody holds'],
    [
      'no Lease',
      { lease: NONE, sweeper: workload('kubelet-guard-sweeper', {}) },
      'problem',
      'nobody holds the Lease guards/kubelet-guard-sweeper, because no pod of kubelet-guard-sweeper is ready',
    ],
    ['a Lease that is not readable', { lease: DENIED }, 'unknown', DENIED.unknown],
  ])('%s', (_name, changes, result, message) => {
    expect(checkSweeps(installation(changes), NOW)).toMatchObject({
      result,
      message: expect.stringContaining(message),
    });
  });
});
