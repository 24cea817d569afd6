import { Budget, CHECK_LIMITS, type Allowance } from '../../src/facts/budget.ts';

/** Enough for every document of a test that is not about budgets; its clock stands still. */
export const AMPLE: Allowance = { limits: CHECK_LIMITS, now: () => 0 };

/** A budget that no such document exhausts. */
export function ample(): Budget {
  return new Budget(AMPLE);
}
