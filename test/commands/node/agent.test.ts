import { expect, test } from '@jest/globals';

import { runAgent } from '../../../src/commands/node/agent/agent.ts';
import type { AuditToStore } from '../../../src/evidence/node-agent/config-maps.ts';

const START = Date.parse('2026-11-26T12:00:00Z');
const INTERVAL = 600_000;

function report(result: string, id = 'run', problems: readonly object[] = []): string {
  return JSON.stringify({ kind: 'GuardReport', run: { id, problems }, findings: [{ result }] });
}

interface AgentRun {
  readonly audits: (() => string)[];
  /** What each attempt to store does; the last one repeats. */
  readonly answers?: (() => void)[];
  /** When a look finds that a process has ended, in milliseconds since the start. */
  readonly ended?: readonly number[];
}

/** Runs an agent until no audit is left. Time passes only while it waits. */
async function runAudits({ audits, answers = [() => undefined], ended = [] }: AgentRun) {
  let now = START;
  let audited = 0;
  const abort = new AbortController();
  const storedAudits: (AuditToStore & { readonly at: number })[] = [];
  const events: string[] = [];
  await runAgent(
    {
      node: 'a',
      audit: () => {
        const next = audits[audited];
        audited += 1;
        if (audited === audits.length) abort.abort();
        return Promise.resolve().then(() => next?.() ?? '{"run":{}}');
      },
      store: (node, stored) => {
        expect(node).toBe('a');
        const answer = answers[Math.min(storedAudits.length, answers.length - 1)];
        storedAudits.push({ ...stored, at: now - START });
        return Promise.resolve().then(answer);
      },
      hasEnded: () => ended.includes(now - START),
      settings: () => ({ interval: INTERVAL, jitter: 0.5 }),
      pause: (milliseconds) => {
        now += milliseconds;
        return Promise.resolve();
      },
      random: () => 0.5,
      now: () => new Date(now),
      watcher: {
        audited: () => events.push('audited'),
        crashed: (cause) => events.push(`crashed: ${(cause as Error).message}`),
        lost: (reason) => events.push(`lost: ${reason}`),
        back: () => events.push('back'),
      },
    },
    abort.signal,
  );
  return { storedAudits, events };
}

const gone = (): never => {
  throw new Error('gone');
};

test('an audit is stored at once, with its time and interval', async () => {
  const { storedAudits, events } = await runAudits({ audits: [() => report('pass'), () => report('pass', 'other')] });
  expect(storedAudits.slice(0, 1)).toEqual([
    { report: report('pass'), agentTime: new Date(START).toISOString(), interval: INTERVAL / 1000, at: 0 },
  ]);
  expect(events).toEqual(['audited']);
});

test('an unchanged audit is stored again, because a process may have restarted, and is printed once', async () => {
  const audits = Array.from({ length: 6 }, (_, index) => () => report('pass', `run ${index}`));
  const { storedAudits, events } = await runAudits({ audits });
  expect(storedAudits.map(({ at }) => at / INTERVAL)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(events).toEqual(['audited']);
});

test('a changed audit is stored at once, also for a problem of the run', async () => {
  const broken = [{ code: 'forbidden', message: 'no' }];
  const audits = [() => report('pass'), () => report('fail'), () => report('fail', 'x', broken), () => report('pass')];
  const { storedAudits } = await runAudits({ audits });
  expect(storedAudits.map(({ at }) => at / INTERVAL)).toEqual([0, 1, 2, 3]);
});

test('an unreachable API server is retried and logged once, and the last audit is stored in the end', async () => {
  const audits = [() => report('pass'), () => report('fail'), () => report('fail')];
  const { storedAudits, events } = await runAudits({
    audits,
    answers: [...Array.from({ length: 17 }, () => gone), () => undefined],
  });
  expect(storedAudits.at(-1)).toMatchObject({ report: report('fail') });
  expect(events).toEqual(['audited', 'lost: gone', 'audited', 'back']);
  const waits = storedAudits.map(({ at }, index) => at - (storedAudits[index - 1]?.at ?? 0)).slice(1, 8);
  // the wait doubles up to a minute, here with a jitter of an eighth
  expect(waits).toEqual([1125, 2250, 4500, 9000, 18_000, 36_000, 67_500]);
});

test('an audit that crashes is logged, and the next one runs', async () => {
  const { storedAudits, events } = await runAudits({ audits: [gone, () => report('pass'), () => report('pass')] });
  expect(events).toEqual(['crashed: gone', 'audited']);
  expect(storedAudits.map(({ at }) => at / INTERVAL)).toEqual([1, 2]);
});

test('a process that ends is audited at the next look, and again when it may have been started', async () => {
  const audits = Array.from({ length: 7 }, () => () => report('pass'));
  const { storedAudits } = await runAudits({ audits, ended: [15_000] });
  expect(storedAudits.slice(0, 6).map(({ at }) => at / 1000)).toEqual([0, 15, 25, 45, 85, 685]);
});

test('an audit that is not stored yet is dropped when its process ends', async () => {
  const { storedAudits } = await runAudits({
    audits: [() => report('pass'), () => report('fail'), () => report('fail')],
    answers: [gone, gone, () => undefined],
    ended: [1125],
  });
  expect(storedAudits.at(-1)?.report).toBe(report('fail'));
});
