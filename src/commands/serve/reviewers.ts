import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { createLookAside, type AsideJob, type AsideResult } from '../../webhook/worker.ts';
import {
  createDecider,
  createJudge,
  createJudgeUnread,
  type JudgeSurroundings,
  type JudgeUnread,
} from '../../webhook/validator.ts';
import { createReviewer, type Reviewer } from '../../webhook/reviewer.ts';
import { runAside } from '../../runtime/worker.ts';
import { ADMISSION_AT_ONCE } from '../allowances.ts';

/** What the webhook decides by. */
export interface Reviewers {
  readonly reviewer: Reviewer;
  readonly judgeUnread: JudgeUnread;
  readonly stop: () => Promise<void>;
}

/** An API server waits two seconds, as it is registered. */
const LIMITS = { wait: 1000, within: 1500, heap: 192 };

/** Makes what decides about reviews, with a thread for those that may take long. */
export async function createReviewers(surroundings: JudgeSurroundings): Promise<Reviewers> {
  const { rules, now } = surroundings;
  const thread = runAside<AsideJob, AsideResult>(threadFile(), LIMITS);
  const judgeUnread = createJudgeUnread(rules, now);
  await thread.ready;
  return {
    reviewer: createReviewer({
      judge: createJudge({ ...surroundings, allowance: ADMISSION_AT_ONCE }),
      judgeUnread,
      aside: createLookAside(thread.run, rules, createDecider(surroundings)),
    }),
    judgeUnread,
    stop: thread.stop,
  };
}

/** The script of the thread: built beside the program, or the source beside this file. */
function threadFile(): string {
  const built = join(import.meta.dirname, 'worker.js');
  return existsSync(built) ? built : join(import.meta.dirname, 'worker.ts');
}
