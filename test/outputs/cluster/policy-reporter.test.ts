// How Policy Reporter keys the rows of reports, and that ours have a key of their own. Read in kyverno/policy-reporter:
// pkg/report/result/id_generator.go (the id of a row), pkg/database/model.go (the id is the primary key of all rows; the id of
// a resource groups rows), pkg/listener/new_result.go (a row whose id is new is announced).

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { controls } from '../../../src/controls/index.ts';
import { renderReport, type ReportEntry } from '../../../src/outputs/cluster/policy-report.ts';
import type { ReportSubject } from '../../../src/outputs/cluster/objects.ts';
import { summaryOf, toStoredFinding } from '../../../src/policy/decision/drift.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import type { Outcome } from '../../../src/policy/outcome.ts';
import { digest } from '../../../src/runtime/digest.ts';
import { apiServerFinding, kubeletFinding, outcomes } from '../../support/findings.ts';

type Report = ReturnType<typeof renderReport>;
type Row = Report['results'][number];

const PLANE = { kind: 'control-plane' } as const;
const T1 = '2026-11-23T06:00:00.000Z';
const T2 = '2026-11-23T06:10:00.000Z';

/** The id of a row: the property, else a hash of these fields. Here the fields themselves, because a hash only loses. */
function idOf({ scope }: Report, row: Row, ignore?: 'resultID'): string {
  const { resultID } = row.properties;
  if (resultID !== undefined && ignore === undefined) return resultID;
  const { name, uid } = scope ?? row.resources[0] ?? { name: '' };
  return JSON.stringify([name, uid, row.policy, row.rule, row.result, row.category, row.message]);
}

/** The id of the resource that a row is shown under. */
function resourceIdOf({ scope }: Report, { resources }: Row): string {
  const { namespace, name, kind, apiVersion } = resources[0] ?? scope ?? { kind: '', name: '' };
  return JSON.stringify([namespace, name, kind, apiVersion]);
}

function render(about: ReportSubject, findings: readonly Finding[], at = T1, exempt = false): Report {
  const exemption = exempt ? { control: 'x', subject: 'y', reason: 'r', expires: '2027-01-31' } : undefined;
  const entries = findings.map((finding): ReportEntry => {
    return { finding, remembered: toStoredFinding(summaryOf(finding), undefined, at), exemption };
  });
  return renderReport('wgpolicyk8s', about, entries, digest);
}

function ids(report: Report): string[] {
  return report.results.map((row) => idOf(report, row));
}

function askedServer(name: string, outcome: Outcome): Finding {
  return apiServerFinding({
    subject: { component: 'kube-apiserver', name },
    source: { node: name, via: 'flagz' },
    vantage: 'live',
    outcome,
  });
}

describe('Policy Reporter', () => {
  test.each(['fail', 'unknown', 'pass'] as const)(
    'shows each of three kube-apiservers that only /flagz shows, and whose results are all %s',
    (result) => {
      const servers = ['10.0.0.1:6443', '10.0.0.2:6443', '10.0.0.3:6443'];
      const report = render(
        PLANE,
        servers.map((name) => askedServer(name, outcomes[result])),
      );

      expect(new Set(ids(report)).size).toBe(3);
      expect(new Set(report.results.map((row) => idOf(report, row, 'resultID'))).size).toBe(3);
      expect(new Set(report.results.map((row) => resourceIdOf(report, row))).size).toBe(3);
      expect(report.results.map(({ resources }) => resources)).toEqual(
        servers.map((name) => [{ kind: 'KubeAPIServer', name }]),
      );
    },
  );

  test('announces a row whose result or faults have changed, and an exemption that ended', () => {
    const other = { ...outcomes.fail.violations[0], code: 'empty' };
    const changes: readonly Outcome[] = [
      outcomes.pass,
      outcomes.unknown,
      outcomes.fail,
      { ...outcomes.fail, violations: [other] },
    ];
    const all = [
      ...changes.map((outcome) => render(PLANE, [askedServer('a', outcome)])),
      render(PLANE, [askedServer('a', outcomes.fail)], T1, true),
    ];

    expect(new Set(all.flatMap(ids)).size).toBe(all.length);
  });

  test('does not announce a row again because of other words, another time or other evidence', () => {
    const [violation] = outcomes.fail.violations;
    const before = askedServer('a', outcomes.fail);
    const after = askedServer('a', { ...outcomes.fail, violations: [{ ...violation, message: 'in 3 days' }] });

    expect(ids(render(PLANE, [{ ...after, vantage: 'on-node', source: { node: 'a', via: 'host' } }], T2))).toEqual(
      ids(render(PLANE, [before])),
    );
  });

  test('shows every row of a sweep once, and the same rows after the next one', () => {
    const node = fc.constantFrom('a', 'b', 'c', 'd');
    const finding = fc.record({
      control: fc.constantFrom(...controls),
      result: fc.constantFrom('pass' as const, 'fail' as const, 'unknown' as const),
    });
    const server = fc.record({ name: node, kind: fc.constantFrom('Pod', 'ConfigMap', undefined), result: finding });
    const sweep = fc.record({
      nodes: fc.dictionary(node, fc.uniqueArray(finding, { selector: ({ control }) => control.slug, maxLength: 6 })),
      // several documents can have one name
      plane: fc.array(server, { maxLength: 12 }),
    });
    fc.assert(
      fc.property(sweep, ({ nodes, plane }) => {
        const reports = (at: string): Report[] => [
          ...Object.entries(nodes).map(([name, found]) =>
            render(
              { kind: 'node', name, uid: `uid-${name}` },
              found.map(({ control, result }) =>
                kubeletFinding({
                  control,
                  subject: { component: 'kubelet', kind: 'Node', name, node: name },
                  outcome: outcomes[result],
                }),
              ),
              at,
            ),
          ),
          render(
            PLANE,
            plane.map(({ name, kind, result }) =>
              apiServerFinding({
                control: result.control,
                subject: { component: 'kube-apiserver', name, ...(kind && { kind, namespace: 'kube-system' }) },
                outcome: outcomes[result.result],
              }),
            ),
            at,
          ),
        ];
        const first = reports(T1).flatMap(ids);

        expect(new Set(first).size).toBe(first.length);
        expect(reports(T2).flatMap(ids)).toEqual(first);
      }),
    );
  });

  test('shows the row that counts what does not fit, once for each report', () => {
    const many = Array.from({ length: 300 }, (_, index) => askedServer(`s${index}`, outcomes.pass));
    const about = (name: string) => ({ kind: 'node', name, uid: `uid-${name}` }) as const;
    const reports = [render(PLANE, many), render(about('a'), many), render(about('b'), many)];
    const last = reports.map((report) => report.results.at(-1));

    expect(new Set(reports.flatMap(ids)).size).toBe(3 * 201);
    expect(last.map((row) => row?.resources[0]?.name)).toEqual(['kubelet-guard-control-plane', 'a', 'b']);
  });
});
