import { describe, expect, test } from '@jest/globals';

import type { Inspection } from '../../../src/policy/finding.ts';
import { reportRun } from '../../../src/outputs/report.ts';
import { renderText } from '../../../src/outputs/text/text.ts';
import { apiServerFinding, kubeletFinding, lostFile, outcomes } from '../../support/findings.ts';

const run = { id: '1', entrance: 'check', startedAt: '', finishedAt: '' } as const;

function render(inspection: Partial<Inspection>, style: { color?: boolean; quiet?: boolean } = {}): string {
  return renderText(reportRun(run, { findings: [], problems: [], ...inspection }), {
    color: false,
    quiet: false,
    ...style,
  });
}

const mixed = [
  apiServerFinding({ outcome: outcomes.fail }),
  kubeletFinding(),
  kubeletFinding({ outcome: outcomes.unknown, source: { path: 'kubelet.yaml', document: 1 } }),
];

describe('the text report', () => {
  test('shows what failed, where and why, then the fix, then the counts', () => {
    expect(render({ findings: [apiServerFinding({ outcome: outcomes.fail })] }).split('\n')).toStrictEqual([
      'FAIL     apiserver-kubelet-client-cert  Pod kube-system/kube-apiserver-cp-1  manifests/kube-apiserver.yaml:14',
      '         --kubelet-client-key is not set [missing]',
      '         found:    --kubelet-client-certificate = "/etc/kubernetes/pki/apiserver-kubelet-client.crt" (flag)',
      expect.stringMatching(/^ {9}expected: --kubelet-client-certificate and --kubelet-client-key are /),
      '',
      'To fix apiserver-kubelet-client-cert:',
      expect.stringMatching(/^ {9}Set both .{60,82}$/),
      expect.stringMatching(/^ {9}.{60,91}$/),
      expect.stringMatching(/^ {9}.*\.$/),
      expect.stringMatching(/^ {9}CIS Kubernetes Benchmark 1\.2\.4/),
      '         More: kubelet-guard explain apiserver-kubelet-client-cert',
      '',
      '1 kube-apiserver configuration fails',
      '',
    ]);
  });

  test('has one line for a pass', () => {
    expect(render({ findings: [kubeletFinding()] })).toBe(
      'PASS     kubelet-client-ca  ConfigMap kube-system/kubelet-config\n\n1 kubelet configuration passes\n',
    );
  });

  test('shows the problem and the place of an unknown finding', () => {
    expect(render({ findings: mixed })).toContain(
      'UNKNOWN  kubelet-client-ca  ConfigMap kube-system/kubelet-config  kubelet.yaml (document 2)\n' +
        '         $KEY is not known here; check the running process [unresolved]\n',
    );
  });

  test('shows the fix once for each control', () => {
    const twice = [apiServerFinding({ outcome: outcomes.fail }), apiServerFinding({ outcome: outcomes.fail })];
    expect(render({ findings: twice }).match(/To fix/g)).toHaveLength(1);
  });

  test('shows warnings, also of a pass', () => {
    const warnings = [
      {
        code: 'public-bundle',
        setting: 'x',
        message: 'a bundle of public CAs',
        origin: { layer: 'drop-in', file: '10.conf' },
      },
    ] as const;
    expect(render({ findings: [kubeletFinding({ outcome: { result: 'pass', warnings } })] })).toContain(
      '         warning: a bundle of public CAs [public-bundle] (10.conf)\n',
    );
  });

  test('shows node, evidence and container of a finding without a file', () => {
    const subject = { component: 'kubelet', name: 'kubelet', node: 'edge-1', container: 'agent' } as const;
    const source = { node: 'edge-1', via: 'configz' } as const;
    expect(render({ findings: [kubeletFinding({ subject, source })] })).toMatch(
      /^PASS {5}kubelet-client-ca {2}kubelet container agent on edge-1 \(configz\)\n/,
    );
  });

  test('shows each name only once', () => {
    const subject = { component: 'kubelet', kind: 'KubeletConfiguration', name: 'KubeletConfiguration' } as const;
    expect(render({ findings: [kubeletFinding({ subject })] })).toContain('  KubeletConfiguration  ');
  });

  test('shows in the summary that something could not be checked', () => {
    expect(render({ findings: mixed, problems: [lostFile] })).toMatch(
      /\nincomplete: 1 file was not checked, listed on standard error\nnext, for what is unknown: check the process itself, .*\n$/,
    );
    expect(render({ problems: [lostFile, lostFile] })).toBe(
      'nothing was checked\nincomplete: 2 files were not checked, listed on standard error\n',
    );
  });

  test('is empty if nothing was checked', () => {
    expect(render({})).toBe('');
  });

  test('is coloured only when asked', () => {
    expect(render({ findings: mixed }, { color: true })).toContain('\u001b[31mFAIL     \u001b[0mapiserver');
    expect(render({ findings: mixed })).not.toContain('\u001b');
  });

  test('escapes values of a file that could act on the terminal or forge a line', () => {
    const name = 'x\u001b[2J\nPASS     all is well';
    expect(render({ findings: [kubeletFinding({ subject: { component: 'kubelet', name } })] })).toContain(
      String.raw`kubelet x\u001b[2J\nPASS     all is well`,
    );
  });
});

describe('the quiet text report', () => {
  test('does not list passes', () => {
    expect(render({ findings: mixed }, { quiet: true })).not.toContain('PASS');
    expect(render({ findings: mixed }, { quiet: true })).toContain(
      '\n1 kube-apiserver configuration fails; 1 of 2 kubelet configurations is unknown\n',
    );
  });

  test('is empty if all passed', () => {
    expect(render({ findings: [kubeletFinding()] }, { quiet: true })).toBe('');
  });

  test('is not empty if something could not be checked', () => {
    expect(render({ findings: [kubeletFinding()], problems: [lostFile] }, { quiet: true })).toContain('incomplete');
  });
});
