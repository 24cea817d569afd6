import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';

import { controls } from '../../controls/index.ts';
import type { LocalReport, LocalSweep } from './local-port.ts';
import { createArchive, type Archive } from '../../sweeper/reports/history.ts';
import { noticeChanges, type ChangeNotices } from '../../sweeper/changes.ts';
import { giveWay } from '../../sweeper/run/yield.ts';
import { elect, type Leadership } from '../../sweeper/leader-election.ts';
import { scheduleSweeps, type SweepTrigger } from '../../sweeper/schedule.ts';
import { sweep, type SweepResult } from '../../sweeper/run/sweep.ts';
import { inspect } from '../../inspect.ts';
import { findExemption } from '../../policy/decision/exempt.ts';
import type { Link } from '../../policy/link/link.ts';
import type { Finding } from '../../policy/finding.ts';
import { renderJsonParts, reportFinding, reportHead, type ExemptionFor } from '../../outputs/guard-report.ts';
import { dayOf, type GuardConfiguration } from '../../runtime/configuration/configuration.ts';
import { resolveSweep, type SweepPlan } from '../../runtime/configuration/sweep.ts';
import type { Log } from '../../runtime/log.ts';
import type { SweepMetrics } from '../../runtime/metrics/sweep.ts';
import type { Cluster } from '../../kube/cluster.ts';
import { digest } from '../../runtime/digest.ts';
import { eventSink } from '../../kube/objects/events.ts';
import { leaseOf } from '../../kube/objects/lease.ts';
import { reportClient } from '../../kube/objects/reports.ts';
import { ADMISSION } from '../allowances.ts';
import { sweepLog } from './sweep-log.ts';
import { clusterEvidence, OWN_NAMESPACE, sweepRules } from '../sweep-deps.ts';

/** What the background sweeper needs. */
export interface SweeperOptions {
  readonly cluster: Cluster;
  /** The configuration in force. */
  readonly configuration: () => GuardConfiguration;
  /** The CA of the kubelets' serving certificates in PEM, where one is configured. */
  readonly kubeletCA: string | undefined;
  readonly log: Log;
  readonly metrics: SweepMetrics;
  readonly now: () => Date;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** Reviews come to the webhook of this process. */
  readonly isReviewing: () => boolean;
}

/** The background sweeper: of several replicas one sweeps. */
export interface Sweeper {
  /** The last complete report. */
  readonly report: () => LocalReport;
  /** Sweeps at once, where this replica is the one that sweeps; a call, other than a signal, may come too soon. */
  readonly demand: (asked: 'call' | 'signal') => LocalSweep;
  /** What is heard of watched objects. */
  readonly notices: ChangeNotices;
  /** What the stored reports say of an object: the *before* of `ratchet` where nothing newer is known. */
  readonly stored: Archive['stored'];
  /** The configuration may have changed. */
  readonly reload: () => void;
  readonly stop: () => Promise<void>;
}

const LEASE = 'kubelet-guard-sweeper';

