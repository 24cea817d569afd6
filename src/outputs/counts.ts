// The counts of a run, and its exit code.

import type { Summary } from './guard-report.ts';

/** Which results make the exit code other than 0. */
export type FailOn = 'fail' | 'unknown' | 'never';

/** 0 all passed, 1 a violation, 3 something is unknown, or nothing was checked. */
export type ExitCode = 0 | 1 | 3;

type Result = 'pass' | 'fail' | 'unknown';

/** How a finding counts. */
interface CountOptions {
  /** An exemption covers the finding. If it does not pass, it counts as exempt and as nothing else. */
  readonly isExempted?: boolean;
  /** What it counts as for the exit code, if that is not its result. */
  readonly countsAs?: Result;
}

/** Counts the findings of a run one by one, so that no finding has to be kept. */
export class RunCounts {
  readonly #all = { pass: 0, fail: 0, unknown: 0 };
  readonly #counting = { pass: 0, fail: 0, unknown: 0 };
  #exempted = 0;

  /** Counts a finding. */
  add(result: Result, { isExempted = false, countsAs = result }: CountOptions = {}): void {
    if (isExempted && result !== 'pass') {
      this.#exempted += 1;
      return;
    }
    this.#all[result] += 1;
    if (!isExempted) this.#counting[countsAs] += 1;
  }

  /** How many findings were counted, exempted or not. */
  get checked(): number {
    const { pass, fail, unknown } = this.#all;
    return pass + fail + unknown + this.#exempted;
  }

  get summary(): Summary {
    return { ...this.#all, ...(this.#exempted > 0 && { exempted: this.#exempted }) };
  }

  /**
   * The exit code of the run. It does not depend on the output format. A violation is certain, whatever else is unknown.
   *
   * @param isComplete whether the run has no problem
   * @param isEnough whether the run has findings, or may have none
   */
  exitCode(failOn: FailOn, isComplete: boolean, isEnough = this.checked > 0): ExitCode {
    if (failOn === 'never') return 0;
    if (this.#counting.fail > 0) return 1;
    if (!isComplete || !isEnough) return 3;
    return failOn === 'unknown' && this.#counting.unknown > 0 ? 3 : 0;
  }
}
