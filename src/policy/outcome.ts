// The outcome of a control for one subject. Data only.

import type { Origin, Problem } from './reading.ts';

/** A proven fault: the setting, what is wrong with it, and where. */
export interface Violation {
  /** The name of the fault, one of the control's codes. */
  readonly code: string;
  readonly setting: string;
  readonly message: string;
  readonly origin?: Origin;
}

/** Something to look at that does not change the result. */
export type Warning = Violation;

/** The outcome of a control. By its type, a fail has a violation and an unknown has a problem. */
export type Outcome =
  | { readonly result: 'pass'; readonly warnings: readonly Warning[] }
  | {
      readonly result: 'fail';
      readonly violations: readonly [Violation, ...Violation[]];
      readonly problems: readonly Problem[];
      readonly warnings: readonly Warning[];
    }
  | {
      readonly result: 'unknown';
      readonly problems: readonly [Problem, ...Problem[]];
      readonly warnings: readonly Warning[];
    };

/** A value that a control has checked. */
export interface Evidence {
  readonly setting: string;
  readonly value: string;
  readonly origin: Origin;
}
