// The record in the Lease of a leader election, as client-go writes and reads it (tools/leaderelection/leaderelection.go of
// v0.37.2), so that `kubectl get lease` shows what people know.

import type { LeaseRecord } from '../kube/objects/lease.ts';

/** client-go's LeaseDuration: how long other candidates wait after the last renewal, in milliseconds. */
export const LEASE_DURATION = 15_000;

const MAX_TRANSITIONS = 2 ** 31 - 1;

/** Makes the record with which a candidate acquires or renews a Lease. */
export function claimingRecord(before: LeaseRecord | undefined, identity: string, now: Date): LeaseRecord {
  const time = microTime(now);
  const isOurs = before?.holderIdentity === identity;
  const transitions = before === undefined ? 0 : before.leaseTransitions + (isOurs ? 0 : 1);
  return {
    holderIdentity: identity,
    leaseDurationSeconds: LEASE_DURATION / 1000,
    acquireTime: isOurs && before.acquireTime !== '' ? before.acquireTime : time,
    renewTime: time,
    // the API server rejects a larger number, and the Lease could never be acquired again
    leaseTransitions: Math.min(transitions, MAX_TRANSITIONS),
  };
}

/** Makes the record with which a leader releases its Lease (tryRelease, line 326). */
export function releasingRecord({ leaseTransitions }: LeaseRecord, now: Date): LeaseRecord {
  const time = microTime(now);
  return { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: time, renewTime: time, leaseTransitions };
}

/**
 * Gives how long a record holds after it was first seen, in milliseconds; undefined if it holds for nobody else. A duration
 * that no election writes counts as the usual one: else the Lease would be free at once, or never.
 */
export function durationOf(record: LeaseRecord, identity: string): number | undefined {
  const { holderIdentity, leaseDurationSeconds: seconds } = record;
  if (holderIdentity === '' || holderIdentity === identity) return undefined;
  return seconds >= 1 && seconds <= 3600 ? seconds * 1000 : LEASE_DURATION;
}

/** Tells whether two records are the same in every field. */
export function isSameRecord(a: LeaseRecord, b: LeaseRecord): boolean {
  const keys = Object.keys(a) as (keyof LeaseRecord)[];
  return keys.every((key) => a[key] === b[key]);
}

/** Writes a time as Kubernetes' MicroTime. */
function microTime(time: Date): string {
  return time.toISOString().replace('Z', '000Z');
}
