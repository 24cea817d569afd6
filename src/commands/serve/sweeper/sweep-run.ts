// One sweep of the background sweeper, with its log and metrics.

import { randomUUID } from 'node:crypto';

import { controls as all } from '../../../controls/index.ts';
import { dayOf } from '../../../runtime/configuration/configuration.ts';
import type { SourceProblem } from '../../../policy/reading.ts';
import { resolveSweep } from '../../../runtime/configuration/sweep.ts';
import type { SweepHistory } from '../../../sweeper/reports/history.ts';
import { crashOf } from '../../../sweeper/run/crashes.ts';
import type { SweepDeps } from '../../../sweeper/run/deps.ts';
import { sweep, type SweepResult } from '../../../sweeper/run/sweep.ts';
import type { SweepTrigger } from '../../../sweeper/schedule.ts';
import { benchmarkOf } from '../../../runtime/benchmark.ts';
import { runOrigin } from '../../run-origin.ts';
import { clusterEvidence, sweepOptions } from '../../sweep-deps.ts';
import type { SweeperDeps } from './deps.ts';
import { createSweepLogs, type SweepLog } from './sweep-log.ts';

/** What a sweep needs. */
export interface SweepRunDeps extends SweeperDeps {
  readonly history: SweepHistory;
  /** Waits while the webhook has reviews. */
  readonly nextTurn: SweepDeps['nextTurn'];
  readonly watcher: SweepWatcher;
}

/** Receives each sweep. */
export interface SweepWatcher {
  /** @param at RFC 3339 in UTC */
  readonly began: (at: string) => void;
  readonly ended: (result: SweepResult) => void;
  /** A bug or a signal stopped it. */
  readonly broken: (problem: SourceProblem | undefined) => void;
}

/**
 * Makes a function that sweeps once. It never rejects.
 *
 * @returns whether the sweep should be tried again soon, because it could not see everything
 */
export function createSweepRun(deps: SweepRunDeps): (trigger: SweepTrigger, signal: AbortSignal) => Promise<boolean> {
  const { log, metrics, now, clock, watcher } = deps;
  const sweepLogOf = createSweepLogs();
  return async (trigger, signal) => {
    const id = randomUUID();
    const began = clock();
    const seconds = (): number => (clock() - began) / 1000;
    const sweepLog = sweepLogOf(log.child({ run: id }));
    sweepLog.started(trigger);
    watcher.began(now().toISOString());
    try {
      const result = await sweepOnce(deps, id, sweepLog, signal);
      const isComplete = result.problems.length === 0;
      watcher.ended(result);
      metrics.ended(isComplete ? 'complete' : 'partial', seconds(), now());
      sweepLog.ended(result, seconds());
      // missing rights stay missing until somebody grants them
      return result.problems.some(({ problem }) => problem.code !== 'forbidden');
    } catch (cause) {
      metrics.ended('failed', seconds(), now());
      watcher.broken(signal.aborted ? undefined : crashOf('the sweep', cause));
      if (signal.aborted) log.info({ run: id }, 'a sweep was stopped: this replica stops, or no longer leads');
      else log.error({ run: id, err: cause }, 'a sweep failed because of a bug');
      return false;
    }
  };
}

async function sweepOnce(
  deps: SweepRunDeps,
  id: string,
  sweepLog: SweepLog,
  signal: AbortSignal,
): Promise<SweepResult> {
  const { cluster, kubeletCA, metrics, history, nextTurn, now, clock } = deps;
  const configuration = deps.configuration();
  const plan = resolveSweep(configuration.settings.sweep?.value);
  const benchmark = benchmarkOf(deps.benchmark, configuration);
  const controls = benchmark.show(all);
  const evidence = await clusterEvidence(cluster, {
    controls,
    plan,
    namespaces: configuration.namespaces,
    kubeletCA,
    clock,
    now,
    unverified: sweepLog.unverified,
  });
  const callbacks: SweepLog['callbacks'] = {
    ...sweepLog.callbacks,
    onUnanswered: (document) => {
      metrics.evidenceFailed(document.source.via, document.problem.code);
      sweepLog.callbacks.onUnanswered(document);
    },
  };
  const options = sweepOptions(configuration, controls, plan.concurrency, dayOf(now()));
  const run = {
    id,
    entrance: 'serve',
    ...runOrigin(deps.version, configuration),
    ...(benchmark.name !== undefined && { benchmark: benchmark.name }),
  } as const;
  return sweep(run, options, { ...evidence, history, callbacks, nextTurn, now }, signal);
}
