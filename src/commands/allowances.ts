// What may be spent on a document, by whose it is and who waits for it.

import { ADMISSION_LIMITS, CHECK_LIMITS, HOST_LIMITS, type Allowance } from '../facts/budget.ts';

const now = (): number => performance.now();

/** For the webhook, what it follows, sweeps and hand-overs. */
export const ADMISSION: Allowance = { limits: ADMISSION_LIMITS, now };

/** For the processes and files of a host. */
export const HOST: Allowance = { limits: HOST_LIMITS, now };

/** For the files that `check` is given. */
export const CHECK: Allowance = { limits: CHECK_LIMITS, now };
