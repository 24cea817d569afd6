// How fast this machine is. CPU time is compared with bounds that were measured on another one.

import { run } from '../../e2e/support/programs.ts';

/** Milliseconds of CPU for a start of Node, where the bounds come from. */
const REFERENCE = 25;
const STARTS = 11;

/** How many times as much CPU time Node needs here; at least 1. */
export async function slowness(): Promise<number> {
  const script = '{ const { user, system } = process.cpuUsage(); (user + system) / 1000 }';
  const times: number[] = [];
  for (let count = 0; count < STARTS; count += 1) {
    times.push(Number((await run([process.execPath, '--print', script])).stdout));
  }
  const median = times.sort((a, b) => a - b)[Math.floor(STARTS / 2)] ?? NaN;
  return Math.max(1, median / REFERENCE);
}
