// What goes to the thread that looks at reviews which may take long, and what comes back: data only.

import type { Allowance } from '../inspect.ts';
import type { Action, Control } from '../policy/control.ts';
import type { DecisionPolicy, Finding } from '../policy/finding.ts';
import type { Surface } from '../policy/reading.ts';
import type { Judgement } from '../outputs/admission/answer.ts';
import type { Aside } from '../runtime/worker.ts';
import { SHORT } from './http/body.ts';
import { SURFACES, type Decider, type Rules } from './validator.ts';
import { look, type RequestName, type Sight } from './request-findings.ts';
import { decodeReview } from './review.ts';
import { tooMuchIn } from './http/scan.ts';

/** A review to look at. */
export interface AsideJob {
  readonly body: ArrayBuffer;
  readonly length: number;
  /** The action on each surface, by the control. */
  readonly actions: Readonly<Record<string, Actions>>;
}

type Actions = Readonly<Partial<Record<Surface, Action>>>;

/** A sight in which each control is only named, for functions cannot go from thread to thread. */
interface PlainSight extends Omit<Sight, 'inspection'> {
  readonly findings: readonly (Omit<Finding, 'control'> & { readonly control: string })[];
  readonly problems: Sight['inspection']['problems'];
}

/** What was seen; `reason` is why the body is no review, `unread` why it was not parsed. */
export type AsideResult =
  | { readonly reason: string }
  | { readonly unread: string }
  | { readonly request: RequestName; readonly sight?: PlainSight }
  | { readonly crashed: string };

/** Looks at a review, in the thread. It never throws. */
export function lookAt(job: AsideJob, controls: readonly Control[], allowance: Allowance): AsideResult {
  try {
    const body = Buffer.from(job.body, 0, job.length);
    const unread = body.length > SHORT ? tooMuchIn(body) : undefined;
    if (unread !== undefined) return { unread };
    const decoded = decodeReview(body.toString());
    if ('reason' in decoded) return decoded;
    const { object: _object, oldObject: _oldObject, ...request } = decoded.request;
    const sight = look(
      decoded.request,
      controls.filter(({ slug }) => job.actions[slug] !== undefined),
      ({ slug }, surface) => job.actions[slug]?.[surface] ?? 'off',
      allowance,
    );
    return sight === undefined ? { request } : { request, sight: plain({ ...sight, request }) };
  } catch (cause) {
    return { crashed: cause instanceof Error ? (cause.stack ?? cause.message) : 'no reason given' };
  }
}

function plain({ inspection: { findings, problems }, ...sight }: Sight): PlainSight {
  const named = findings.map(({ control, ...finding }) => ({ ...finding, control: control.slug }));
  return { ...sight, findings: named, problems };
}

/** The sight again, with the controls that were asked for. */
export function sightOf({ findings, problems, ...sight }: PlainSight, controls: readonly Control[]): Sight {
  const bySlug = new Map(controls.map((control) => [control.slug, control]));
  const judged = findings.flatMap((finding) => {
    const control = bySlug.get(finding.control);
    return control === undefined ? [] : [{ ...finding, control }];
  });
  return { ...sight, inspection: { findings: judged, problems } };
}

/** What came of looking at a review in another thread; `unread` is why it was not looked at. */
export type Looked =
  | { readonly reason: string }
  | { readonly uid: string; readonly about: RequestName; readonly judgement: Judgement | undefined }
  | { readonly unread: string };

/** Looks at a review in another thread, and decides; undefined where nobody waits for it any more. */
export type LookAside = (body: Buffer, from: string, gone: AbortSignal) => Promise<Looked | undefined>;

const FAILED = {
  late: 'too many reviews that take long are waiting',
  slow: 'it took too long',
  ended: 'it took too much memory',
} as const;

/**
 * Makes what looks at reviews in another thread.
 *
 * @throws (rejects) where looking crashed: a bug
 */
export function createLookAside(
  run: Aside<AsideJob, AsideResult>['run'],
  rules: () => Rules,
  decideOn: Decider,
): LookAside {
  return async (body, from, signal) => {
    const { controls, policy } = rules();
    const isOwn = body.byteOffset === 0 && body.buffer.byteLength >= body.length && body.length > SHORT;
    const buffer = isOwn ? body.buffer : Uint8Array.prototype.slice.call(body).buffer;
    if (!(buffer instanceof ArrayBuffer)) throw new Error('a body is in shared memory');
    const job = { body: buffer, length: body.length, actions: actionsOf(controls, policy) };
    const done = await run({ job, from, signal, transfer: [buffer] });
    if (done === undefined) return undefined;
    if ('failed' in done) return { unread: FAILED[done.failed] };
    const { result } = done;
    if ('crashed' in result) throw new Error(`the other thread crashed: ${result.crashed}`);
    if ('reason' in result || 'unread' in result) return result;
    const { request, sight } = result;
    return { uid: request.uid, about: request, judgement: sight && decideOn(sightOf(sight, controls)) };
  };
}

/** The policy's actions as data. */
function actionsOf(controls: readonly Control[], { action }: DecisionPolicy): AsideJob['actions'] {
  const actions = (control: Control): Actions =>
    Object.fromEntries(SURFACES.map((surface) => [surface, action(control, surface)]));
  return Object.fromEntries(controls.map((control) => [control.slug, actions(control)]));
}
