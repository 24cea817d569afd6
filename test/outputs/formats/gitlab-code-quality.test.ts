import { expect, test } from '@jest/globals';

import { apiserverKubeletCA } from '../../../src/controls/apiserver-kubelet-ca.ts';
import { reportRun } from '../../../src/outputs/report.ts';
import { apiServerFinding, kubeletFinding, lostFile, outcomes } from '../../support/findings.ts';
import { rendered } from '../../support/rendered.ts';
import { RUN } from '../../support/reports.ts';

test('has the fields that GitLab reads, for what failed, is unknown or was not checked', () => {
  const findings = [
    apiServerFinding(),
    apiServerFinding({ outcome: outcomes.fail, source: { path: './a b/kube-apiserver.yaml', document: 0 } }),
    apiServerFinding({ outcome: outcomes.fail, control: apiserverKubeletCA }),
    kubeletFinding({ outcome: outcomes.unknown }),
    kubeletFinding({ outcome: outcomes.fail }),
  ];
  const exemption = { control: 'c', subject: 's', reason: 'r', expires: '2027-01-31' };
  const report = reportRun(RUN, { findings, problems: [lostFile] }, ({ control, outcome }) =>
    control.slug === 'kubelet-client-ca' && outcome.result === 'fail' ? exemption : undefined,
  );
  const entries = JSON.parse(rendered({ report }, { output: 'gitlab-code-quality' }).output) as {
    readonly fingerprint: string;
  }[];
  const fingerprint = expect.stringMatching(/^[0-9a-f]{32}$/);
  expect(entries).toEqual([
    {
      description:
        'kube-apiserver Pod kube-system/kube-apiserver-cp-1: --kubelet-client-key is not set [missing] (line 14)',
      check_name: 'apiserver-kubelet-client-cert',
      fingerprint,
      severity: 'critical',
      location: { path: 'a b/kube-apiserver.yaml', lines: { begin: 14 } },
    },
    expect.objectContaining({ check_name: 'apiserver-kubelet-ca', severity: 'major', fingerprint }),
    expect.objectContaining({
      severity: 'minor',
      location: { path: 'cluster/ConfigMap/kube-system/kubelet-config', lines: { begin: 1 } },
    }),
    {
      description: 'not checked: cannot be read: give this user the right to read it [forbidden]',
      check_name: 'incomplete-run',
      fingerprint,
      severity: 'major',
      location: { path: 'secret.yaml', lines: { begin: 1 } },
    },
  ]);
  expect(new Set(entries.map((entry) => entry.fingerprint)).size).toBe(entries.length);
});
