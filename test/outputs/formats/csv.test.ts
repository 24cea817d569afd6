import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { reportRun } from '../../../src/outputs/report.ts';
import { apiServerFinding, lostFile, outcomes } from '../../support/findings.ts';
import { parseCsv } from '../../support/csv.ts';
import { rendered } from '../../support/rendered.ts';
import { reports, RUN } from '../../support/reports.ts';

test('has a row for each finding and each problem of the run', () => {
  const findings = [apiServerFinding({ outcome: outcomes.fail, drift: { state: 'new', since: RUN.startedAt } })];
  const report = reportRun(RUN, { findings, problems: [lostFile] }, () => ({
    control: 'c',
    subject: 's',
    reason: 'vendor, "appliance"',
    expires: '2027-01-31',
  }));
  const [row, problem] = parseCsv(rendered({ report }, { output: 'csv' }).output);
  expect(row).toEqual({
    control: 'apiserver-kubelet-client-cert',
    benchmark_ids: report.findings[0]?.references.join('; '),
    result: 'exempt',
    exempted_reason: 'vendor, "appliance"',
    exempted_until: '2027-01-31',
    component: 'kube-apiserver',
    kind: 'Pod',
    namespace: 'kube-system',
    name: 'kube-apiserver-cp-1',
    node: 'cp-1',
    container: '',
    source: 'manifests/kube-apiserver.yaml',
    vantage: 'declared',
    violations: "'--kubelet-client-key is not set [missing] (line 14)",
    problems: '',
    evidence:
      '\'--kubelet-client-certificate = "/etc/kubernetes/pki/apiserver-kubelet-client.crt" (flag); ' +
      '--kubelet-client-key is not set in manifests/kube-apiserver.yaml',
    since: RUN.startedAt,
    checked_at: RUN.finishedAt,
    run_id: RUN.id,
  });
  expect(problem).toMatchObject({ control: '', result: 'problem', source: 'secret.yaml' });
});

test('no cell is a formula, and every row has every column', () => {
  fc.assert(
    fc.property(reports, (report) => {
      const rows = parseCsv(rendered({ report }, { output: 'csv' }).output);
      expect(rows).toHaveLength(report.findings.length + report.run.problems.length);
      expect(rows.flatMap((row) => Object.values(row)).filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
