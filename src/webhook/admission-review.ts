// From the body of a call to an AdmissionRequest: decodes an AdmissionReview of admission.k8s.io/v1.

import { isRecord, stringOrEmpty, type UnknownRecord } from '../json.ts';
import { apiVersionsOf, findResource } from './resources.ts';

/** The fields of an AdmissionRequest that a decision needs. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly group: string;
  readonly resource: string;
  readonly subResource: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly operation: string;
  /** The user that the API server has authenticated. It is the only field here that the author of the object cannot choose. */
  readonly username: string;
  readonly dryRun: boolean;
  readonly object: unknown;
  readonly oldObject: unknown;
}

/** An AdmissionRequest without its objects: the part that the log and the metrics use. */
export type RequestAttributes = Omit<AdmissionRequest, 'object' | 'oldObject'>;

/** An AdmissionRequest, or why the body has none. */
export type DecodedReview = { readonly request: AdmissionRequest } | { readonly reason: string };

/**
 * Decodes the body of a call to the webhook.
 *
 * A body without the fields that identify the object is rejected: otherwise a change would be allowed unchecked.
 *
 * @returns the request, or the reason why the body is not an AdmissionReview of admission.k8s.io/v1 with a request
 */
export function decodeReview(body: string): DecodedReview {
  let review: unknown;
  try {
    review = JSON.parse(body);
  } catch {
    return { reason: body.trim() === '' ? 'the body is empty' : 'the body is not JSON' };
  }
  if (!isRecord(review)) return { reason: 'the body is not a JSON object' };
  const { apiVersion, kind, request } = review;
  if (apiVersion !== 'admission.k8s.io/v1' || kind !== 'AdmissionReview') {
    return { reason: 'the body is not an AdmissionReview of apiVersion admission.k8s.io/v1' };
  }
  if (!isRecord(request)) return { reason: 'the AdmissionReview has no request' };
  return decodeRequest(request);
}

/** A request without its objects. */
export function attributesOf({
  object: _object,
  oldObject: _oldObject,
  ...attributes
}: AdmissionRequest): RequestAttributes {
  return attributes;
}

function decodeRequest(request: UnknownRecord): DecodedReview {
  const { uid, operation, resource } = request;
  if (typeof uid !== 'string' || uid === '') return { reason: 'the request of the AdmissionReview has no uid' };
  if (typeof operation !== 'string' || operation === '')
    return { reason: 'the request of the AdmissionReview has no operation' };
  if (!isRecord(resource) || typeof resource.resource !== 'string' || resource.resource === '') {
    return { reason: 'the request of the AdmissionReview has no resource' };
  }
  const decoded: AdmissionRequest = {
    uid,
    group: stringOrEmpty(resource.group),
    resource: resource.resource,
    subResource: stringOrEmpty(request.subResource),
    kind: isRecord(request.kind) ? stringOrEmpty(request.kind.kind) : '',
    namespace: stringOrEmpty(request.namespace),
    name: stringOrEmpty(request.name),
    operation,
    username: isRecord(request.userInfo) ? stringOrEmpty(request.userInfo.username) : '',
    dryRun: request.dryRun === true,
    object: request.object,
    oldObject: request.oldObject,
  };
  const reason = objectFault(decoded);
  return reason === undefined ? { request: decoded } : { reason };
}

/** Why the objects of a request are not of the kind that its resource has; undefined if they are. */
function objectFault(request: AdmissionRequest): string | undefined {
  const { group, resource, subResource, operation, object, oldObject } = request;
  const expected = findResource(group, resource, subResource);
  if (expected === undefined) return undefined;
  const apiVersions = apiVersionsOf(expected);
  const is = (value: unknown): boolean =>
    isRecord(value) && value.kind === expected.kind && apiVersions.some((known) => value.apiVersion === known);
  const what = `${expected.kind} of apiVersion ${apiVersions.join(' or ')}`;
  if ((operation === 'CREATE' || operation === 'UPDATE') && !is(object))
    return `the object of the AdmissionReview is not a ${what}`;
  // ratchet compares with the old object wherever there is one
  const isCompared = operation === 'UPDATE' || (operation === 'CREATE' && (oldObject ?? null) !== null);
  if (isCompared && !is(oldObject)) return `the oldObject of the AdmissionReview is not a ${what}`;
  return undefined;
}
