// --control, --benchmark-id, --node and --result: what counts, what is listed, and what the report says about it.
import { readFileSync } from 'node:fs';

import { Ajv } from 'ajv';
import { describe, expect, test } from '@jest/globals';

import { controls } from '../../src/controls/index.ts';
import type { GuardReport } from '../../src/outputs/guard-report.ts';
import { isSelected, missedNodes, selectPart } from '../../src/outputs/selection.ts';
import { nothingSelected, selectionOf } from '../../src/commands/selection.ts';
import { runCli } from '../support/run-cli.ts';

const SAMPLES = new URL('../../samples', import.meta.url).pathname;
const schema: unknown = JSON.parse(
  readFileSync(new URL('../../schema/guard-report.schema.json', import.meta.url), 'utf8'),
);
const validate = new Ajv({ strict: false }).compile(schema as object);

async function check(...args: string[]) {
  return runCli(['check', SAMPLES, ...args]);
}

async function reportOf(...args: string[]): Promise<GuardReport> {
  const parsed: unknown = JSON.parse((await check('-o', 'json', ...args)).stdout);
  expect([validate(parsed), validate.errors ?? []]).toStrictEqual([true, []]);
  return parsed as GuardReport;
}

function slugsOf({ findings }: GuardReport): string[] {
  return [...new Set(findings.map(({ control }) => control))].sort();
}

describe('--control and --benchmark-id', () => {
  test('select what counts, in the summary and the exit code', async () => {
    const whole = await reportOf();
    const report = await reportOf('--control', 'kubelet-client-ca');
    expect(report.findings).toStrictEqual(whole.findings.filter(({ control }) => control === 'kubelet-client-ca'));
    expect(report.summary).toStrictEqual({ pass: 1, fail: 2, unknown: 0 });
    expect(report.run.selection).toStrictEqual({ controls: ['kubelet-client-ca'] });
    expect(whole.run.selection).toBeUndefined();
    expect(await check('--control', 'apiserver-kubelet-ca,kubelet-anonymous-auth')).toMatchObject({ status: 1 });
  });

  test.each([
    ['4.2.3', ['kubelet-client-ca']],
    ['v-242420', ['kubelet-client-ca']],
    ['1.2.4', ['apiserver-kubelet-client-cert']],
    ['1.2.4,4.2.3', ['apiserver-kubelet-client-cert', 'kubelet-client-ca']],
  ])('the id %s selects %j', async (id, slugs) => {
    expect(slugsOf(await reportOf('--benchmark-id', id))).toStrictEqual(slugs);
  });

  test('can be given several times, and together select both', () => {
    expect(
      selectionOf({ control: ['kubelet-client-ca', 'apiserver-kubelet-ca'], benchmarkId: ['4.2.1'] }, controls),
    ).toStrictEqual({ controls: ['kubelet-client-ca', 'apiserver-kubelet-ca', 'kubelet-anonymous-auth'] });
    expect(selectionOf({}, controls)).toBeUndefined();
  });

  test('a name or an id that is not known is wrong use, with the nearest one', async () => {
    expect(await check('--control', 'kubelet-client-cert')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /there is no control "kubelet-client-cert"; did you mean .*; the controls are|\? the controls are/,
      ),
    });
    expect(await check('--benchmark-id', '4.2.33')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/no control has the id "4\.2\.33"; did you mean .*\? the ids are .*4\.2\.3/),
    });
    expect(await check('--control', 'kubelet-client-ca,')).toMatchObject({ status: 2 });
  });
});

