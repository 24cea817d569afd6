// The background sweeper of `serve`: leader election, schedule, stored reports and the last report.

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

import { controls } from '../../../controls/index.ts';
import { inspect } from '../../../inspect.ts';
import { eventSink } from '../../../kube/objects/events.ts';
import { leaseOf } from '../../../kube/objects/lease.ts';
import { reportClient } from '../../../kube/objects/reports.ts';
import type { SweeperState } from '../../../outputs/html/live.ts';
import { MANAGED_BY, REPORT_RESOURCES } from '../../../outputs/cluster/objects.ts';
import { reportStream } from '../../../outputs/report.ts';
import { resolveSweep } from '../../../runtime/configuration/sweep.ts';
import { digest } from '../../../runtime/digest.ts';
import { detectChanges, type ChangeHandlers } from '../../../sweeper/changes.ts';
import { startLeaderElection, type LeaderElection, type Leadership } from '../../../sweeper/leader-election.ts';
import { createHistory, type SweepHistory } from '../../../sweeper/reports/history.ts';
import { yieldToReviews } from '../../../sweeper/yield-to-reviews.ts';
import { scheduleSweeps, type SweepSchedule } from '../../../sweeper/schedule.ts';
import { ADMISSION } from '../../allowances.ts';
import { OWN_NAMESPACE } from '../../sweep-deps.ts';
import type { LastReport } from '../local/page.ts';
import type { SweepAnswer } from '../local/port.ts';
import { countsOf } from './counts.ts';
import type { SweeperDeps } from './deps.ts';
import { watchSweeps } from './state.ts';
import { createSweepRun } from './sweep-run.ts';

/** The background sweeper. If there are several replicas, one of them sweeps: the leader. */
export interface Sweeper {
  /** The report of the last complete sweep. */
  readonly report: () => LastReport;
  /** What it does now, for the page. */
  readonly state: () => SweeperState;
  /** Starts a sweep now, if this replica is the leader. A call is rejected shortly after a sweep, a signal is not. */
  readonly sweepNow: (trigger: 'call' | 'signal') => SweepAnswer;
  /** Receives the events of watched objects. */
  readonly notices: ChangeHandlers;
  /** The findings of an object in the stored reports: `ratchet` compares with them where nothing newer is known. */
  readonly stored: SweepHistory['previousOutcomes'];
  /** Reads the configuration again. */
  readonly reload: () => void;
  readonly stop: () => Promise<void>;
}

const LEASE = 'kubelet-guard-sweeper';

/** Starts the background sweeper. Faults of the cluster do not end it. */
export function startSweeper(deps: SweeperDeps): Sweeper {
  const { configuration, metrics, clock, pause, changed } = deps;
  const interval = () => resolveSweep(configuration().settings.sweep?.value);
  const history = historyOf(deps);
  const sweeps = watchSweeps(deps);
  const sweep = createSweepRun({
    ...deps,
    history,
    nextTurn: yieldToReviews(deps.isReviewing, pause),
    watcher: {
      ...sweeps.watcher,
      ended: (result) => {
        sweeps.watcher.ended(result);
        if (result.problems.length === 0) metrics.counts(countsOf(result));
      },
    },
  });
  const schedule = scheduleSweeps({ sweep, interval, clock, pause, random: Math.random });
  const onFollowing = (): void => {
    // the leader has the counts and the report
    metrics.counts(undefined);
    sweeps.forget();
  };
  const election = electLeader(deps, schedule, { onFollowing, changed });
  const stopped = new AbortController();
  const loading = loadReports(stopped.signal);

  /** Replicas that do not sweep load the stored reports too, because their webhook compares with them. */
  async function loadReports(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (election.leadership().state !== 'leading') await history.load(signal).catch(() => undefined);
      await pause(interval().interval, signal).catch(() => undefined);
    }
  }

  return {
    report: () => {
      const last = sweeps.last();
      if (last === undefined) return { reason: noReportReason(election.leadership()) };
      const { findings, exemptionFor } = last;
      return { report: reportStream(last, () => findings.all(), exemptionFor) };
    },
    state: () => sweeps.state(election.leadership()),
    sweepNow: (trigger) => sweepNow(schedule, election.leadership(), trigger),
    notices: detectChanges(
      (pod) =>
        inspect(controls, [{ form: 'object', source: { object: 'Pod' }, vantage: 'running', value: pod }], ADMISSION)
          .findings,
      schedule.objectChanged,
    ),
    stored: history.previousOutcomes,
    reload: schedule.reload,
    stop: async () => {
      stopped.abort();
      await schedule.stop();
      await election.stop();
      await loading;
    },
  };
}

