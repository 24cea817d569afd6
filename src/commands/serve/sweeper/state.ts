// What the background sweeper does now, for the page: the sweep that runs, the last ones, and who sweeps.

import type { SweeperState } from '../../../outputs/html/live.ts';
import { reportRunProblem } from '../../../outputs/report.ts';
import { resolveSweep } from '../../../runtime/configuration/sweep.ts';
import type { Leadership } from '../../../sweeper/leader-election.ts';
import type { SweepResult } from '../../../sweeper/run/sweep.ts';
import type { SweeperDeps } from './deps.ts';
import type { SweepWatcher } from './sweep-run.ts';

/** What is known of the sweeps of this process. */
export interface Sweeps {
  readonly watcher: SweepWatcher;
  /** The last complete sweep, if no other replica has swept since. */
  readonly last: () => SweepResult | undefined;
  readonly state: (leadership: Leadership) => SweeperState;
  /** Another replica sweeps now. */
  readonly forget: () => void;
}

/** The name of a pod. Only such a name is put into a command: everybody who can write the Lease chooses the text in it. */
const POD_NAME = /^[a-z\d](?:[a-z\d.-]{0,251}[a-z\d])?$/;

/** What names the replica that sweeps. */
interface LeadershipDeps extends Pick<SweeperDeps, 'localPort'> {
  readonly cluster: Pick<SweeperDeps['cluster'], 'namespace'>;
}

/** Makes it. A sweep that was not complete leaves only its problems. */
export function watchSweeps(deps: LeadershipDeps & Pick<SweeperDeps, 'configuration' | 'now' | 'changed'>): Sweeps {
  const { configuration, now, changed } = deps;
  let last: SweepResult | undefined;
  let incomplete: SweeperState['incomplete'];
  let runningSince: string | undefined;
  const end = (): void => {
    runningSince = undefined;
    changed();
  };
  return {
    watcher: {
      began: (at) => {
        runningSince = at;
        changed();
      },
      ended: (result) => {
        const { run, problems } = result;
        const { startedAt, finishedAt } = run;
        if (problems.length === 0) last = result;
        incomplete =
          problems.length === 0 ? undefined : { startedAt, finishedAt, problems: problems.map(reportRunProblem) };
        end();
      },
      broken: (problem) => {
        const startedAt = runningSince;
        if (startedAt !== undefined && problem !== undefined)
          incomplete = { startedAt, finishedAt: now().toISOString(), problems: [reportRunProblem(problem)] };
        end();
      },
    },
    last: () => last,
    state: (leadership) => ({
      leadership: leadershipOf(leadership, deps),
      ...(runningSince !== undefined && { runningSince }),
      ...(incomplete && { incomplete }),
      intervalSeconds: resolveSweep(configuration().settings.sweep?.value).interval / 1000,
    }),
    forget: () => {
      last = undefined;
      incomplete = undefined;
    },
  };
}

function leadershipOf(
  leadership: Leadership,
  { cluster: { namespace }, localPort }: LeadershipDeps,
): SweeperState['leadership'] {
  if (leadership.state === 'leading') return { state: 'leading' };
  if (leadership.state === 'lost') return { state: 'unknown', reason: leadership.reason };
  // the holder of the Lease is the name of the pod, and an id
  const [leader = ''] = leadership.holder.split('_', 1);
  if (namespace === undefined || !POD_NAME.test(leader)) return { state: 'following', leader };
  const command = `kubectl --namespace ${namespace} port-forward ${leader} ${localPort}`;
  return { state: 'following', leader, command };
}
