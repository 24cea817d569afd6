import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { ReportedFinding } from '../../src/outputs/guard-report.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { FLAGS_ONLY, WITHOUT_CLIENT_CA } from './support/kubelet-setups.ts';
import { NODE_NEEDS, startNode } from './support/node.ts';
import { giveRights } from './support/rights.ts';
import { findingOf, sweepConfiguration, sweepOnce } from './support/sweeper.ts';

jest.setTimeout(60_000);

describeWith({ ...NODE_NEEDS, since: 36 }, '/flagz of a real kubelet', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let shipped: string;
  let config: string;

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    shipped = await giveRights(plane, 'kubelet-guard-sweeper');
    config = plane.write('sweep.json', sweepConfiguration({ timeout: '15s' }));
    await startNode(cleanup, plane, 'with-file', WITHOUT_CLIENT_CA);
    await startNode(cleanup, plane, 'flags-only', FLAGS_ONLY);
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  function flags(finding: ReportedFinding | undefined): string[] {
    return (finding?.evidence ?? [])
      .filter(({ layer }) => layer === 'flag')
      .map(({ setting, value }) => `${setting}=${value}`);
  }

  test('names the file of a kubelet without a client CA, with the shipped rights', async () => {
    const { report } = await sweepOnce({ kubeconfig: shipped, config, evidence: 'configz,kubelet-flagz' });

    const file = `--config=${plane.dir}/with-file/kubelet.yaml`;
    expect(flags(findingOf(report, 'kubelet-client-ca', 'with-file'))).toEqual([file]);
    // nothing is wrong there
    expect(flags(findingOf(report, 'kubelet-anonymous-auth', 'with-file'))).toEqual([]);
    // all that is wrong are defaults, which no flag and no file has set
    expect(findingOf(report, 'kubelet-anonymous-auth', 'flags-only')?.result).toBe('fail');
    expect(flags(findingOf(report, 'kubelet-anonymous-auth', 'flags-only'))).toEqual([]);
  });
});
