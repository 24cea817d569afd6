// The log lines of one sweep.

import type { Finding } from '../../../policy/finding.ts';
import type { Log } from '../../../runtime/log.ts';
import type { SweepCallbacks } from '../../../sweeper/run/deps.ts';
import type { SweepResult } from '../../../sweeper/run/sweep.ts';

/** Logs one sweep. */
export interface SweepLog {
  readonly started: (trigger: string) => void;
  readonly callbacks: SweepCallbacks;
  /** A token was sent to a kubelet whose certificate could not be verified. */
  readonly unverified: (node: string) => void;
  readonly ended: (result: SweepResult, seconds: number) => void;
}

/**
 * Makes the log of a sweep.
 *
 * @param log adds the id of the run to each line
 */
export function createSweepLog(log: Log): SweepLog {
  let unverified = 0;
  return {
    started: (trigger) => {
      log.debug({ trigger }, 'a sweep starts');
    },
    callbacks: {
      onProgress: () => undefined,
      onUnanswered: ({ component, source, problem }) => {
        log.debug(
          { component, ...source, code: problem.code, problem: problem.message },
          'no answer from a kubelet or kube-apiserver',
        );
      },
      onFinding: (finding, exemption) => {
        const level = levelOf(finding, exemption !== undefined);
        log[level](fieldsOf(finding), finding.drift === undefined ? 'finding' : `${finding.drift.state} finding`);
      },
      onStoreError: ({ problem }) => {
        log.warn({ code: problem.code }, problem.message);
      },
    },
    unverified: (node) => {
      unverified += 1;
      log.debug(
        { node },
        'a token that can only read configz was sent to a kubelet whose certificate could not be verified',
      );
    },
    ended: ({ problems, counts, link, nodes }, seconds) => {
      for (const { problem } of problems) log.warn({ code: problem.code }, problem.message);
      const { skipped, skippedNames } = nodes;
      if (skipped > 0) log.warn({ skipped, nodes: skippedNames }, 'virtual nodes did not answer');
      const { summary } = counts;
      const facts = { seconds, summary, link: link.result, nodes, ...(unverified > 0 && { unverified }) };
      log.info(facts, problems.length === 0 ? 'a sweep is complete' : 'a sweep is incomplete and resolves no findings');
    },
  };
}

function levelOf({ outcome, drift }: Finding, isExempt: boolean): 'debug' | 'info' | 'warn' {
  if (drift?.state === 'resolved') return 'info';
  return outcome.result === 'pass' || isExempt ? 'debug' : 'warn';
}

function fieldsOf({ control, subject, source, vantage, outcome, drift, others = [] }: Finding): object {
  return {
    control: control.slug,
    result: outcome.result,
    subject,
    source,
    vantage,
    ...(outcome.result === 'fail' && { violations: outcome.violations.map(({ message }) => message) }),
    ...(outcome.result === 'unknown' && { problems: outcome.problems.map(({ message }) => message) }),
    ...(drift && { since: drift.since }),
    ...(others.some(({ agrees }) => !agrees) && { disagrees: true }),
  };
}
