import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { GuardReport } from '../../src/outputs/guard-report.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { COMPLIANT, WITHOUT_CLIENT_CA } from './support/kubelet-setups.ts';
import { NODE_NEEDS, startNode } from './support/node.ts';
import { runCli } from './support/product.ts';
import { addAccount } from './support/rights.ts';
import { sweepConfiguration, sweepOnce, verdict } from './support/sweeper.ts';

jest.setTimeout(60_000);

describeWith(NODE_NEEDS, 'a sweep of a cluster where nothing is installed', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let config: string;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    config = plane.write('sweep.json', sweepConfiguration({ timeout: '15s' }));
    await startNode(cleanup, plane, 'compliant-1', COMPLIANT);
    await startNode(cleanup, plane, 'compliant-2', COMPLIANT);
    await startNode(cleanup, plane, 'without-ca', WITHOUT_CLIENT_CA);
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  test('reads the effective settings with the client certificate of an admin kubeconfig', async () => {
    const { report } = await sweepOnce({ kubeconfig: plane.kubeconfig, config, evidence: 'handshake,configz' });

    expect(verdict(report, 'compliant-1')).toBe('pass pass pass');
    // it asks its callers for no certificate, and so knows none of them
    expect(verdict(report, 'without-ca')).toBe('fail unauthorized unauthorized');
  });

  test('never shows a kubelet the token of a person, and prints what is alike once', async () => {
    const rules = [{ apiGroups: [''], resources: ['nodes', 'pods', 'configmaps'], verbs: ['list'] }];
    const kubeconfig = await addAccount(plane, 'person', rules);
    const args = ['sweep', '--kubeconfig', kubeconfig, '--config', config, '--evidence', 'handshake,configz'];

    const { stdout } = await runCli(args);
    const all = await runCli([...args, '--all']);

    expect(stdout.match(/^UNKNOWN +kubelet-anonymous-auth, /gm)).toHaveLength(1);
    expect(stdout).toContain('no token of the service account');
    expect(stdout).toMatch(
      /^UNKNOWN +kubelet-anonymous-auth, kubelet-authorization-mode +3 kubelets \(configz\)\n {9}\S+, \S+, \S+\n/m,
    );
    expect(all.stdout.match(/^UNKNOWN +kubelet-anonymous-auth /gm)).toHaveLength(3);
  });

  test('counts and lists only the selected part of the cluster', async () => {
    const args = ['sweep', '--kubeconfig', plane.kubeconfig, '--config', config, '--benchmark-id', '4.2.3'];

    const good = await runCli([...args, '--node', 'compliant-*', '--output', 'json']);
    const names = await runCli([...args, '--node', 'compliant-*,without-ca', '--output', 'name']);
    const wide = await runCli([...args, '--result', 'fail', '--output', 'wide']);
    const none = await runCli([...args, '--node', 'compliant-3']);

    const report = JSON.parse(good.stdout) as GuardReport;
    expect([good.code, report.summary, report.link]).toEqual([0, { pass: 2, fail: 0, unknown: 0 }, undefined]);
    expect(report.run.selection).toEqual({ controls: ['kubelet-client-ca'], nodes: ['compliant-*'] });
    expect([names.code, names.stdout]).toEqual([1, 'node/without-ca\n']);
    expect(wide.stdout).toMatch(
      /^RESULT .*\nFAIL +kubelet-client-ca +4\.2\.3 +kubelet +without-ca +\(handshake\) .*\n$/,
    );
    expect(none.code).toBe(3);
    expect(none.stderr).toContain(
      'did you mean compliant-1 or compliant-2? the nodes are compliant-1, compliant-2, without-ca',
    );
  });
});
