// docs/operate.md and docs/page.md: the commands that need running pods, as they stand there.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { Cleanup } from '../e2e/support/cleanup.ts';
import { startProgram } from '../e2e/support/programs.ts';
import { eventually } from '../e2e/support/wait.ts';
import { blocksOf } from '../support/doc-blocks.ts';
import { install, leaderOf, logOf } from './support/installation.ts';
import { startReader } from './support/reader.ts';
import { describeInCluster } from './support/shared.ts';

jest.setTimeout(300_000);

const LOCAL = 'http://127.0.0.1:8080';

/** The shell block of a page that has this text. */
function blockWith(page: string, text: string): string {
  const found = blocksOf(page).filter((block) => block.language === 'sh' && block.text.includes(text));
  expect(found).toHaveLength(1);
  return found[0]?.text ?? '';
}

describeInCluster('the commands of the pages', (cluster) => {
  const cleanup = new Cleanup();
  const reader = startReader(cluster);

  beforeAll(async () => {
    await install(cluster, cleanup, 'audit');
    // one that is incomplete is repeated after a minute
    await eventually(
      'the first sweep',
      async () =>
        (await logOf(cluster, await leaderOf(cluster))).some(({ msg }) => msg === 'a sweep is complete')
          ? true
          : undefined,
      { within: 150_000 },
    );
  }, 600_000);
  afterAll(() => cleanup.run(), 240_000);

  /** Runs commands that go on, for as long as a step takes. */
  async function during<T>(commands: string, step: (log: () => string) => Promise<T>): Promise<T> {
    const own = new Cleanup();
    const dir = mkdtempSync(join(tmpdir(), 'kubelet-guard-operate-'));
    own.add(() => {
      rmSync(dir, { recursive: true });
    });
    const program = startProgram(own, { name: 'shell', dir, command: reader.shell(commands) });
    try {
      return await step(program.log);
    } catch (cause) {
      throw new Error(program.tail(), { cause });
    } finally {
      await own.run();
    }
  }

  const get = (path: string) =>
    eventually(
      `${path} to answer`,
      async () => {
        const answer = await fetch(`${LOCAL}${path}`);
        return answer.status === 200 ? answer.text() : undefined;
      },
      { within: 90_000 },
    );

  test.each(['docs/operate.md', 'docs/page.md'])('%s leads to the log, the report and the page of the leader', (page) =>
    during(blockWith(page, 'port-forward "$leader" 8080'), async (log) => {
      expect(JSON.parse(await get('/api/v1/report'))).toMatchObject({ run: { complete: true } });
      expect(await get('/')).toContain(cluster.node);
      if (page === 'docs/operate.md') expect(log()).toContain('a sweep is complete');
      // 429 after a sweep, and `queued` while one runs, which other objects of the cluster can start
      let asked = '';
      await eventually(
        'a sweep to start',
        async () => {
          asked = await (await fetch(`${LOCAL}/api/v1/sweep`, { method: 'POST' })).text();
          return (JSON.parse(asked) as { readonly state?: string }).state === 'started' ? true : undefined;
        },
        { within: 90_000, context: () => asked },
      );
    }),
  );

  test("docs/page.md leads to the webhook's own page", () =>
    during(blockWith('docs/page.md', 'port-forward deployment/kubelet-guard 8080'), async () => {
      expect(await get('/')).toContain('<!doctype html>');
    }));

  test('a signal starts a sweep, without a shell in the image', async () => {
    const leader = await leaderOf(cluster);
    const commands = blockWith('docs/operate.md', 'SIGUSR1');
    expect(await reader.paste(`leader=${leader}\n${commands}`)).toMatchObject({ code: 0, stderr: '' });
    await eventually('the log to say so', async () =>
      (await logOf(cluster, leader)).some(({ msg }) => msg === 'a signal starts a sweep') ? true : undefined,
    );
    const question = blockWith('docs/operate.md', '/proc/self/status');
    expect((await reader.paste(`leader=${leader}\n${question}`)).stdout).toContain('CapEff:\t0000000000000000');
  });

  test('the logs of all replicas are shown, each line with its pod', () =>
    during(blockWith('docs/operate.md', '--prefix --follow'), (log) =>
      eventually('lines of webhook and sweeper', () =>
        /^\[pod\/kubelet-guard-[a-z0-9]+-\w+\/webhook\] \{/m.test(log()) && log().includes('/sweeper] {')
          ? true
          : undefined,
      ),
    ));
});
