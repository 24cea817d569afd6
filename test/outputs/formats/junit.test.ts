import { execFileSync, spawnSync } from 'node:child_process';

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { reportRun } from '../../../src/outputs/report.ts';
import type { RenderContext } from '../../../src/outputs/render.ts';
import { apiServerFinding, kubeletFinding, lostFile, outcomes } from '../../support/findings.ts';
import { rendered } from '../../support/rendered.ts';
import { reports, RUN } from '../../support/reports.ts';
import { parseXml, type XmlElement } from '../../support/xml.ts';

type Report = Parameters<typeof rendered>[0]['report'];

function suitesOf(report: Report, context: Partial<RenderContext> = {}): readonly XmlElement[] {
  return parseXml(rendered({ report }, { output: 'junit', context }).output).children;
}

/** The elements and attributes that Jenkins and Surefire know. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  testsuite: ['name', 'tests', 'failures', 'errors', 'skipped', 'time', 'timestamp'],
  testcase: ['name', 'classname', 'time'],
  failure: ['type', 'message'],
  error: ['type', 'message'],
  skipped: ['type', 'message'],
};

function unknownParts({ name, attributes, children }: XmlElement): string[] {
  const known = KNOWN[name] ?? [];
  return [
    ...(name in KNOWN ? [] : [name]),
    ...Object.keys(attributes).filter((attribute) => !known.includes(attribute)),
    ...children.flatMap(unknownParts),
  ];
}

const report = reportRun(
  RUN,
  {
    findings: [
      apiServerFinding(),
      apiServerFinding({ outcome: outcomes.fail }),
      kubeletFinding({ outcome: outcomes.unknown }),
      kubeletFinding({ outcome: outcomes.fail, source: { path: 'exempt.yaml', document: 0 } }),
    ],
    problems: [],
  },
  ({ source }) =>
    'path' in source && source.path === 'exempt.yaml'
      ? { control: 'c', subject: 's', reason: 'vendor appliance', expires: '2027-01-31' }
      : undefined,
);

test('every report is XML with the elements and counts that readers expect', () => {
  fc.assert(
    fc.property(reports, (generated) => {
      for (const suite of suitesOf(generated)) {
        const having = (part: string): string =>
          String(suite.children.filter(({ children }) => children.some(({ name }) => name === part)).length);
        expect(unknownParts(suite)).toEqual([]);
        expect(suite.attributes).toMatchObject({
          tests: String(suite.children.length),
          failures: having('failure'),
          errors: having('error'),
          skipped: having('skipped'),
        });
      }
    }),
    { numRuns: 50 },
  );
});

const hasXmllint = spawnSync('xmllint', ['--version']).status === 0;
(hasXmllint ? test : test.skip)('another parser reads every report', () => {
  for (const generated of fc.sample(reports, { numRuns: 10, seed: 15 })) {
    const input = rendered({ report: generated }, { output: 'junit' }).output;
    execFileSync('xmllint', ['--noout', '-'], { input });
  }
});

describe('a suite', () => {
  const [apiServer, kubelet] = suitesOf(report);

  test('is a control, with a failure that has its evidence and its fix', () => {
    expect(apiServer?.attributes).toMatchObject({ name: 'apiserver-kubelet-client-cert', tests: '2', failures: '1' });
    const [failure] = apiServer?.children[1]?.children ?? [];
    expect(failure).toMatchObject({ name: 'failure', attributes: { type: 'missing' } });
    expect(failure?.text).toMatch(/^--kubelet-client-key is not set \[missing\] \(line 14\)$/m);
    expect(failure?.text).toMatch(/^found: --kubelet-client-certificate = /m);
    expect(failure?.text).toMatch(/^To fix it: Set both/m);
  });

  test('has an error for what is unknown, and skips what is exempt with its reason', () => {
    const [unknown, exempt] = kubelet?.children ?? [];
    expect(unknown?.children[0]).toMatchObject({ name: 'error', attributes: { type: 'unresolved' } });
    expect(exempt?.children[0]).toMatchObject({
      name: 'skipped',
      attributes: { message: 'exempt until 2027-01-31: vendor appliance' },
    });
  });
});

test('an incomplete run, and one that checked nothing, have errors', () => {
  const incomplete = suitesOf(reportRun(RUN, { findings: [apiServerFinding()], problems: [lostFile] }));
  expect(incomplete.map(({ attributes }) => [attributes.name, attributes.errors])).toEqual([
    ['apiserver-kubelet-client-cert', '0'],
    ['run', '1'],
  ]);
  const empty = reportRun(RUN, { findings: [], problems: [] });
  expect(suitesOf(empty)).toEqual([]);
  expect(suitesOf(empty, { nothing: 'nothing to check' })[0]?.children[0]?.children[0]).toMatchObject({
    name: 'error',
    attributes: { message: 'nothing to check' },
  });
});
