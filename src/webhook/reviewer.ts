import type { Judgement } from '../outputs/admission/answer.ts';
import type { LookAside } from './worker.ts';
import { SHORT } from './http/body.ts';
import type { Judge, JudgeUnread } from './validator.ts';
import type { RequestName } from './request-findings.ts';
import { decodeReview, type AdmissionRequest } from './review.ts';
import { tooMuchIn, uidIn } from './http/scan.ts';

/** What became of a body: why it is no review, or what was decided. */
export type Reviewed =
  | { readonly reason: string }
  | { readonly uid: string; readonly judgement: Judgement | undefined; readonly about: RequestName }
  /** A review of which nothing but the uid was read, and why. */
  | { readonly uid: string; readonly judgement: Judgement; readonly unread: string }
  /** A bug of ours. */
  | { readonly uid: string | undefined; readonly crash: unknown };

/** What a reviewer works with. */
export interface ReviewerDeps {
  readonly judge: Judge;
  /** Judges a review that was not read. */
  readonly judgeUnread: JudgeUnread;
  /** Looks at what may take long, in another thread; without it all is looked at here. */
  readonly aside?: LookAside | undefined;
}

/** Who sent a body. */
export interface Caller {
  readonly from: string;
  /** Aborts when nobody waits for the answer any more. */
  readonly gone: () => AbortSignal;
}

/** Decides about a body; at once where that takes little, and undefined where the caller went away meanwhile. */
export type Reviewer = (body: Buffer, caller: Caller) => Reviewed | Promise<Reviewed | undefined>;

/** What is looked at without the other thread: the pod of a kube-apiserver is 8 KiB. */
const LITTLE = 16 * 1024;

/**
 * Makes what decides about bodies. The event loop only ever waits for what is known to take little: a short review of
 * something without YAML in it, judged by a small allowance. All else goes aside.
 */
export function createReviewer({ judge, judgeUnread, aside }: ReviewerDeps): Reviewer {
  const notRead = (uid: string | undefined, unread: string): Reviewed => {
    if (uid === undefined) return { reason: `the body was not read: ${unread}` };
    return { uid, unread, judgement: judgeUnread(uid, `too large to judge: ${unread}`) };
  };

  const reviewAside = async (look: LookAside, body: Buffer, { from, gone }: Caller): Promise<Reviewed | undefined> => {
    // the body goes over to the thread
    const uid = uidIn(body);
    const looked = await look(body, from, gone()).catch((crash: unknown) => ({ uid, crash }));
    return looked !== undefined && 'unread' in looked ? notRead(uid, looked.unread) : looked;
  };

  return (body, caller) => {
    if (aside && body.length > LITTLE) return reviewAside(aside, body, caller);
    const excess = body.length > SHORT ? tooMuchIn(body) : undefined;
    if (excess !== undefined) return notRead(uidIn(body), excess);
    const decoded = decodeReview(body.toString());
    if ('reason' in decoded) return decoded;
    const { request } = decoded;
    if (aside && isText(request)) return reviewAside(aside, body, caller);
    let judgement;
    try {
      judgement = judge(request);
    } catch (crash) {
      return { uid: request.uid, crash };
    }
    if (aside && judgement && isTooLarge(judgement)) return reviewAside(aside, body, caller);
    return { uid: request.uid, judgement, about: request };
  };
}

/** A ConfigMap's settings are a text in it, and to read YAML takes long for its length. */
function isText({ resource, operation }: AdmissionRequest): boolean {
  return resource === 'configmaps' && operation !== 'DELETE';
}

function isTooLarge({ decision, problems }: Judgement): boolean {
  const findings = [...decision.denied, ...decision.warned];
  const all = findings.flatMap(({ outcome }) => (outcome.result === 'pass' ? [] : outcome.problems));
  return [...problems, ...all].some(({ code }) => code === 'too-large');
}
