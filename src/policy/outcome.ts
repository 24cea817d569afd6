// What a control says of a subject. Data only.

import type { Origin, Problem } from './reading.ts';

/** A proven fault: which setting, what is wrong with it, where. */
export interface Violation {
  /** The fault's name, one of the control's message ids. */
  readonly code: string;
  readonly setting: string;
  readonly message: string;
  readonly origin?: Origin;
}

/** Something worth a reader's attention that does not change the outcome. */
export type Warning = Violation;

/** What a control says of a subject. A fail has a violation, an unknown has a problem, by construction. */
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

/** A value that a control looked at. */
export interface Evidence {
  readonly setting: string;
  readonly value: string;
  readonly origin: Origin;
}
