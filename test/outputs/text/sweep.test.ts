import { describe, expect, test } from '@jest/globals';

import type { Link } from '../../../src/policy/link/link.ts';
import type { ReportedFinding } from '../../../src/outputs/guard-report.ts';
import { reportHead } from '../../../src/outputs/report.ts';
import { renderText } from '../../../src/outputs/text/text.ts';
import type { TextStyle } from '../../../src/outputs/render.ts';
import type { SourceProblem } from '../../../src/policy/reading.ts';

const RUN = {
  id: 'r',
  entrance: 'sweep',
  startedAt: '2026-11-23T12:00:00Z',
  finishedAt: '2026-11-23T12:00:01Z',
} as const;
const LINK: Link = {
  result: 'fail',
  apiServers: [{ name: 'cp', result: 'pass' }],
  kubelets: { pass: 7, fail: 1, unknown: 0 },
  acceptedAuthorities: [{ name: 'CN=kubernetes', kubelets: 7 }],
  calls: { answered: 0, refused: 0 },
};
const PLAIN: TextStyle = { color: false, quiet: false };

function finding(name: string, changes: Partial<ReportedFinding> = {}): ReportedFinding {
  return {
    control: 'kubelet-client-ca',
    result: 'pass',
    subject: { component: 'kubelet', kind: 'Node', name, node: name },
    source: { node: name, via: 'configz' },
    vantage: 'live',
    violations: [],
    problems: [],
    evidence: [],
    references: ['CIS Kubernetes Benchmark 4.2.3'],
    remediation: 'Set it.',
    ...changes,
  };
}

const broken = finding('bad', {
  result: 'fail',
  violations: [{ code: 'missing', setting: 's', message: 's is not set' }],
  expected: 's is the path of a CA bundle',
  drift: { state: 'persisting', since: '2026-11-01T00:00:00Z' },
  otherEvidence: [
    {
      source: { object: 'ConfigMap kube-system/kubelet-config' },
      vantage: 'declared',
      result: 'pass',
      agrees: false,
      evidence: [{ setting: 's', value: '/ca.crt', layer: 'file' }],
      problems: [],
    },
  ],
});

function render(
  findings: readonly ReportedFinding[],
  style = PLAIN,
  link = LINK,
  problems: readonly SourceProblem[] = [],
): string {
  const count = (result: string) => findings.filter((one) => one.result === result).length;
  const summary = { pass: count('pass'), fail: count('fail'), unknown: count('unknown') };
  return renderText({ ...reportHead(RUN, problems, summary, { link }), findings }, style);
}

