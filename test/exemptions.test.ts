import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';

import { countsOf } from '../src/commands/serve/sweeper/counts.ts';
import { eventSink } from '../src/kube/objects/events.ts';
import { reportClient } from '../src/kube/objects/reports.ts';
import { reportStream } from '../src/outputs/report.ts';
import type { GuardReport } from '../src/outputs/guard-report.ts';
import { concludeRun, exemptionsAt } from '../src/outputs/run.ts';
import { digest } from '../src/runtime/digest.ts';
import { createMetrics } from '../src/runtime/metrics/metrics.ts';
import { createHistory } from '../src/sweeper/reports/history.ts';
import type { SweepResult } from '../src/sweeper/run/sweep.ts';
import { rendered } from './support/rendered.ts';
import { reportWorld, WG, type ReportWorld } from './sweeper/reports/report-world.ts';
import { configz, evidence, node, run, stream } from './sweeper/run/cluster.ts';

const CONTROL = 'kubelet-client-ca';
const NODES = ['exempt', 'good', 'other'];
const EXEMPTION = { control: CONTROL, subject: 'node/exempt', reason: 'an appliance', expires: '2026-11-23' };
const RULES = join(import.meta.dirname, '../manifests/monitoring/prometheus-rule.yaml');
const ignore = (): void => undefined;

interface Rules {
  readonly spec: {
    readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
  };
}

interface StoredCounts {
  readonly metadata: { readonly name: string };
  readonly summary: Readonly<Record<string, number>>;
}

/** Three nodes of which one has no client CA, swept with its exemption. */
class Scenario {
  readonly world: ReportWorld = reportWorld(WG);
  readonly #history = createHistory({
    reports: reportClient(this.world.api),
    announce: eventSink(this.world.api),
    digest,
    setting: () => 'auto',
    callbacks: {
      onApiChosen: ignore,
      onWrite: ignore,
      onReadError: ignore,
      onLeftBehind: ignore,
      onUnreadable: ignore,
    },
  });

  sweep(time: string, isFixed = false): Promise<SweepResult> {
    const broken = isFixed ? [] : ['exempt'];
    return run(
      {
        history: this.#history,
        now: () => new Date(time),
        nodes: () => stream([NODES.map((name) => node(name))]),
        evidence: [evidence('configz', (name) => configz(name, broken.includes(name) ? undefined : '/ca.crt'))],
      },
      undefined,
      { exemptions: [EXEMPTION], exemptionFor: exemptionsAt([EXEMPTION], time) },
    );
  }

  events(): unknown[] {
    return this.world.events().map(({ reason }) => reason);
  }

  /** What the PolicyReports of all nodes count. */
  reported(): Record<string, number> {
    const total = { pass: 0, fail: 0, error: 0, skip: 0 };
    for (const { metadata, summary } of this.world.reports() as unknown as StoredCounts[]) {
      if (!metadata.name.startsWith('kubelet-guard-node-')) continue;
      for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += summary[key] ?? 0;
    }
    return total;
  }
}

function answerOf(result: SweepResult) {
  const { counts, exemptionFor } = result;
  const report = reportStream(result, () => result.findings.all(), exemptionFor);
  const outcome = { report, counts, notes: [], nothing: undefined };
  return concludeRun(outcome, { failOn: 'unknown' });
}

async function metricsOf(result: SweepResult): Promise<string[]> {
  const { sweep, text } = createMetrics('1.2.3', []);
  sweep.counts(countsOf(result));
  return (await text()).split('\n');
}

function sample(metrics: readonly string[], start: string): number {
  const found = metrics.find((line) => line.startsWith(`${start} `));
  return Number(found?.split(' ')[1]);
}

function matches(line: string, [, label = '', operator = '', values = '']: readonly string[]): boolean {
  const [, value = ''] = new RegExp(`${label}="([^"]*)"`).exec(line) ?? [];
  return values.split('|').includes(value) === operator.startsWith('=');
}

