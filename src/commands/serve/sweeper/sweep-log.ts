// The log lines of sweeps. A finding is logged when it changes; those that persist are counted.

import { findingKey } from '../../../policy/finding-key.ts';
import { summaryOf } from '../../../policy/decision/drift.ts';
import type { Finding } from '../../../policy/finding.ts';
import { digest } from '../../../runtime/digest.ts';
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
 * Makes a function that makes the log of a sweep.
 *
 * A sweep that is not complete is not compared with later ones, so that its findings would be new in each sweep. The function
 * remembers which findings the last sweep had.
 *
 * @returns the function, whose parameter is a log that adds the id of the run to each line
 */
export function createSweepLogs(): (log: Log) => SweepLog {
  let before: ReadonlySet<string> = new Set();
  return (log) => {
    const logged = new Set<string>();
    const persisting = new PersistingFindings();
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
          const isResolved = finding.drift?.state === 'resolved';
          if (isResolved) log.info(fieldsOf(finding), messageOf(finding));
          else if (finding.outcome.result === 'pass' || exemption !== undefined) {
            log.debug(fieldsOf(finding), messageOf(finding));
          } else {
            const key = digest(findingKey(finding) + JSON.stringify(summaryOf(finding)));
            const isKnown = finding.drift?.state === 'persisting' || before.has(key);
            logged.add(key);
            if (isKnown) persisting.add(finding);
            log[isKnown ? 'debug' : 'warn'](fieldsOf(finding), messageOf(finding));
          }
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
      ended: (result, seconds) => {
        before = logged;
        persisting.log(log);
        logEnd(log, result, { seconds: Math.round(seconds * 1000) / 1000, ...(unverified > 0 && { unverified }) });
      },
    };
  };
}

/** Counts the findings that are as they were in the sweep before. */
class PersistingFindings {
  readonly #counts = { fail: 0, unknown: 0 };
  readonly #controls = new Map<string, number>();
  #oldest: string | undefined;

  add({ control, outcome, drift }: Finding): void {
    if (outcome.result !== 'pass') this.#counts[outcome.result] += 1;
    this.#controls.set(control.slug, (this.#controls.get(control.slug) ?? 0) + 1);
    const since = drift?.since;
    if (since !== undefined && (this.#oldest === undefined || since < this.#oldest)) this.#oldest = since;
  }

  log(log: Log): void {
    if (this.#controls.size === 0) return;
    const controls = Object.fromEntries([...this.#controls].sort(([one], [other]) => (one < other ? -1 : 1)));
    log.info({ ...this.#counts, controls, oldest: this.#oldest }, 'findings persist');
  }
}

function logEnd(log: Log, { problems, counts, link, nodes }: SweepResult, facts: object): void {
  for (const { problem } of problems) log.warn({ code: problem.code }, problem.message);
  const { skipped, skippedNames } = nodes;
  if (skipped > 0) log.warn({ skipped, nodes: skippedNames }, 'virtual nodes did not answer');
  log.info(
    { ...facts, summary: counts.summary, link: link.result, nodes },
    problems.length === 0 ? 'a sweep is complete' : 'a sweep is incomplete and resolves no findings',
  );
}

function messageOf({ drift }: Finding): string {
  return drift === undefined ? 'finding' : `${drift.state} finding`;
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