function historyOf({ cluster, configuration, log, metrics }: SweeperDeps): SweepHistory {
  return createHistory({
    reports: reportClient(cluster.request),
    announce: eventSink(cluster.request),
    digest,
    setting: () => resolveSweep(configuration().settings.sweep?.value).reports,
    callbacks: {
      onApiChosen: (api) => {
        log.info({ api }, api === 'none' ? 'findings are not stored in reports' : 'findings are stored in reports');
      },
      onWrite: metrics.reportWritten,
      onReadError: (reason) => {
        if (reason === undefined) log.info('the stored reports can be read again');
        else
          log.warn(
            { reason },
            'the stored reports cannot be read; findings are logged, and only this process remembers them',
          );
      },
      onLeftBehind: (api) => {
        const { plural } = REPORT_RESOURCES[api];
        const command = `kubectl delete ${plural} -l ${MANAGED_BY.label}=${MANAGED_BY.value}`;
        log.warn(
          { api, command },
          `reports of ${plural} are no longer written, and this account may not delete them; if there are any, delete them: ${command}`,
        );
      },
      onUnreadable: (report, results) => {
        log.warn({ report, results }, 'results in a stored report were changed by somebody else; they are ignored');
      },
    },
  });
}

function electLeader(
  { cluster, log, metrics, clock, now, pause }: SweeperDeps,
  schedule: SweepSchedule,
  { onFollowing, changed }: { readonly onFollowing: () => void; readonly changed: () => void },
): LeaderElection {
  const onChange = (leadership: Leadership): void => {
    changed();
    metrics.leads(leadership.state === 'leading');
    if (leadership.state === 'leading') {
      log.info('this replica sweeps');
      schedule.startLeading(leadership.signal);
    } else if (leadership.state === 'following') {
      onFollowing();
      log.info({ leader: leadership.holder }, 'another replica sweeps');
    } else if (leadership.code !== 'stopped') {
      // no other replica is known to have newer findings, so that the report stays
      log.warn({ reason: leadership.reason }, 'the sweeping replica is not known');
    }
  };
  return startLeaderElection({
    lease: leaseOf(cluster.request, { namespace: cluster.namespace ?? OWN_NAMESPACE, name: LEASE }),
    identity: `${hostname()}_${randomUUID()}`,
    clock,
    now,
    pause,
    random: Math.random,
    onChange,
  });
}

function sweepNow(schedule: SweepSchedule, leadership: Leadership, trigger: 'call' | 'signal'): SweepAnswer {
  const rest = schedule.untilRequest();
  if (trigger === 'call' && rest > 0 && leadership.state === 'leading') {
    const reason = 'a sweep has just ended; try again later';
    return { refused: 'too-soon', reason, retryAfter: Math.ceil(rest / 1000) };
  }
  const state = schedule.request();
  return state === 'not-leading' ? { refused: 'not-leading', reason: noReportReason(leadership) } : { state };
}

function noReportReason(leadership: Leadership): string {
  if (leadership.state === 'leading') return 'no sweep is complete yet';
  if (leadership.state === 'following') return `this replica does not sweep; ask the replica ${leadership.holder}`;
  return `the sweeping replica is not known: ${leadership.reason}`;
}
