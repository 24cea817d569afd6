import { asRecord, parseJson, stringOrEmpty } from '../../json.ts';
import { ApiFault, bounded, statusFault, type Api, type ApiAnswer, type ApiRequest } from '../api.ts';

/** What a Lease says of its holder: the fields of `coordination.k8s.io/v1` that an election uses. */
export interface LeaseRecord {
  /** Who holds it; empty where it was released. */
  readonly holderIdentity: string;
  readonly leaseDurationSeconds: number;
  /** RFC 3339 with microseconds, by the holder's own clock; empty where there is none. */
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly leaseTransitions: number;
}

/** A Lease as the API server last told of it. */
export interface SeenLease {
  readonly record: LeaseRecord;
  /** The whole object: an update changes nothing of it but the record, and only if nobody wrote to it since. */
  readonly object: object;
}

/** Why there is no answer about a Lease. */
export type LeaseFaultCode = 'forbidden' | 'no-namespace' | 'refused' | 'unreachable' | 'malformed';

/** What came of a call. A fault of a write does not say that nothing was written. */
export type LeaseAnswer =
  | { readonly is: 'there'; readonly lease: SeenLease }
  | { readonly is: 'absent' }
  /** Somebody else wrote first. */
  | { readonly is: 'conflict' }
  | { readonly is: 'fault'; readonly code: LeaseFaultCode; readonly reason: string };

/** The calls about one Lease. None rejects. */
export interface LeasePort {
  readonly read: (signal: AbortSignal) => Promise<LeaseAnswer>;
  readonly create: (record: LeaseRecord, signal: AbortSignal) => Promise<LeaseAnswer>;
  /** Replaces the record of a Lease that is still as it was seen. */
  readonly update: (seen: SeenLease, record: LeaseRecord, signal: AbortSignal) => Promise<LeaseAnswer>;
}

/** Which Lease. */
export interface LeaseName {
  readonly namespace: string;
  readonly name: string;
}

/** Half of the time in which a leader has to renew, as client-go has it (resourcelock/interface.go, NewFromKubeconfig). */
const TIMEOUT = 5000;
/** No object in etcd is larger by default. */
const SIZE_LIMIT = 1_572_864;

/** The calls about a Lease, with the optimistic concurrency of the API: each write names the version that it replaces. */
export function leaseOf(api: Api, { namespace, name }: LeaseName): LeasePort {
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`;
  const path = `${collection}/${encodeURIComponent(name)}`;
  const ask = async (request: ApiRequest, signal: AbortSignal): Promise<LeaseAnswer> => {
    try {
      const answer = await api({ timeout: TIMEOUT, limit: SIZE_LIMIT, ...request }, signal);
      return understand(answer, request.method === 'POST', namespace);
    } catch (cause) {
      const status = cause instanceof ApiFault ? cause.status : undefined;
      const reason = cause instanceof Error ? cause.message : 'no reason given';
      if (status === undefined) return fault('unreachable', reason);
      return understand({ status, contentType: '', text: reason }, request.method === 'POST', namespace);
    }
  };
  return {
    read: (signal) => ask({ path }, signal),
    create: (record, signal) => {
      const head = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name } };
      return ask({ method: 'POST', path: collection, body: { ...head, spec: record } }, signal);
    },
    update: ({ object }, record, signal) => {
      const body = { ...object, spec: { ...asRecord(asRecord(object).spec), ...record } };
      return ask({ method: 'PUT', path, body }, signal);
    },
  };
}

function understand({ status, text }: ApiAnswer, creates: boolean, namespace: string): LeaseAnswer {
  switch (status) {
    case 200:
    case 201:
      return leaseIn(text);
    case 404:
      // of a creation it is the namespace that is missing
      return creates ? fault('no-namespace', `the namespace ${namespace} is not there: create it`) : { is: 'absent' };
    case 409:
      return { is: 'conflict' };
    case 401:
    case 403: {
      const rights = `get, create and update of leases.coordination.k8s.io in the namespace ${namespace}`;
      return fault('forbidden', `the API server answers ${status}: give this account ${rights}`);
    }
    default:
      return fault(
        status >= 500 || status === 429 ? 'unreachable' : 'refused',
        statusFault(parseJson(text), status).message,
      );
  }
}

function leaseIn(text: string): LeaseAnswer {
  const object = parseJson(text);
  const { metadata, spec } = asRecord(object);
  const { resourceVersion } = asRecord(metadata);
  // without it an update would overwrite whatever is there
  if (typeof resourceVersion !== 'string' || resourceVersion === '') return fault('malformed', 'this is no Lease');
  const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions } = asRecord(spec);
  const record = {
    holderIdentity: stringOrEmpty(holderIdentity),
    leaseDurationSeconds: numberOf(leaseDurationSeconds),
    acquireTime: stringOrEmpty(acquireTime),
    renewTime: stringOrEmpty(renewTime),
    leaseTransitions: numberOf(leaseTransitions),
  };
  return { is: 'there', lease: { record, object: object as object } };
}

function fault(code: LeaseFaultCode, reason: string): LeaseAnswer {
  return { is: 'fault', code, reason: bounded(reason) };
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
