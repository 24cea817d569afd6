// The reviewer of the webhook, with its worker thread.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { WorkerThread } from '../../runtime/worker.ts';
import { createReviewer, type Reviewer } from '../../webhook/reviewer.ts';
import { createDecide, createDecideUnchecked, createValidator, type ValidatorDeps } from '../../webhook/validator.ts';
import { createReviewInWorker, type FindingsJob, type FindingsResult } from '../../webhook/worker.ts';
import { ADMISSION_AT_ONCE } from '../allowances.ts';

/** A reviewer whose worker thread has to be stopped. */
export interface ReviewerWithWorker extends Reviewer {
  readonly stop: () => Promise<void>;
}

/** An API server waits 2 s for an answer: the `timeoutSeconds` of the ValidatingWebhookConfiguration as shipped. */
const WORKER_OPTIONS = { waitLimit: 1000, timeLimit: 1500, heap: 192 };

/** Starts the worker thread and makes the reviewer. */
export async function startReviewer(deps: ValidatorDeps): Promise<ReviewerWithWorker> {
  const { configuration, now } = deps;
  const thread = new WorkerThread<FindingsJob, FindingsResult>(workerFile(), WORKER_OPTIONS);
  await thread.ready;
  const reviewer = createReviewer({
    validate: createValidator({ ...deps, allowance: ADMISSION_AT_ONCE }),
    decideUnchecked: createDecideUnchecked(configuration, now),
    reviewInWorker: createReviewInWorker(thread.run, configuration, createDecide(deps)),
  });
  return { ...reviewer, stop: thread.stop };
}

/** The script of the thread: built beside the program, or the source beside this file. */
function workerFile(): string {
  const built = join(import.meta.dirname, 'worker.js');
  return existsSync(built) ? built : join(import.meta.dirname, 'worker.ts');
}
