// The commands of docs/operate.md, with real kubelets and two sweeper replicas.

import { hostname } from 'node:os';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { blocksOf } from '../support/doc-blocks.ts';
import { startDocSession, type DocSession } from '../support/doc-session.ts';
import { describeWith, kubectlPath } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane } from './support/control-plane.ts';
import { COMPLIANT, WITHOUT_CLIENT_CA } from './support/kubelet-setups.ts';
import { NODE_NEEDS, startNode } from './support/node.ts';
import { findProgram, run } from './support/programs.ts';
import { eventsOf, serveReportApis, storedReports } from './support/report-apis.ts';
import { giveRights } from './support/rights.ts';
import { startSweeper, type Sweeper } from './support/sweeper.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(120_000);

const curl = findProgram('curl');
/** What the pages call the pod of the leader. */
const POD = 'kubelet-guard-sweeper-6c9d8b7f54-x2x7k';

/** The blocks of shell commands that end by themselves in a cluster without pods. */
function shellBlocks(): readonly (readonly [place: string, text: string])[] {
  return ['runbook', 'operate', 'monitoring', 'logs']
    .flatMap((page) => blocksOf(`docs/${page}.md`))
    .filter(({ language, text }) => language === 'sh' && !/rollout status|port-forward|--follow|apply -k/.test(text))
    .map(({ page, line, text }) => [`${page}:${String(line)}`, text]);
}

describeWith({ ...NODE_NEEDS, tools: ['kubectl', 'curl'] }, 'docs/operate.md', () => {
  const cleanup = new Cleanup();
  let leader: Sweeper;
  let follower: Sweeper;
  let session: DocSession;
  let kubeconfig: string;

  beforeAll(async () => {
    const plane = await startControlPlane(cleanup);
    const rights = await giveRights(plane, 'kubelet-guard-sweeper');
    ({ kubeconfig } = plane);
    await serveReportApis(plane.admin);
    await Promise.all([
      startNode(cleanup, plane, 'node-1', COMPLIANT),
      startNode(cleanup, plane, 'node-2', WITHOUT_CLIENT_CA),
    ]);
    const settings = { interval: '1h', timeout: '15s', evidence: ['handshake', 'configz', 'flagz'] };
    leader = await startSweeper(cleanup, plane, rights, settings);
    await leader.nextReport({ after: new Date(0) });
    follower = await startSweeper(cleanup, plane, rights, settings);
    await eventually('the reports and Events, and the follower to know the leader', async () => {
      const reports = await storedReports(plane.admin, 'wgpolicyk8s');
      const events = await eventsOf(plane.admin);
      return reports.size >= 3 && events.length > 0 && follower.program.log().includes('another replica sweeps')
        ? true
        : undefined;
    });
    const to = (shown: number, port: number) => [
      '--connect-to',
      `127.0.0.1:${String(shown)}:127.0.0.1:${String(port)}`,
    ];
    session = startDocSession({
      programs: {
        kubectl: [kubectlPath ?? ''],
        curl: [curl ?? '', ...to(8080, leader.port), ...to(8081, follower.port)],
      },
      kubeconfig,
      shown: { [hostname()]: POD },
    });
  }, 150_000);
  afterAll(async () => {
    session.end();
    await cleanup.run();
  }, 60_000);

  test('the reports are read with kubectl', () => session.run('operate-reports'));

  test('the Events are read with kubectl', () => session.run('operate-events'));

  test('the Lease names the leader', () => session.run('operate-leader'));

  test('the leader has the report', () => session.run('operate-report'));

  test('another replica names the leader', () => session.run('operate-follower'));

  test('the leader is asked for a sweep', async () => {
    const after = new Date();
    await eventually('the pause after a sweep to end', async () => {
      const ended = (await leader.metric('kubelet_guard_sweep_last_run_timestamp_seconds')) ?? 0;
      return Date.now() / 1000 - ended > 6 ? true : undefined;
    });
    await session.run('operate-sweep');
    await leader.nextReport({ after });
  });

  test('a signal is logged: the leader sweeps, another replica says who does', async () => {
    const lineOf = (sweeper: Sweeper, text: string) =>
      eventually(text, () => Promise.resolve(sweeper.entries().find(({ msg }) => msg === text)));
    follower.program.kill('SIGUSR1');
    const refused = await lineOf(follower, 'a signal starts no sweep');
    expect(refused.reason).toContain(hostname());
    const after = new Date();
    leader.program.kill('SIGUSR1');
    await lineOf(leader, 'a signal starts a sweep');
    await leader.nextReport({ after });
  });

  test.each(shellBlocks())('kubectl knows every command, flag and resource of %s', async (_place, text) => {
    const functions = [
      `kubectl() { '${kubectlPath ?? ''}' --kubeconfig '${kubeconfig}' "$@"; }`,
      'kubelet-guard() { true; }',
      'sed() { true; }',
      'leader=nobody',
      'cd "$(mktemp -d)"',
    ];
    const { stderr } = await run(['bash', '-c', [...functions, text].join('\n')], { within: 30_000 });
    expect(stderr).not.toMatch(
      /unknown|doesn't have a resource type|invalid|unable to match|error parsing|syntax error/i,
    );
  });

  test('what persists is one line of the log, and no warning', () => {
    const lines = leader.entries();
    const last = lines.findLast(({ msg }) => msg === 'a sweep is complete');
    const second = lines.filter(({ run }) => run === last?.run);
    expect(second.map(({ msg }) => msg)).toEqual(['findings persist', 'a sweep is complete']);
    expect(second[0]).toMatchObject({ level: 'info', controls: { 'kubelet-client-ca': 1 } });
    expect(String(second[1]?.seconds)).toMatch(/^\d+(?:\.\d{1,3})?$/);
  });
});