describe('--node', () => {
  test('selects by name and by pattern', async () => {
    const report = await reportOf('--node', 'node-*');
    expect(report.findings.map(({ subject }) => subject.node)).toStrictEqual(['node-1']);
    expect(report.run.selection).toStrictEqual({ nodes: ['node-*'] });
    const subject = { component: 'kubelet', kind: 'Node', name: 'edge-1' } as const;
    expect(isSelected({ control: 'c', subject }, { nodes: ['x', 'edge-*'] })).toBe(true);
    expect(isSelected({ control: 'c', subject }, { nodes: ['edge'] })).toBe(false);
  });

  test('that matches nothing beside one that does makes the run incomplete: a typing error never passes', async () => {
    const good = new URL('../../samples/reviews/good.json', import.meta.url).pathname;
    expect(await runCli(['check', good, '--node', 'node-1'])).toMatchObject({ status: 0, stderr: '' });
    expect(await runCli(['check', good, '--node', 'node-1,node-2'])).toMatchObject({
      status: 3,
      stderr:
        'kubelet-guard: Node node-2: no finding is about it, so it was not checked: correct its name in --node [not-found]\n',
    });
    const report = await reportOf('--node', 'node-1,edge-*');
    expect(report.run).toMatchObject({ complete: false, problems: [{ source: { object: 'Node edge-*' } }] });
    const subject = { component: 'kubelet', kind: 'Node', name: 'node-1' } as const;
    expect(missedNodes({ nodes: ['node-*', 'node-1'] }, [{ subject }])).toStrictEqual([]);
    expect(missedNodes(undefined, [{ subject }])).toStrictEqual([]);
  });

  test('that matches nothing leaves nothing to check, and the message names the nodes', async () => {
    expect(await check('--node', 'nod-1')).toMatchObject({
      status: 3,
      stderr: 'kubelet-guard: nothing to check: no finding on nod-1; did you mean node-1? the nodes are node-1\n',
    });
    const many = Array.from({ length: 12 }, (_, at) => ({
      subject: { component: 'kubelet', kind: 'Node', name: `n${String(at)}` } as const,
    }));
    expect(nothingSelected({ nodes: ['x'] }, many)).toMatch(/; the nodes are n0, n1, n10, .* and 2 more$/);
  });
});

describe('--result', () => {
  test('lists only some results, and counts all', async () => {
    const whole = await reportOf();
    const report = await reportOf('--result', 'unknown', '--result', 'pass');
    expect(report.findings).toStrictEqual(whole.findings.filter(({ result }) => result === 'pass'));
    expect([report.summary, report.run.selection]).toStrictEqual([whole.summary, { results: ['unknown', 'pass'] }]);
    const text = await check('--result', 'pass');
    expect(text).toMatchObject({ status: 1, stdout: expect.stringMatching(/^Only result pass\n\nPASS /) });
    expect(text.stdout).not.toContain('FAIL');
    expect(text.stdout.split('\n').at(-2)).toBe((await check()).stdout.split('\n').at(-2));
  });

  test('that is not known is wrong use', async () => {
    expect(await check('--result', 'failed')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('Did you mean fail?'),
    });
  });
});

describe('the report of a part', () => {
  test('is no baseline, and cannot be written as one', async () => {
    expect(await check('--control', 'kubelet-client-ca', '--write-baseline', '/tmp/none.json')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--write-baseline needs the whole report'),
    });
    const part = (await check('-o', 'json', '--result', 'fail')).stdout;
    expect(await runCli(['check', SAMPLES, '--baseline', '/dev/stdin'], { input: part })).toMatchObject({ status: 2 });
  });

  test('of a cluster has neither its link nor its count of nodes', async () => {
    const whole = await reportOf();
    const link = { result: 'pass' } as unknown as NonNullable<GuardReport['link']>;
    const { report, counts } = selectPart(
      { ...whole, link, nodes: { pass: 1, fail: 0, unknown: 0, skipped: 0 } },
      { controls: ['kubelet-client-ca'] },
    );
    expect([report.link, report.nodes]).toStrictEqual([undefined, undefined]);
    expect([report.summary, counts.exitCode('unknown', true)]).toStrictEqual([{ pass: 1, fail: 2, unknown: 0 }, 1]);
  });
});
