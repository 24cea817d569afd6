// Documents of real distributions and the reports expected for them. UPDATE_GOLDEN=1 rewrites the reports. Read each
// changed line then: a golden file is right because a person has checked it, not because the program printed it.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { env } from 'node:process';

import { describe, expect, test } from '@jest/globals';

import { controls as all } from '../src/controls/index.ts';
import { check } from '../src/commands/check/check.ts';
import { kubeletSettings, type DropIn, type ConfigFile } from '../src/facts/kubelet/kubelet.ts';
import { inspect } from '../src/inspect.ts';
import { evaluate } from '../src/policy/evaluate.ts';
import type { RawDocument } from '../src/policy/document.ts';
import type { SourceProblem } from '../src/policy/reading.ts';
import type { Subject } from '../src/policy/subject.ts';
import type { GuardReport } from '../src/outputs/guard-report.ts';
import { renderJson } from '../src/outputs/formats/json.ts';
import { reportRun } from '../src/outputs/report.ts';
import { readPaths } from '../src/evidence/files/read-paths.ts';
import { AMPLE, ample } from './support/budget.ts';
import { rendered } from './support/rendered.ts';

// `check` without a configuration does not use the supporting controls either.
const controls = all.filter(({ supporting }) => supporting !== true);
const root = join(import.meta.dirname, 'golden');
const distributions = readdirSync(root).sort();

/** A kubelet's command line, one argument on each line; its files are below `root/`. */
const ARGV = 'kubelet.argv';
const REPORT = 'report.json';

function filesOf(distribution: string): string[] {
  const folder = join(root, distribution);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

/** What `check FOLDER` reads, with paths that are the same on every machine. */
async function* documentsOf(distribution: string): AsyncGenerator<RawDocument | SourceProblem> {
  const folder = join(root, distribution);
  const named = (path: string): string => relative(folder, path).split(sep).join('/');
  for await (const document of readPaths([folder], noInput)) {
    if ('problem' in document) yield document;
    else if (named(document.path) !== REPORT) yield { ...document, path: named(document.path) };
  }
}

function noInput(): never {
  throw new Error('standard input was not named');
}

/** A kubelet with its files, as the node audit would find it. */
function kubeletOf(distribution: string): Subject[] {
  const files = filesOf(distribution);
  if (!files.includes(ARGV)) return [];
  const read = (path: string): string => readFileSync(join(root, distribution, path), 'utf8');
  const readFile = (path: string): ConfigFile =>
    files.includes(`root${path}`) ? { state: 'read', text: read(`root${path}`) } : { state: 'missing' };
  const readDropIns = (directory: string): readonly DropIn[] =>
    files
      .filter((path) => path.startsWith(`root${directory}/`) && path.endsWith('.conf'))
      .map((path) => ({ path: path.slice('root'.length), text: read(path) }));
  const args = read(ARGV)
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((text) => ({ text }));
  const { serves, ...settings } = kubeletSettings({ budget: ample(), args, readFile, readDropIns });
  const subject: Subject = {
    component: 'kubelet',
    name: { component: 'kubelet', name: 'node-1', kind: 'Node', node: 'node-1' },
    source: { node: 'node-1', via: 'proc' },
    vantage: 'on-node',
    surface: 'kubelet-config',
    ...settings,
  };
  return serves ? [subject] : [];
}

/** The report of a distribution, with a run that never changes. */
async function reportOf(distribution: string): Promise<string> {
  const answer = await check(
    { failOn: 'fail' },
    {
      inspect: (document) => inspect(controls, [document], AMPLE),
      documents: documentsOf(distribution),
      runId: 'golden',
      now: () => new Date(0),
    },
  );
  const { output } = rendered(answer);
  const report = JSON.parse(output) as GuardReport;
  const { findings } = reportRun(report.run, { findings: evaluate(controls, kubeletOf(distribution)), problems: [] });
  if (findings.length === 0) return output;
  const all = [...report.findings, ...findings];
  const count = (wanted: string): number => all.filter(({ result }) => result === wanted).length;
  const summary = { pass: count('pass'), fail: count('fail'), unknown: count('unknown') };
  return renderJson({ ...report, summary, findings: all });
}

describe('the report is as recorded for', () => {
  test.each(distributions)('%s', async (distribution) => {
    const path = join(root, distribution, REPORT);
    const report = await reportOf(distribution);
    if (env.UPDATE_GOLDEN === '1') writeFileSync(path, report);
    expect(readFileSync(path, 'utf8')).toBe(report);
  });
});

test('every folder holds documents and their report', () => {
  expect(distributions).toStrictEqual([
    'aks',
    'eks',
    'gardener',
    'gce',
    'hypershift',
    'k3s',
    'kamaji',
    'karmada',
    'kind',
    'kops',
    'kubeadm',
    'microk8s',
    'openshift',
    'rke2',
    'talos',
  ]);
  for (const distribution of distributions) {
    expect(filesOf(distribution)).toContain(REPORT);
    expect(filesOf(distribution).length).toBeGreaterThan(1);
  }
});

test('every document has a finding, or the reason why it has none', () => {
  const withoutFinding = distributions.flatMap((distribution) => {
    const report = readFileSync(join(root, distribution, REPORT), 'utf8');
    return filesOf(distribution)
      .filter((path) => path !== REPORT && path !== ARGV && !report.includes(`"path": ${JSON.stringify(path)}`))
      .map((path) => `${distribution}/${path}`);
  });
  expect(withoutFinding).toStrictEqual([]);
});