/** The shipped alerts about findings that fire: one of the samples that they select is above 0. */
function firing(metrics: readonly string[]): string[] {
  const rules = (parse(readFileSync(RULES, 'utf8')) as Rules).spec.groups.flatMap((group) => group.rules);
  return rules
    .filter(({ expr }) =>
      [...expr.matchAll(/kubelet_guard_findings\{([^}]*)\}/g)].some(([, inside = '']) => {
        const wanted = [...inside.matchAll(/(\w+)([=!~]+)"([^"]*)"/g)];
        return metrics
          .filter(
            (line) => line.startsWith('kubelet_guard_findings{') && wanted.every((matcher) => matches(line, matcher)),
          )
          .some((line) => Number(line.split(' ')[1]) > 0);
      }),
    )
    .map(({ alert }) => alert);
}

describe('one node of three fails and is exempt', () => {
  const scenario = new Scenario();
  let result: SweepResult;
  let metrics: string[];
  let json: GuardReport;
  beforeAll(async () => {
    result = await scenario.sweep('2026-11-23T12:00:00.000Z');
    metrics = await metricsOf(result);
    json = JSON.parse(rendered(answerOf(result)).output) as GuardReport;
  });

  test('the summary, the metric and the PolicyReports count it once, as exempt', () => {
    const exempt = json.findings.filter(({ exempted }) => exempted !== undefined);
    expect(exempt).toMatchObject([{ control: CONTROL, result: 'fail', subject: { name: 'exempt' } }]);
    expect(exempt[0]?.exempted).toEqual({
      reason: EXEMPTION.reason,
      expires: EXEMPTION.expires,
      subject: EXEMPTION.subject,
    });
    expect(json.exemptions).toEqual([EXEMPTION]);
    expect(json.summary).toMatchObject({ fail: 0, unknown: 0, exempted: 1 });
    expect(json.summary.pass).toBe(json.findings.length - 1);
    const ofControl = (kind: string) =>
      sample(metrics, `kubelet_guard_findings{control="${CONTROL}",result="${kind}",vantage="live"}`);
    expect(['pass', 'fail', 'unknown', 'exempt'].map(ofControl)).toEqual([2, 0, 0, 1]);
    const ofNodes = json.findings.filter(({ subject }) => subject.kind === 'Node');
    expect(scenario.reported()).toEqual({ pass: ofNodes.length - 1, fail: 0, error: 0, skip: 1 });
  });

  test('the node and its end of the link count as exempt, and the link passes by the others', () => {
    expect(json.nodes).toMatchObject({ pass: 2, fail: 0, unknown: 0, exempted: 1 });
    const ofNodes = (kind: string) => sample(metrics, `kubelet_guard_sweep_nodes{result="${kind}"}`);
    expect(['pass', 'fail', 'unknown', 'exempt'].map(ofNodes)).toEqual([2, 0, 0, 1]);
    expect(json.link).toMatchObject({ result: 'pass', kubelets: { pass: 2, fail: 0, unknown: 0, exempted: 1 } });
  });

  test('the text says so, with the reason, and the exit code is 0', () => {
    const { output, exitCode } = rendered(answerOf(result), { output: 'text' });
    expect(exitCode).toBe(0);
    expect(output).toContain('EXEMPT');
    expect(output).toContain('an appliance');
    expect(output).toMatch(/\b1 (is )?exempt\b/);
    expect(output).not.toMatch(/\bFAIL\b|\b[1-9]\d* failed\b/);
  });

  test('no alert fires and no Event says that it fails', () => {
    expect(firing(metrics)).toEqual([]);
    expect(scenario.events()).toEqual([]);
  });
});

test('on the day after its last one, everything says that the finding fails, and one Event is made', async () => {
  const scenario = new Scenario();
  await scenario.sweep('2026-11-23T12:00:00.000Z');
  const result = await scenario.sweep('2026-11-24T12:00:00.000Z');
  await scenario.sweep('2026-11-24T12:10:00.000Z');

  expect(answerOf(result)).toMatchObject({
    exitCode: 1,
    report: {
      summary: { fail: 1 },
      exemptions: [{ ...EXEMPTION, expired: true }],
      link: { result: 'fail' },
      nodes: { fail: 1 },
    },
  });
  expect(firing(await metricsOf(result))).toContain('KubeletGuardViolation');
  expect(scenario.reported()).toMatchObject({ fail: 1, skip: 0 });
  expect(scenario.events()).toEqual(['KubeletGuardViolation']);
  const [event] = scenario.world.events();
  expect(event?.message).toContain('2026-11-23T12:00:00.000Z');
});