/** Starts the background sweeper. It survives whatever the cluster does, and ends when it is stopped. */
export function startSweeper(options: SweeperOptions): Sweeper {
  const { cluster, configuration, log, metrics, now, clock, pause } = options;
  const { request } = cluster;
  const planOf = (): SweepPlan => resolveSweep(configuration().settings.sweep?.value);
  const exemptionFor: ExemptionFor = (finding) =>
    findExemption(configuration().policy.exemptions, finding, dayOf(now()));
  const archive = createArchive({
    reports: reportClient(request),
    announce: eventSink(request),
    digest,
    setting: () => planOf().reports,
    exemptionFor,
    watcher: {
      chosen: (api) => {
        log.info({ api }, api === 'none' ? 'findings are stored in no report' : 'findings are stored in reports');
      },
      wrote: metrics.reportWritten,
      lost: (reason) => {
        if (reason === undefined) log.info('the stored reports are read again, and written');
        else
          log.warn(
            { reason },
            'the stored reports cannot be read: findings are told, and remembered by this process alone',
          );
      },
      unreadable: (report, results) => {
        log.warn(
          { report, results },
          'results of a stored report are not as they were written, and count as not remembered',
        );
      },
    },
  });
  let last: SweepResult | undefined;
  const turn = giveWay(options.isReviewing, pause);

  const run = async (trigger: SweepTrigger, signal: AbortSignal): Promise<boolean> => {
    const id = randomUUID();
    const plan = planOf();
    const began = clock();
    const journal = sweepLog(log.child({ run: id }));
    journal.began(trigger);
    const evidence = await clusterEvidence(cluster, {
      plan,
      namespaces: configuration().namespaces,
      kubeletCA: options.kubeletCA,
      clock,
      now,
      unverified: journal.unverified,
    });
    const rules = sweepRules(configuration(), controls, plan.concurrency, dayOf(now()));
    const watcher = {
      ...journal.watcher,
      unanswered: (document: Parameters<typeof journal.watcher.unanswered>[0]) => {
        metrics.evidenceFailed(document.source.via, document.problem.code);
        journal.watcher.unanswered(document);
      },
    };
    try {
      const result = await sweep(
        { id, entrance: 'serve' },
        rules,
        { ...evidence, archive, watcher, turn, now },
        signal,
      );
      const isComplete = result.problems.length === 0;
      if (isComplete) {
        last = result;
        metrics.counts({ findings: countsOf(result.ledger.findings()), nodes: result.nodes });
      }
      const seconds = (clock() - began) / 1000;
      metrics.ended(isComplete ? 'complete' : 'partial', seconds, now());
      journal.ended(result, seconds);
      // missing rights do not pass by themselves
      return result.problems.some(({ problem }) => problem.code !== 'forbidden');
    } catch (cause) {
      metrics.ended('failed', (clock() - began) / 1000, now());
      if (signal.aborted) log.info({ run: id }, 'a sweep was cut off: this replica stops, or no longer leads');
      else log.error({ run: id, err: cause }, 'a sweep failed because of a bug');
      return false;
    }
  };

  const random = Math.random;
  const schedule = scheduleSweeps({ sweep: run, settings: planOf, clock, pause, random });
  const following = new AbortController();
  const changed = (leadership: Leadership): void => {
    const leads = leadership.state === 'leading';
    metrics.leads(leads);
    if (leadership.state === 'leading') {
      log.info('this replica sweeps');
      schedule.lead(leadership.signal);
      return;
    }
    if (leadership.state === 'following') {
      // what another one counts is not counted twice
      metrics.counts(undefined);
      last = undefined;
      log.info({ leader: leadership.holder }, 'another replica sweeps');
    } else if (leadership.code !== 'stopped') {
      // nobody else is known to have newer findings: an outage loses none
      log.warn({ reason: leadership.reason }, 'it is not known which replica sweeps');
    }
  };
  const election = elect({
    lease: leaseOf(request, { namespace: cluster.namespace ?? OWN_NAMESPACE, name: LEASE }),
    identity: `${hostname()}_${randomUUID()}`,
    clock,
    now,
    pause,
    random,
    changed,
  });
  const refreshed = refresh(() => election.leadership().state !== 'leading');

  /** Who does not sweep knows what was stored all the same: it may have to judge a change. */
  async function refresh(isNeeded: () => boolean): Promise<void> {
    const { signal } = following;
    while (!signal.aborted) {
      if (isNeeded()) {
        await archive.load(signal).catch(() => undefined);
      }
      await pause(planOf().interval, signal).catch(() => undefined);
    }
  }

  return {
    report: () => {
      if (last === undefined) return { reason: reasonOf(election.leadership()) };
      const { run: about, problems, summary, link, ledger } = last;
      const head = reportHead(about, problems, summary, last);
      return { chunks: renderJsonParts(head, reported(ledger.findings(), exemptionFor, link)) };
    },
    demand: (asked) => {
      const rest = schedule.rest();
      if (asked === 'call' && rest > 0 && election.leadership().state === 'leading') {
        return { refused: 'too-soon', reason: 'a sweep has just ended', retryAfter: Math.ceil(rest / 1000) };
      }
      const state = schedule.demand();
      if (state !== 'not-leading') return { state };
      return { refused: 'not-leading', reason: reasonOf(election.leadership()) };
    },
    notices: noticeChanges(
      (pod) =>
        inspect(controls, [{ form: 'object', source: { object: 'Pod' }, vantage: 'running', value: pod }], ADMISSION)
          .findings,
      schedule.change,
    ),
    stored: archive.stored,
    reload: schedule.reload,
    stop: async () => {
      following.abort();
      await schedule.stop();
      await election.stop();
      await refreshed;
    },
  };
}

function reasonOf(leadership: Leadership): string {
  if (leadership.state === 'leading') return 'no sweep has completed';
  if (leadership.state === 'following') return `this replica does not sweep: ${leadership.holder} does; ask it`;
  return `it is not known which replica sweeps: ${leadership.reason}`;
}

function* reported(findings: Iterable<Finding>, exemptionFor: ExemptionFor, link: Link) {
  for (const finding of findings) yield reportFinding(finding, exemptionFor, link);
}

function countsOf(findings: Iterable<Finding>): Map<string, Record<Finding['outcome']['result'], number>> {
  const counts = new Map(controls.map(({ slug }) => [slug, { pass: 0, fail: 0, unknown: 0 }]));
  for (const { control, outcome } of findings) {
    const results = counts.get(control.slug);
    if (results !== undefined) results[outcome.result] += 1;
  }
  return counts;
}
