// Every output format of a sweep of real kubelets, and what a real API server makes of the PolicyReports.
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { GuardReport } from '../../src/outputs/guard-report.ts';
import { COUNTS } from '../support/format-counts.ts';
import { describeWith } from './support/assets.ts';
import { Cleanup } from './support/cleanup.ts';
import { startControlPlane, type ControlPlane } from './support/control-plane.ts';
import { kubectl } from './support/kubectl.ts';
import { COMPLIANT, WITHOUT_CLIENT_CA } from './support/kubelet-setups.ts';
import { NODE_NEEDS, startNode } from './support/node.ts';
import { runCli } from './support/product.ts';
import { serveReportApis, storedReports } from './support/report-apis.ts';

jest.setTimeout(120_000);

const FORMATS = Object.keys(COUNTS);

interface SarifLog {
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: { readonly semanticVersion?: string } };
      readonly results: readonly {
        readonly locations: readonly [{ physicalLocation: { artifactLocation: { uri: string } } }];
      }[];
    },
  ];
}

describeWith(NODE_NEEDS, 'the output formats of a sweep', () => {
  const cleanup = new Cleanup();
  let plane: ControlPlane;
  let code: number;
  const textOf = (format: string): string => readFileSync(join(plane.dir, `report.${format}`), 'utf8');

  beforeAll(async () => {
    plane = await startControlPlane(cleanup);
    await startNode(cleanup, plane, 'compliant', COMPLIANT);
    await startNode(cleanup, plane, 'without-ca', WITHOUT_CLIENT_CA);
    const config = plane.write(
      'formats.yaml',
      JSON.stringify({
        apiVersion: 'kubelet-guard.dev/v1alpha1',
        kind: 'GuardConfiguration',
        exemptions: [
          {
            control: 'kubelet-authorization-mode',
            subject: 'node/*',
            reason: 'ticket 4711, "vendor" <appliance>',
            expires: '2099-01-31',
          },
        ],
        sweep: { timeout: '20s' },
      }),
    );
    const outputs = FORMATS.flatMap((format) => ['-o', `${format}=${join(plane.dir, `report.${format}`)}`]);
    const options = ['--kubeconfig', plane.kubeconfig, '--config', config, '--evidence', 'handshake'];
    ({ code } = await runCli(['sweep', ...options, ...outputs]));
  }, 150_000);
  afterAll(() => cleanup.run(), 60_000);

  test('are written in one run, with the counts of its summary', () => {
    expect(code).toBe(1);
    const { summary, run } = JSON.parse(textOf('json')) as GuardReport;
    expect(summary.fail).toBeGreaterThan(0);
    expect(summary.unknown + (summary.exempted ?? 0)).toBeGreaterThan(0);
    const wanted: Record<string, number> = { exempted: 0, ...summary, problems: run.problems.length };
    for (const format of FORMATS) {
      const counts = COUNTS[format]?.(textOf(format)) ?? {};
      const same = Object.fromEntries(Object.keys(counts).map((key) => [key, wanted[key]]));
      expect({ format, ...counts }).toEqual({ format, ...same });
    }
  });

  test('sarif has the path of a node, and the version of the program', () => {
    const [{ tool, results }] = (JSON.parse(textOf('sarif')) as SarifLog).runs;
    const uris = results.map(({ locations: [first] }) => first.physicalLocation.artifactLocation.uri);
    expect(uris).toContain('cluster/Node/without-ca');
    expect(uris.filter((uri) => !/^cluster\/[\w-]+\/[\w./%-]+$/.test(uri))).toEqual([]);
    expect(tool.driver.semanticVersion).toMatch(/^\d+\.\d+\.\d+/);
  });

  test('policy-report is a List that kubectl applies, and an API server stores unchanged', async () => {
    await serveReportApis(plane.admin);
    const list = JSON.parse(textOf('policy-report')) as { items: { metadata: { name: string }; results: object[] }[] };
    const applied = await kubectl(plane, ['apply', '-f', '-'], list);
    expect(applied).toMatchObject({ code: 0 });
    const stored = await storedReports(plane.admin, 'wgpolicyk8s');
    expect([...stored.keys()]).toEqual(['kubelet-guard-report-sweep-1']);
    expect(stored.get('kubelet-guard-report-sweep-1')).toMatchObject({ results: list.items[0]?.results });
  });
});
