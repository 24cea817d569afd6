// The text report of a large cluster: short, the same for any order of its findings, and in memory that passes do not use.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { ReportedFinding, StreamedReport, Summary } from '../../../src/outputs/guard-report.ts';
import { outputs } from '../../../src/outputs/index.ts';
import type { RenderContext, TextStyle } from '../../../src/outputs/render.ts';
import { reportHead, summarise } from '../../../src/outputs/report.ts';
import { renderText } from '../../../src/outputs/text/text.ts';
import { findingsOf, findingsOfAll } from '../../support/many-nodes.ts';

const PLAIN: TextStyle = { color: false, quiet: false };
const CONTEXT: RenderContext = { controls: [], digest: (text) => text };
const RUN = {
  id: 'r',
  entrance: 'sweep',
  startedAt: '2026-11-23T12:00:00Z',
  finishedAt: '2026-11-23T12:00:01Z',
} as const;
function reportOf(findings: Iterable<ReportedFinding>, summary: Summary = summarise(findings)): StreamedReport {
  return { ...reportHead(RUN, [], summary), findings };
}

describe('the text of a sweep of 5,000 nodes of which 2,000 do not pass, for three reasons', () => {
  const findings = [...findingsOfAll(5000)];

  test('has at most 60 lines, and names each reason and the number of its nodes once', () => {
    const text = renderText(reportOf(findings), PLAIN);
    const lines = text.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(60);
    expect(text.match(/^FAIL .*$/gm)).toStrictEqual([
      'FAIL     kubelet-client-ca  667 kubelets (configz)',
      'FAIL     kubelet-client-ca  667 kubelets (handshake)',
      'FAIL     kubelet-anonymous-auth  667 kubelets (configz)',
      'FAIL     kubelet-authorization-mode  667 kubelets (configz)',
    ]);
    expect(text.match(/^UNKNOWN .*$/gm)).toStrictEqual([
      'UNKNOWN  kubelet-client-ca, kubelet-anonymous-auth, kubelet-authorization-mode  666 kubelets (configz)',
    ]);
    expect(text).toContain('\n1334 of 5000 kubelets fail, 666 unknown\n');
    expect(text).toContain('         node-0, node-6, node-15, node-21, node-30 and 662 more; --all lists them\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(130);
  });

  test('has one line for each finding with --output wide, and each node once with --output name', () => {
    const rendered = (name: string) =>
      outputs
        .find((output) => output.name === name)
        ?.render(reportOf(findings), PLAIN, CONTEXT)
        .split('\n');
    expect(rendered('wide')).toHaveLength(1 + 15_000 + 1);
    expect(rendered('name')).toHaveLength(2000 + 1);
  });
});

describe.each(outputs.filter(({ name }) => ['text', 'wide', 'name'].includes(name)))('--output $name', ({ render }) => {
  test.each([false, true])('is the same for any order of the findings (--all: %s)', (all) => {
    const findings = [...findingsOfAll(23)];
    const style = { ...PLAIN, all };
    const expected = render(reportOf(findings), style, CONTEXT);
    fc.assert(
      fc.property(fc.shuffledSubarray(findings, { minLength: findings.length }), (shuffled) => {
        expect(render(reportOf(shuffled), style, CONTEXT)).toBe(expected);
      }),
    );
  });

  test('has no text that acts on a terminal, whatever the names are', () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 253 });
    fc.assert(
      fc.property(text, text, text, (name, message, code) => {
        const [finding] = findingsOf(0);
        if (finding === undefined) return;
        const hostile: ReportedFinding = {
          ...finding,
          subject: { component: 'kubelet', kind: 'Node', name: `\u001b[2J\n\u202e${name}`, node: name },
          source: { node: name, via: code },
          violations: [{ code, setting: name, message: `\nPASS ${message}`, file: message }],
          expected: message,
          references: [`\nPASS ${code}`],
          remediation: `a\n${message}`,
        };
        const lines = render(reportOf([hostile]), PLAIN, CONTEXT).split('\n');
        expect(lines.some((line) => line.startsWith('PASS'))).toBe(false);
        // eslint-disable-next-line no-control-regex -- control characters are the point
        expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });
});

test('the memory of the text does not grow with the nodes that pass', () => {
  const before = process.memoryUsage().heapUsed;
  function* passing(): Generator<ReportedFinding> {
    const [finding] = findingsOf(2);
    for (let index = 0; finding !== undefined && index < 20_000; index += 1) {
      const name = `n-${String(index)}`;
      // 800 MB if all were kept
      yield Object.assign(
        { ...finding, subject: { ...finding.subject, name, node: name } },
        { ballast: Array(5000).fill(index) },
      );
    }
  }
  expect(renderText(reportOf(passing(), { pass: 20_000, fail: 0, unknown: 0 }), PLAIN)).toBe(
    'PASS     kubelet-client-ca  20000 kubelets: n-0, n-1, n-2, n-3, n-4 and 19995 more; --all lists them\n\n20000 kubelets pass\n',
  );
  expect((process.memoryUsage().heapUsed - before) / 1024 / 1024).toBeLessThan(300);
});
