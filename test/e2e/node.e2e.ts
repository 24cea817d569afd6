import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { GuardReport, ReportedFinding } from '../../src/outputs/guard-report.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { COMPLIANT, WITHOUT_CLIENT_CA } from './support/kubelet-setups.ts';
import { NODE_NEEDS, startNode, type ClusterNode } from './support/node.ts';
import { productCommand } from './support/product.ts';
import { run, startProgram } from './support/programs.ts';
import { sweepConfiguration } from './support/sweeper.ts';
import { eventually } from './support/wait.ts';

jest.setTimeout(180_000);

// other processes may run on this host
const NAME = `audited-${process.pid}`;

describeWith({ ...NODE_NEEDS, tools: [...NODE_NEEDS.tools, 'setpriv'] }, 'the audit of a real host', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let node: ClusterNode;
  let config: string;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    node = await startNode(cleanup, plane, NAME);
    // the kubelet's answer is late if the machine stalls
    config = plane.write('audit.json', sweepConfiguration({ timeout: '20s' }));
    await startDecoys();
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  /** Shells with similar names and the arguments of the real programs. */
  async function startDecoys(): Promise<void> {
    const folder = join(plane.dir, 'decoys');
    mkdirSync(folder);
    for (const name of ['kubelet-guard', 'kubelet-csr-approver', 'kubelet.sh', 'kube-apiserver-healthcheck', 'grep']) {
      copyFileSync('/bin/sh', join(folder, name));
      const command = ['-c', 'echo ready; while :; do sleep 1; done', 'kubelet', '--client-ca-file=/decoy.crt'];
      const decoy = startProgram(cleanup, {
        name,
        dir: folder,
        command: [join(folder, name), ...command, 'kube-apiserver', '--kubelet-client-key=/decoy.key'],
        grace: 1,
      });
      await eventually(`the decoy ${name}`, () => (decoy.log().includes('ready') ? true : undefined));
    }
  }

  /** The process id of this node's kubelet. */
  function kubeletPid(): string {
    const found = readdirSync('/proc').find((pid) => {
      try {
        const isKubelet = basename(readlinkSync(`/proc/${pid}/exe`)) === 'kubelet';
        return isKubelet && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--hostname-override=${NAME}\0`);
      } catch {
        return false;
      }
    });
    if (found === undefined) throw new Error('the kubelet was not found');
    return found;
  }

  function auditCommand(...args: readonly string[]): readonly string[] {
    return productCommand('node', '--output', 'json', '--config', config, ...args);
  }

  async function audit(...args: readonly string[]): Promise<{ findings: readonly ReportedFinding[]; code: number }> {
    const { code, stdout } = await run(auditCommand(...args));
    return { code, findings: (JSON.parse(stdout) as GuardReport).findings };
  }

  /** Runs a program as on the node's host, with its processes and its network. */
  async function auditOnNode(...args: readonly string[]): Promise<ReportedFinding | undefined> {
    const command = ['nsenter', '--target', kubeletPid(), '--net', ...auditCommand(...args)];
    const { stdout } = await run(command);
    return (JSON.parse(stdout) as GuardReport).findings.find(isOfKubelet('kubelet-client-ca'));
  }

  function isOfKubelet(slug: string): (finding: ReportedFinding) => boolean {
    return ({ control, subject }) => control === slug && subject.name === NAME;
  }

  test('finds the real processes with their real settings, and ignores decoys', async () => {
    const { findings } = await audit();
    expect(findings.find(isOfKubelet('kubelet-client-ca'))).toMatchObject({
      result: 'pass',
      vantage: 'on-node',
      evidence: [{ value: join(plane.dir, NAME, 'ca.crt'), layer: 'file' }],
    });
    expect(findings.find(isOfKubelet('kubelet-anonymous-auth'))?.result).toBe('pass');
    expect(findings.find(isOfKubelet('kubelet-authorization-mode'))?.result).toBe('pass');
    const values = findings
      .filter(({ control }) => control === 'apiserver-kubelet-client-cert')
      .map(({ result, evidence }) => [result, ...evidence.map(({ value }) => value)]);
    expect(values).toContainEqual([
      'pass',
      join(plane.dir, 'kubelet-client.crt'),
      join(plane.dir, 'kubelet-client.key'),
    ]);
    expect(JSON.stringify(findings)).not.toContain('/decoy');
  });

  test('asks the kubelet itself, only in its own network namespace', async () => {
    const live = await auditOnNode();
    expect(live).toMatchObject({
      result: 'pass',
      vantage: 'live',
      otherEvidence: [{ vantage: 'on-node', agrees: true }],
    });
    const { findings } = await audit();
    const other = findings.find(isOfKubelet('kubelet-client-ca'))?.otherEvidence;
    expect(other).toMatchObject([
      { source: { via: 'handshake' }, result: 'unknown', problems: [{ code: 'unreachable' }] },
    ]);
  });

  test('separates running settings from settings that were written later', async () => {
    node.edit(WITHOUT_CLIENT_CA);
    const pending = { state: 'pending' };
    expect(await auditOnNode()).toMatchObject({ result: 'pass', vantage: 'live', drift: pending });
    const unasked = await audit('--evidence', 'proc');
    expect(unasked.code).toBe(1);
    const [unknown] = unasked.findings.filter(isOfKubelet('kubelet-client-ca'));
    expect(unknown).toMatchObject({
      result: 'unknown',
      drift: pending,
      otherEvidence: [{ result: 'fail', pending: true }],
    });

    await node.restart();
    expect(await auditOnNode()).toMatchObject({ result: 'fail', vantage: 'live' });
    expect(await auditOnNode('--evidence', 'proc')).toMatchObject({
      result: 'fail',
      violations: [{ code: 'missing' }],
    });

    node.edit(COMPLIANT);
    const fixed = await auditOnNode();
    expect(fixed).toMatchObject({ result: 'fail', vantage: 'live', drift: pending });
    expect(fixed?.otherEvidence?.at(-1)).toMatchObject({ result: 'pass', pending: true });
    await node.restart();
    expect(await auditOnNode()).toMatchObject({ result: 'pass', vantage: 'live' });
  });

  test('reports no pass if the user is not root', async () => {
    const other = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const { code, stdout } = await run([...other, ...productCommand('node', '--output', 'json', '--evidence', 'proc')]);
    const { findings, summary } = JSON.parse(stdout) as GuardReport;
    const found = findings.find(isOfKubelet('kubelet-client-ca'));
    expect(found?.result).toBe('unknown');
    expect(new Set(found?.problems.map(({ code }) => code))).toStrictEqual(new Set(['forbidden']));
    expect(summary.pass).toBe(0);
    expect(code).not.toBe(0);
  });

  test('does not find a stopped kubelet', async () => {
    await node.stop();
    const { findings } = await audit();
    expect(findings.filter(({ subject }) => subject.name === NAME)).toStrictEqual([]);
  });
});
