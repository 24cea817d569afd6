import { describe, expect, test } from '@jest/globals';

import { watchSweeps } from '../../../../src/commands/serve/sweeper/state.ts';
import { controls } from '../../../../src/controls/index.ts';
import { loadConfiguration } from '../../../../src/runtime/configuration/configuration.ts';
import type { SourceProblem } from '../../../../src/policy/reading.ts';
import type { SweepResult } from '../../../../src/sweeper/run/sweep.ts';

const configuration = loadConfiguration(undefined, controls);
const NOW = '2026-11-28T06:00:00.000Z';
const LEADING = { state: 'leading', signal: new AbortController().signal } as const;
const PROBLEM: SourceProblem = { problem: { code: 'timeout', message: 'no answer' }, source: { object: 'nodes' } };

function sweeps({ namespace }: { readonly namespace: string | undefined } = { namespace: 'guard' }) {
  let changes = 0;
  const watched = watchSweeps({
    cluster: { namespace },
    configuration: () => configuration,
    now: () => new Date(NOW),
    changed: () => (changes += 1),
    localPort: 8080,
  });
  return { ...watched, changes: () => changes };
}

/** Only its times and problems matter here. */
const resultOf = (...problems: SourceProblem[]): SweepResult => {
  const run = { startedAt: '2026-11-28T05:59:00.000Z', finishedAt: '2026-11-28T05:59:30.000Z' };
  return { run, problems } as unknown as SweepResult;
};

describe('the page of a replica that does not sweep', () => {
  test('has the command that reaches the replica that does', () => {
    const state = sweeps().state({ state: 'following', holder: 'sweeper-7d9f-abc_3f2c' });
    expect(state.leadership).toStrictEqual({
      state: 'following',
      leader: 'sweeper-7d9f-abc',
      command: 'kubectl --namespace guard port-forward sweeper-7d9f-abc 8080',
    });
  });

  test.each(['$(reboot)_1', 'a; reboot_1', '-v_1', '--context=evil_1', 'Pod_1', '', '_1', `${'a'.repeat(254)}_1`])(
    'has no command if the Lease names %j, which anyone who can write it may have chosen',
    (holder) => {
      expect(sweeps().state({ state: 'following', holder }).leadership).not.toHaveProperty('command');
    },
  );

  test('has no command outside a cluster', () => {
    expect(sweeps({ namespace: undefined }).state({ state: 'following', holder: 'laptop_1' }).leadership).toStrictEqual(
      {
        state: 'following',
        leader: 'laptop',
      },
    );
  });
});

describe('the sweeps of a process', () => {
  test('are running from their begin to their end, and each is a change of the page', () => {
    const { watcher, state, changes } = sweeps();
    watcher.began(NOW);
    expect(state(LEADING)).toMatchObject({ runningSince: NOW, leadership: { state: 'leading' } });
    watcher.ended(resultOf());
    expect(state(LEADING)).not.toHaveProperty('runningSince');
    expect(changes()).toBe(2);
  });

  test('leave the last complete one, and the problems of an incomplete one after it', () => {
    const { watcher, state, last } = sweeps();
    const complete = resultOf();
    watcher.ended(complete);
    watcher.ended(resultOf(PROBLEM));
    expect(last()).toBe(complete);
    expect(state(LEADING).incomplete).toMatchObject({ problems: [{ message: 'no answer' }] });
    watcher.ended(complete);
    expect(state(LEADING)).not.toHaveProperty('incomplete');
  });

  test('that a bug ended leave its problem; one that a signal ended leaves none', () => {
    const { watcher, state } = sweeps();
    watcher.began(NOW);
    watcher.broken(undefined);
    expect(state(LEADING)).not.toHaveProperty('incomplete');
    watcher.began(NOW);
    watcher.broken(PROBLEM);
    expect(state(LEADING)).toMatchObject({ incomplete: { startedAt: NOW, finishedAt: NOW } });
  });

  test('are forgotten when another replica sweeps', () => {
    const { watcher, state, last, forget } = sweeps();
    watcher.ended(resultOf());
    watcher.ended(resultOf(PROBLEM));
    forget();
    expect([last(), state(LEADING).incomplete]).toStrictEqual([undefined, undefined]);
  });
});
