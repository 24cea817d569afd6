// From the body of a call to a decision: decodes the AdmissionReview and validates its request, here or in the worker thread.

import type { AdmissionDecision } from '../outputs/admission/answer.ts';
import { decodeReview, type AdmissionRequest } from './admission-review.ts';
import { SMALL_BODY_BYTES } from './http/body.ts';
import { exceededLimit, uidOf } from './http/body-scan.ts';
import type { InvalidReview, Review, UncheckedReview } from './review.ts';
import type { DecideUnchecked, Validate } from './validator.ts';
import type { ReviewInWorker } from './worker.ts';

/** Who sent a body. */
export interface Caller {
  readonly address: string;
  /** Makes a signal that aborts when the caller goes away. */
  readonly gone: () => AbortSignal;
}

/** Decides on the bodies of calls. It never throws or rejects. */
export interface Reviewer {
  /** Decides in the same turn where that is quick. A promise of undefined means that the caller has gone away. */
  readonly review: (body: Buffer, caller: Caller) => Review | Promise<Review | undefined>;
  /** Decides on a body that was not read, by its first bytes. */
  readonly reviewUnread: (head: Uint8Array, reason: string) => InvalidReview | UncheckedReview;
}

/** What a reviewer needs. */
export interface ReviewerDeps {
  readonly validate: Validate;
  readonly decideUnchecked: DecideUnchecked;
  /** Reviews in the worker thread. Without it everything is reviewed in this thread. */
  readonly reviewInWorker?: ReviewInWorker | undefined;
}

/** The size up to which a body is reviewed in this thread. The pod of a kube-apiserver has 8 KiB. */
const QUICK_BYTES = 16 * 1024;

/**
 * Makes a reviewer. Only reviews that are known to be quick are validated on the event loop: small ones, without YAML, within
 * a small allowance. The worker thread does the rest.
 */
export function createReviewer({ validate, decideUnchecked, reviewInWorker }: ReviewerDeps): Reviewer {
  const unchecked = (uid: string | undefined, reason: string): InvalidReview | UncheckedReview => {
    if (uid === undefined) return { kind: 'invalid', reason };
    return { kind: 'unchecked', uid, reason, decision: decideUnchecked(uid, reason) };
  };

  const handOff = async (
    inWorker: ReviewInWorker,
    body: Buffer,
    { address, gone }: Caller,
  ): Promise<Review | undefined> => {
    // before the memory of the body is transferred to the thread
    const uid = uidOf(body);
    try {
      const result = await inWorker(body, address, gone());
      return result?.kind === 'unchecked' ? unchecked(uid, result.reason) : result;
    } catch (cause) {
      return { kind: 'crashed', uid, cause };
    }
  };

  return {
    reviewUnread: (head, reason) => unchecked(uidOf(head), reason),
    review: (body, caller) => {
      if (reviewInWorker && body.length > QUICK_BYTES) return handOff(reviewInWorker, body, caller);
      const exceeded = body.length > SMALL_BODY_BYTES ? exceededLimit(body) : undefined;
      if (exceeded !== undefined) return unchecked(uidOf(body), exceeded);
      const decoded = decodeReview(body.toString());
      if ('reason' in decoded) return { kind: 'invalid', reason: decoded.reason };
      const { request } = decoded;
      if (reviewInWorker && hasYaml(request)) return handOff(reviewInWorker, body, caller);
      let decision;
      try {
        decision = validate(request);
      } catch (cause) {
        return { kind: 'crashed', uid: request.uid, cause };
      }
      if (reviewInWorker && decision && isTooLarge(decision)) return handOff(reviewInWorker, body, caller);
      return { kind: 'decided', attributes: request, decision };
    },
  };
}

/** The settings in a ConfigMap are YAML, which is slow to parse. */
function hasYaml({ resource, operation }: AdmissionRequest): boolean {
  return resource === 'configmaps' && operation !== 'DELETE';
}

/** Whether the small allowance was not enough for the object. */
function isTooLarge({ denied, warned, exempted, problems }: AdmissionDecision): boolean {
  const findings = [...denied, ...warned, ...exempted.map(({ finding }) => finding)];
  const ofFindings = findings.flatMap(({ outcome }) => (outcome.result === 'pass' ? [] : outcome.problems));
  return [...problems, ...ofFindings].some(({ code }) => code === 'too-large');
}