describe('the text report of a sweep', () => {
  test('shows the connection, the faults, the disagreements, the number of passes, and the fix', () => {
    const passing = Array.from({ length: 7 }, (_, index) => finding(`n${index}`));
    expect(render([...passing, broken])).toBe(`FAIL     the link between kube-apiserver and kubelets
         1 kube-apiserver presents a client certificate to kubelets
         7 of 8 kubelets ask for a client certificate, 1 does not
         7 kubelets accept certificates of CN=kubernetes

FAIL     kubelet-client-ca  kubelet on bad (configz)
         persisting since 2026-11-01T00:00:00Z
         s is not set [missing]
         expected: s is the path of a CA bundle
         disagrees: ConfigMap kube-system/kubelet-config passes: s = "/ca.crt"

PASS     kubelet-client-ca  7 kubelets: n0, n1, n2, n3, n4 and 2 more; --all lists them

To fix kubelet-client-ca:
         Set it.
         CIS Kubernetes Benchmark 4.2.3
         More: kubelet-guard explain kubelet-client-ca

1 of 8 kubelets fails
`);
  });

  test('lists a pass separately if it is resolved or contradicted', () => {
    const resolved = finding('n1', { drift: { state: 'resolved', since: '2026-11-23T12:00:00Z' } });
    expect(render([resolved, finding('n2')])).toContain(
      'PASS     kubelet-client-ca  kubelet on n1 (configz)\n         resolved since',
    );
  });

  test('lists what fails after its next start after what fails now, and counts it', () => {
    const source = { node: 'n1', via: 'proc' };
    const next = { source, vantage: 'on-node', result: 'fail', agrees: false, pending: true } as const;
    const pending = finding('n1', { otherEvidence: [{ ...next, evidence: [], problems: [] }] });
    const unknown = finding('n2', { result: 'unknown', problems: [{ code: 'timeout', message: 'no answer' }] });
    const text = render([unknown, finding('n3'), pending, broken]);
    expect(text.match(/^(?:FAIL|UNKNOWN|PASS) .* on \S+/gm)).toStrictEqual([
      'FAIL     kubelet-client-ca  kubelet on bad',
      'PASS     kubelet-client-ca  kubelet on n1',
      'UNKNOWN  kubelet-client-ca  kubelet on n2',
      'PASS     kubelet-client-ca  kubelet on n3',
    ]);
    expect(text).toContain('\n1 of 4 kubelets fails, 1 passes until its next start, 1 unknown\n');
  });

  test('is empty under --quiet if all passed', () => {
    const quiet = { color: false, quiet: true };
    expect(render([finding('n')], quiet, { ...LINK, result: 'pass' })).toBe('');
    expect(render([finding('n')], quiet)).toContain('FAIL     the link');
    const lost = { problem: { code: 'forbidden', message: 'no' }, source: { object: 'nodes' } } as const;
    expect(render([finding('n')], quiet, { ...LINK, result: 'pass' }, [lost])).toContain('incomplete: 1 problem');
  });

  test('shows why kube-apiserver is not checked, and the results of calls through it', () => {
    const link = {
      ...LINK,
      apiServers: [],
      apiServersNotApplicable: 'EKS runs it',
      calls: { answered: 3, refused: 1 },
    };
    const text = render([], PLAIN, link);
    expect(text).toContain('kube-apiserver is not checked: EKS runs it');
    expect(text).toContain('calls through kube-apiserver: 3 answered, 1 refused');
  });

  test('escapes names of CAs and nodes that could act on the terminal', () => {
    const link = { ...LINK, acceptedAuthorities: [{ name: 'CN=\u001b[2J\nPASS', kubelets: 1 }] };
    const text = render([finding('a\u001b[2J')], PLAIN, link);
    expect(text).not.toContain('\u001b');
    expect(text.split('\n').filter((line) => line.startsWith('PASS'))).toHaveLength(1);
  });

  describe('with findings that differ only in names', () => {
    const unreachable = (name: string, index: number, message = 'refused the connection'): ReportedFinding =>
      finding(name, {
        result: 'unknown',
        problems: [{ code: 'unreachable', message: `10.0.0.${index}:10250 of ${name} ${message}` }],
      });
    const many = Array.from({ length: 9 }, (_, index) => unreachable(`w-${index}`, index));

    test('shows one block with their number and the first names', () => {
      expect(render([...many, unreachable('other', 99, 'timed out')])).toContain(`
UNKNOWN  kubelet-client-ca  9 kubelets (configz)
         w-0, w-1, w-2, w-3, w-4 and 4 more; --all lists them
         e.g. 10.0.0.0:10250 of w-0 refused the connection [unreachable]
UNKNOWN  kubelet-client-ca  kubelet on other (configz)
         10.0.0.99:10250 of other timed out [unreachable]
`);
    });

    test('shows each of them with --all', () => {
      const text = render(many, { ...PLAIN, all: true });
      expect(text.match(/^UNKNOWN/gm)).toHaveLength(9);
      expect(text).not.toContain('kubelets (');
    });

    test.each([
      ['control', { control: 'kubelet-anonymous-auth' }],
      ['result', { result: 'fail' }],
      ['evidence', { evidence: [{ setting: 's', value: '/other.crt', layer: 'file' }] }],
      ['exemption', { exempted: { reason: 'ticket 4711' } }],
      ['drift', { drift: { state: 'new', since: '2026-11-23T12:00:00Z' } }],
    ] as const)('keeps apart what has another %s', (_what, changes) => {
      const text = render([unreachable('a', 1), { ...unreachable('b', 2), ...changes }]);
      expect(text).not.toContain('kubelets (');
    });

    test('escapes the names', () => {
      const hostile = [unreachable('a', 1), unreachable('b\u001b[2J\nPASS', 2)];
      expect(render(hostile)).not.toContain('\u001b');
    });
  });
});
