// What the sweeper of a running `serve` does: who sweeps, how often, what runs now, and the last sweep that was incomplete.

import { distanceText, durationText, timeElement } from '../ages.ts';
import { counted, factList, type Fact } from '../facts.ts';
import { code, html, isolated, type Html } from '../html.ts';
import type { LiveState, SweeperState } from '../live.ts';
import { resultWord } from '../marks.ts';
import { problemBlocks } from './problems.ts';

/** Renders the state of the sweeper. */
export function sweeperPart({ sweeper, now }: LiveState): Html {
  if (sweeper === undefined) {
    return html`<h3>Sweeper</h3>
      <p>This process has no sweeper. In a cluster, each replica of the Deployment <code>kubelet-guard-sweeper</code> has one.</p>`;
  }
  const { leadership, intervalSeconds, runningSince, incomplete } = sweeper;
  return html`<h3>Sweeper</h3>
    ${factList([
      ['Leader', leader(leadership)],
      ['Interval', durationText(intervalSeconds * 1000)],
      ...(runningSince === undefined
        ? []
        : ([['Sweep that runs now', timeWithAge('since', runningSince, now)]] as readonly Fact[])),
    ])}
    ${incomplete !== undefined && lastIncomplete(incomplete, now)}`;
}

function leader(leadership: SweeperState['leadership']): Html {
  switch (leadership.state) {
    case 'leading':
      return html`this replica: it sweeps`;
    case 'following':
      return html`another replica: ${code(leadership.leader)}${
        leadership.command !== undefined && html`. Forward its port to see its page: ${code(leadership.command)}`
      }`;
    case 'unknown':
      return html`${resultWord('unknown')}: ${isolated(leadership.reason)}`;
  }
}

function lastIncomplete(incomplete: NonNullable<SweeperState['incomplete']>, now: string): Html {
  const { startedAt, finishedAt, problems } = incomplete;
  const count = counted(problems.length, 'problem', 'problems');
  return html`<h3>The last sweep was incomplete: ${count}</h3>
    <p>It began ${timeElement(startedAt)} and ended ${timeWithAge('', finishedAt, now)}. An incomplete sweep resolves no
    findings. The page shows the last complete one.</p>
    ${problemBlocks(problems)}`;
}

function timeWithAge(before: string, time: string, now: string): Html {
  const age = distanceText(time, now);
  return html`${before} ${timeElement(time)}${age !== undefined && ` (${age})`}`;
}
