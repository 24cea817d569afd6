// The messages to and from the worker thread: it turns a body into findings, and this thread decides on them.

import type { Allowance } from '../inspect.ts';
import type { Action, Control } from '../policy/control.ts';
import type { DecisionPolicy, Finding } from '../policy/finding.ts';
import { SURFACES, type Surface } from '../policy/reading.ts';
import type { WorkerThread } from '../runtime/worker.ts';
import { attributesOf, decodeReview, type RequestAttributes } from './admission-review.ts';
import { SMALL_BODY_BYTES } from './http/body.ts';
import { exceededLimit } from './http/body-scan.ts';
import { findingsOf, type RequestFindings } from './request-findings.ts';
import type { DecidedReview, InvalidReview } from './review.ts';
import type { Decide, ValidatorConfiguration } from './validator.ts';

/** The message to the thread. */
export interface FindingsJob {
  readonly body: ArrayBuffer;
  readonly length: number;
  /** The action on each surface, by the slug of the control. Controls that are not named are off. */
  readonly actions: Readonly<Record<string, Actions>>;
}

type Actions = Readonly<Partial<Record<Surface, Action>>>;

/** The message from the thread. */
export type FindingsResult =
  | InvalidReview
  | { readonly kind: 'unchecked'; readonly reason: string }
  | { readonly kind: 'checked'; readonly attributes: RequestAttributes; readonly checked?: PlainFindings }
  | { readonly kind: 'crashed'; readonly stack: string };

/** Findings with the slugs of their controls, because functions cannot be sent to another thread. */
interface PlainFindings extends Omit<RequestFindings, 'findings'> {
  readonly findings: readonly (Omit<Finding, 'control'> & { readonly control: string })[];
}

/** In the thread: decodes a body and finds what is wrong with its objects. It never throws. */
export function runJob(job: FindingsJob, controls: readonly Control[], allowance: Allowance): FindingsResult {
  try {
    const body = Buffer.from(job.body, 0, job.length);
    const exceeded = body.length > SMALL_BODY_BYTES ? exceededLimit(body) : undefined;
    if (exceeded !== undefined) return { kind: 'unchecked', reason: exceeded };
    const decoded = decodeReview(body.toString());
    if ('reason' in decoded) return { kind: 'invalid', reason: decoded.reason };
    const attributes = attributesOf(decoded.request);
    const checked = findingsOf(
      decoded.request,
      controls.filter(({ slug }) => job.actions[slug] !== undefined),
      ({ slug }, surface) => job.actions[slug]?.[surface] ?? 'off',
      allowance,
    );
    if (checked === undefined) return { kind: 'checked', attributes };
    return { kind: 'checked', attributes, checked: toPlain({ ...checked, attributes }) };
  } catch (cause) {
    return { kind: 'crashed', stack: cause instanceof Error ? (cause.stack ?? cause.message) : 'no reason given' };
  }
}

function toPlain(checked: RequestFindings): PlainFindings {
  return { ...checked, findings: checked.findings.map((finding) => ({ ...finding, control: finding.control.slug })) };
}

function fromPlain(checked: PlainFindings, controls: readonly Control[]): RequestFindings {
  const bySlug = new Map(controls.map((control) => [control.slug, control]));
  const findings = checked.findings.flatMap((finding) => {
    const control = bySlug.get(finding.control);
    return control === undefined ? [] : [{ ...finding, control }];
  });
  return { ...checked, findings };
}

/** A review in the worker thread, or why it was not checked. */
export type WorkerReview = InvalidReview | DecidedReview | { readonly kind: 'unchecked'; readonly reason: string };

/** Reviews a body in the worker thread; undefined if the caller has gone away. It rejects where the thread crashed. */
export type ReviewInWorker = (body: Buffer, address: string, gone: AbortSignal) => Promise<WorkerReview | undefined>;

const FAILED = {
  waited: 'too many slow reviews are waiting',
  slow: 'it takes too long to check',
  ended: 'it takes too much memory to check',
} as const;

/**
 * Makes a function that reviews bodies in the worker thread.
 *
 * @param configuration the current configuration
 * @param decide decides on the findings, in this thread
 */
export function createReviewInWorker(
  run: WorkerThread<FindingsJob, FindingsResult>['run'],
  configuration: () => ValidatorConfiguration,
  decide: Decide,
): ReviewInWorker {
  return async (body, address, signal) => {
    const { controls, policy } = configuration();
    const buffer = transferable(body);
    const job = { body: buffer, length: body.length, actions: actionsOf(controls, policy) };
    const outcome = await run({ job, address, signal, transfer: [buffer] });
    if (outcome === undefined) return undefined;
    if ('failed' in outcome) return { kind: 'unchecked', reason: FAILED[outcome.failed] };
    const { result } = outcome;
    if (result.kind === 'crashed') throw new Error(`the worker thread crashed: ${result.stack}`);
    if (result.kind !== 'checked') return result;
    const { attributes, checked } = result;
    return { kind: 'decided', attributes, decision: checked && decide(fromPlain(checked, controls)) };
  };
}

/** The memory of a body, or a copy where the body is only a part of it. */
function transferable(body: Buffer): ArrayBuffer {
  const isOwn = body.byteOffset === 0 && body.length > SMALL_BODY_BYTES;
  const buffer = isOwn ? body.buffer : Uint8Array.prototype.slice.call(body).buffer;
  if (!(buffer instanceof ArrayBuffer)) throw new Error('a body is in shared memory');
  return buffer;
}

/** The policy's actions as data. */
function actionsOf(controls: readonly Control[], { action }: DecisionPolicy): FindingsJob['actions'] {
  const actions = (control: Control): Actions =>
    Object.fromEntries(SURFACES.map((surface) => [surface, action(control, surface)]));
  return Object.fromEntries(controls.map((control) => [control.slug, actions(control)]));
}
