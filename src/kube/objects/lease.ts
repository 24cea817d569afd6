// Reads and writes the Lease of an election, with the optimistic concurrency of the API.

import { loggedOutWords } from '../../policy/rights/denied.ts';
import { asRecord, stringOrEmpty } from '../../json.ts';
import { ApiFault, truncated, type Api } from '../api.ts';
import { objectClient, type StoredObject } from './client.ts';
import { LEASES } from './resources.ts';

/** What a Lease says of its holder: the fields of `coordination.k8s.io/v1` that an election uses. */
export interface LeaseRecord {
  /** Empty where the Lease was released. */
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  /** RFC 3339 with microseconds, by the holder's own clock; empty where there is none. */
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly leaseTransitions: number;
}

/** A Lease as it was last read or written. */
export interface SeenLease {
  readonly record: LeaseRecord;
  /** The whole object. An update changes the record only, and only if nobody wrote to the object since. */
  readonly object: StoredObject;
}

/** Why there is no answer about a Lease. */
export type LeaseFaultCode = 'forbidden' | 'no-namespace' | 'refused' | 'unreachable' | 'malformed';

/** The result of a call. A write that ends in a fault may have been done. */
export type LeaseAnswer =
  | { readonly is: 'there'; readonly lease: SeenLease }
  | { readonly is: 'absent' }
  /** Somebody else wrote first. */
  | { readonly is: 'conflict' }
  | { readonly is: 'fault'; readonly code: LeaseFaultCode; readonly reason: string };

/** The calls about one Lease. None rejects. */
export type LeaseClient = ReturnType<typeof leaseOf>;

/** Half of the time in which a leader has to renew, as client-go has it (resourcelock/interface.go, NewFromKubeconfig). */
const TIMEOUT = 5000;
/** No object in etcd is larger by default. */
const SIZE_LIMIT = 1_572_864;

/** Makes the calls about a Lease. Each update names the version that it replaces. */
export function leaseOf(api: Api, { namespace, name }: { readonly namespace: string; readonly name: string }) {
  const leases = objectClient(api, LEASES, { namespace, timeout: TIMEOUT, limit: SIZE_LIMIT });
  const answer = (call: Promise<StoredObject>, creates = false): Promise<LeaseAnswer> =>
    call.then(
      (object) => ({ is: 'there', lease: { record: recordOf(object), object } }),
      (cause: unknown) => failure(cause, creates, namespace),
    );
  return {
    read: (signal: AbortSignal) => answer(leases.get(name, signal)),
    create: (record: LeaseRecord, signal: AbortSignal) => {
      const object = { metadata: { name, namespace }, spec: record };
      return answer(leases.create(object, signal), true);
    },
    /** Replaces the record of a Lease that nobody wrote to since. */
    update: ({ object }: SeenLease, record: LeaseRecord, signal: AbortSignal) =>
      answer(leases.update({ ...object, spec: { ...asRecord(object.spec), ...record } }, signal)),
  };
}

function failure(cause: unknown, creates: boolean, namespace: string): LeaseAnswer {
  const status = cause instanceof ApiFault ? cause.status : undefined;
  const reason = cause instanceof Error ? cause.message : 'no reason given';
  switch (status) {
    case undefined:
      return fault('unreachable', reason);
    case 404:
      // a creation fails so where the namespace is missing
      return creates ? fault('no-namespace', `the namespace ${namespace} is not there: create it`) : { is: 'absent' };
    case 409:
      return { is: 'conflict' };
    case 401:
      return fault('forbidden', loggedOutWords(reason));
    case 403: {
      const rights = `get, create and update of leases.coordination.k8s.io in the namespace ${namespace}`;
      return fault('forbidden', `the API server answers ${status}: give this account ${rights}`);
    }
    default: {
      const isGranted = status >= 200 && status < 300;
      if (isGranted) return fault('malformed', reason);
      return fault(status >= 500 || status === 429 ? 'unreachable' : 'refused', reason);
    }
  }
}

function recordOf({ spec }: StoredObject): LeaseRecord {
  const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions } = asRecord(spec);
  return {
    holderIdentity: stringOrEmpty(holderIdentity),
    leaseDurationSeconds: numberOf(leaseDurationSeconds),
    acquireTime: stringOrEmpty(acquireTime),
    renewTime: stringOrEmpty(renewTime),
    leaseTransitions: numberOf(leaseTransitions),
  };
}

function fault(code: LeaseFaultCode, reason: string): LeaseAnswer {
  return { is: 'fault', code, reason: truncated(reason) };
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
