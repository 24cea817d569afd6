// What became of the body of a call: no review, a decision, or a crash.

import type { AdmissionDecision } from '../outputs/admission/answer.ts';
import type { RequestAttributes } from './admission-review.ts';

/** The body is no AdmissionReview. */
export interface InvalidReview {
  readonly kind: 'invalid';
  readonly reason: string;
}

/** A decision on an AdmissionRequest; undefined if the webhook does not check such requests. */
export interface DecidedReview {
  readonly kind: 'decided';
  readonly attributes: RequestAttributes;
  readonly decision: AdmissionDecision | undefined;
}

/** A decision on a review that was too large, or took too long, to check. Only its uid is known. */
export interface UncheckedReview {
  readonly kind: 'unchecked';
  readonly uid: string;
  readonly reason: string;
  readonly decision: AdmissionDecision;
}

/** A bug stopped the review. */
export interface CrashedReview {
  readonly kind: 'crashed';
  readonly uid: string | undefined;
  readonly cause: unknown;
}

/** What became of a body. */
export type Review = InvalidReview | DecidedReview | UncheckedReview | CrashedReview;
