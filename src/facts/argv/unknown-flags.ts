// Problems and refusals about a flag that a component's version does not have, or may not have.

import type { Origin, Problem } from '../../policy/reading.ts';
import { NEWEST, OLDEST, type FlagElsewhere, type FlagTable } from './flags.ts';

const REMEDY = 'remove the flag, or check the running process';

/** Why a component of a known version refuses a flag. */
export function refusalOfFlag(name: string, found: FlagElsewhere | undefined, { version }: FlagTable): string {
  const reason = `unknown flag: --${name}`;
  if (found === undefined || typeof version !== 'number') return reason;
  return found.until < version
    ? `${reason} (Kubernetes 1.${String(found.until)} is the last version that has it)`
    : `${reason} (Kubernetes 1.${String(found.since)} is the first version that has it)`;
}

/** Why it is not known whether a component has a flag. */
export function doubtOfFlag(name: string, found: FlagElsewhere | undefined, table: FlagTable, origin: Origin): Problem {
  return { code: 'unknown-flag', message: `${whyUnknown(name, found, table)}; ${REMEDY}`, origin };
}

function whyUnknown(name: string, found: FlagElsewhere | undefined, { version }: FlagTable): string {
  const [oldest, newest] = [`1.${String(OLDEST)}`, `1.${String(NEWEST)}`];
  if (version === 'older')
    return `the version that runs is older than ${oldest}, and no version from then on has the flag --${name}: a component without it would not start`;
  if (version === 'newer')
    return `the version that runs is newer than ${newest}, which does not have the flag --${name}: a component without it would not start`;
  return found === undefined
    ? `no known version of the component (${oldest} to ${newest}) has the flag --${name}, and the document does not show which version runs; if it has none, the component would not start`
    : `the flag --${name} exists until Kubernetes 1.${String(found.until)}, and the document does not show which version runs: a newer component would not start`;
}
