// The webhook of `serve`: its HTTPS server, and the reviewer with its worker thread.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { limitConnections } from '../../runtime/connections.ts';
import { embeddedFile } from '../../runtime/executable.ts';
import { listen, type Address, type Listener } from '../../runtime/listener.ts';
import type { Log } from '../../runtime/log.ts';
import type { AdmissionMetrics } from '../../runtime/metrics/metrics.ts';
import { WorkerThread, type WorkerScript } from '../../runtime/worker.ts';
import { createApp } from '../../webhook/http/app.ts';
import { BODY_MEMORY_BYTES } from '../../webhook/http/body.ts';
import { BodyMemory } from '../../webhook/http/body-memory.ts';
import type { Decisions } from '../../webhook/http/decisions.ts';
import { changeIdentity, createWebhookServer } from '../../webhook/http/server.ts';
import { createReviewer, type Reviewer } from '../../webhook/reviewer.ts';
import { createDecide, createDecideUnchecked, createValidator, type ValidatorDeps } from '../../webhook/validator.ts';
import { createReviewInWorker, type FindingsJob, type FindingsResult } from '../../webhook/worker.ts';
import { ADMISSION_AT_ONCE } from '../allowances.ts';
import type { Identity } from './certificates.ts';

/** What the webhook needs. */
export interface WebhookDeps extends ValidatorDeps {
  readonly identity: Identity;
  readonly metrics: AdmissionMetrics;
  readonly log: Log;
  readonly decisions: Decisions;
  /** Called at the start of each review. */
  readonly onReview: () => void;
  /** Called when what the page shows has changed. */
  readonly changed: () => void;
}

/** The webhook while it listens. */
export interface Webhook extends Listener {
  /** Ends the worker thread. */
  readonly stop: () => Promise<void>;
}

const MINUTE = 60_000;

/** An API server waits 2 s for an answer: the `timeoutSeconds` of the ValidatingWebhookConfiguration as shipped. */
const WORKER_OPTIONS = { waitLimit: 1000, timeLimit: 1500, heap: 192 };

/**
 * Starts the webhook.
 *
 * @throws StartError (rejects) if it cannot listen on the address
 */
export async function startWebhook(deps: WebhookDeps, address: Address): Promise<Webhook> {
  const { identity, metrics, log, decisions, onReview, changed } = deps;
  const { reviewer, stop: stopReviewer } = await startReviewer(deps);
  const minutes = setInterval(decisions.eachMinute, MINUTE).unref();
  const stop = (): Promise<void> => {
    clearInterval(minutes);
    decisions.eachMinute();
    return stopReviewer();
  };
  const app = createApp({
    reviewer: {
      ...reviewer,
      review: (...call) => {
        onReview();
        return reviewer.review(...call);
      },
    },
    bodyMemory: new BodyMemory(BODY_MEMORY_BYTES),
    metrics,
    log,
    decisions,
    clock: () => performance.now(),
  });
  const server = createWebhookServer(app, identity.current());
  limitConnections(server);
  try {
    const listener = await listen(server, address, '--listen');
    identity.start(() => {
      changeIdentity(server, identity.current());
      changed();
    });
    return { ...listener, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

async function startReviewer(
  deps: ValidatorDeps,
): Promise<{ readonly reviewer: Reviewer; readonly stop: () => Promise<void> }> {
  const { configuration, now } = deps;
  const thread = new WorkerThread<FindingsJob, FindingsResult>(workerScript(), WORKER_OPTIONS);
  await thread.ready;
  const reviewer = createReviewer({
    validate: createValidator({ ...deps, allowance: ADMISSION_AT_ONCE }),
    decideUnchecked: createDecideUnchecked(configuration, now),
    reviewInWorker: createReviewInWorker(thread.run, configuration, createDecide(deps)),
  });
  return { reviewer, stop: thread.stop };
}

/** The script of the thread: inside a single executable, built beside the program, or the source beside this file. */
function workerScript(): WorkerScript {
  const text = embeddedFile('dist/worker.js');
  if (text !== undefined) return { text };
  const built = join(import.meta.dirname, 'worker.js');
  return { file: existsSync(built) ? built : join(import.meta.dirname, 'worker.ts') };
}
