// What may be spent on a document, by whose it is and who waits for it.

import { ADMISSION_LIMITS, CHECK_LIMITS, HOST_LIMITS, type Allowance } from '../facts/budget.ts';

const now = (): number => performance.now();

/** For the webhook, what it watches, sweeps and stored audits. */
export const ADMISSION: Allowance = { limits: ADMISSION_LIMITS, now };

/** For what the webhook's event loop itself checks: a kube-apiserver pod takes about 300 steps. */
export const ADMISSION_AT_ONCE: Allowance = {
  limits: { ...ADMISSION_LIMITS, characters: 512 * 1024, steps: 10_000, nodes: 5000, words: 2000, milliseconds: 20 },
  now,
};

/** For the processes and files of a host. */
export const HOST: Allowance = { limits: HOST_LIMITS, now };

/** For the files that `check` is given. */
export const CHECK: Allowance = { limits: CHECK_LIMITS, now };
