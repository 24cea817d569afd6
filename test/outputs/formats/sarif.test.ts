import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test } from '@jest/globals';
import { Ajv, type AnySchemaObject } from 'ajv';
import fc from 'fast-check';

import type { GuardReport } from '../../../src/outputs/guard-report.ts';
import { reportRun } from '../../../src/outputs/report.ts';
import type { RenderContext } from '../../../src/outputs/render.ts';
import type { Finding } from '../../../src/policy/finding.ts';
import type { SourceProblem } from '../../../src/policy/reading.ts';
import { apiServerFinding, kubeletFinding, lostFile, outcomes } from '../../support/findings.ts';
import { rendered } from '../../support/rendered.ts';
import { reports, RUN } from '../../support/reports.ts';

interface Location {
  readonly physicalLocation: {
    readonly artifactLocation: { readonly uri: string; readonly uriBaseId?: string };
    readonly region: { readonly startLine: number };
  };
  readonly logicalLocations?: readonly { readonly fullyQualifiedName: string }[];
}

interface SarifRun {
  readonly tool: { readonly driver: { readonly rules: readonly Rule[] } };
  readonly results: readonly Result[];
  readonly originalUriBaseIds: Readonly<Record<string, unknown>>;
  readonly invocations: readonly [
    {
      readonly executionSuccessful: boolean;
      readonly startTimeUtc: string;
      readonly endTimeUtc: string;
      readonly toolExecutionNotifications: readonly { level: string; locations?: readonly Location[] }[];
    },
  ];
}

interface Rule {
  readonly id: string;
  readonly name: string;
  readonly helpUri: string;
  readonly shortDescription: { readonly text: string };
  readonly fullDescription: { readonly text: string };
  readonly help: { readonly text: string };
  readonly properties: { readonly tags: readonly string[]; readonly 'security-severity': string };
}

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly kind: string;
  readonly level: string;
  readonly message: { readonly text: string };
  readonly locations: readonly Location[];
  readonly relatedLocations?: readonly Location[];
  readonly partialFingerprints: Readonly<Record<string, string>>;
  readonly suppressions?: readonly { readonly justification: string; readonly status: string }[];
}

function textOf(report: GuardReport, context: Partial<RenderContext> = {}): string {
  return rendered({ report }, { output: 'sarif', context }).output;
}

function runOf(report: GuardReport, context: Partial<RenderContext> = {}): SarifRun {
  return (JSON.parse(textOf(report, context)) as { runs: [SarifRun] }).runs[0];
}

function reported(findings: readonly Finding[], problems: readonly SourceProblem[] = []): GuardReport {
  return reportRun(RUN, { findings, problems });
}

const failing = (parts: Partial<Finding> = {}): Finding => apiServerFinding({ outcome: outcomes.fail, ...parts });

const {
  $schema: _dialect,
  id: _id,
  ...rules
} = JSON.parse(
  readFileSync(new URL('../../fixtures/schemas/sarif-2.1.0.json', import.meta.url), 'utf8'),
) as AnySchemaObject;
const validate = new Ajv({
  allErrors: true,
  strict: false,
  unicodeRegExp: false,
  formats: {
    uri: (text: string) => URL.canParse(text),
    'uri-reference': (text: string) => /^[\w.~:/?#[\]@!$&'()*+,;=%-]*$/.test(text) && !/%(?![\da-f]{2})/i.test(text),
    'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
  },
}).compile(rules);

/** The rules of the SARIF validator that GitHub names, by their ids there. */
const RULES: Readonly<Record<string, (run: SarifRun) => boolean>> = {
  'SARIF1001: the name of a rule is not its id': ({ tool }) =>
    tool.driver.rules.every(({ id, name }) => id !== name && name !== ''),
  'SARIF1002: URIs are valid': (run) =>
    locationsOf(run).every(({ uri }) => uri !== '' && URL.canParse(uri, 'file:///base/')),
  'SARIF1004: a base id is defined, and its URIs are relative': (run) =>
    locationsOf(run).every(
      ({ uri, uriBaseId }) => uriBaseId === undefined || (uriBaseId in run.originalUriBaseIds && !URL.canParse(uri)),
    ),
  'SARIF1005: the address of the help is absolute': ({ tool }) =>
    tool.driver.rules.every(({ helpUri }) => URL.canParse(helpUri)),
  'SARIF1006: the run ends after it starts': ({ invocations: [{ startTimeUtc, endTimeUtc }] }) =>
    startTimeUtc <= endTimeUtc,
  'SARIF1010: the rule of a result is the one that its index has': ({ tool, results }) =>
    results.every(({ ruleId, ruleIndex }) => tool.driver.rules[ruleIndex]?.id === ruleId),
  'GH1001: each location has an artifact': (run) => locationsOf(run).every(({ uri }) => uri !== ''),
  'GH1003: each location has a region with a line': ({ results }) =>
    results.every(({ locations }) => (locations[0]?.physicalLocation.region.startLine ?? 0) > 0),
  'GitHub: a rule has at most 10 tags, and texts of at most 1,024 characters': ({ tool }) =>
    tool.driver.rules.every(
      ({ properties, shortDescription, fullDescription }) =>
        properties.tags.length <= 10 &&
        new Set(properties.tags).size === properties.tags.length &&
        shortDescription.text.length <= 1024 &&
        fullDescription.text.length <= 1024,
    ),
  'GitHub: the fingerprint that it makes itself is left to it': ({ results }) =>
    results.every(({ partialFingerprints }) => !('primaryLocationLineHash' in partialFingerprints)),
};

function locationsOf({ results, invocations }: SarifRun): readonly { uri: string; uriBaseId?: string }[] {
  const all = [
    ...results.flatMap(({ locations, relatedLocations = [] }) => [...locations, ...relatedLocations]),
    ...invocations[0].toolExecutionNotifications.flatMap(({ locations = [] }) => locations),
  ];
  return all.map(({ physicalLocation }) => physicalLocation.artifactLocation);
}

describe('every report', () => {
  test('is valid by the schema of SARIF 2.1.0', () => {
    fc.assert(
      fc.property(reports, (report) => {
        expect(validate(JSON.parse(textOf(report))) ? null : validate.errors).toBeNull();
      }),
      { numRuns: 50 },
    );
  });

  test.each(Object.entries(RULES))('follows %s', (_name, rule) => {
    fc.assert(
      fc.property(reports, (report) => rule(runOf(report))),
      { numRuns: 30 },
    );
  });

  const multitool = process.env.SARIF_MULTITOOL ?? '';
  (multitool === '' ? test.skip : test)('has no error by the rules of the SARIF Multitool and of GitHub', () => {
    const folder = mkdtempSync(join(tmpdir(), 'kubelet-guard-sarif-'));
    try {
      const samples = [...fc.sample(reports, { numRuns: 30, seed: 15 }), everything];
      for (const [index, report] of samples.entries()) {
        writeFileSync(join(folder, `${String(index)}.sarif`), textOf(report));
      }
      // what a broken file gives shows that the rules run
      const broken = textOf(everything).replaceAll('"locations":', '"relatedLocations":');
      writeFileSync(join(folder, 'broken.sarif'), broken);
      const { stdout } = spawnSync(
        multitool,
        [
          'validate',
          join(folder, '*.sarif'),
          '--rule-kind',
          'Sarif;Gh;Ghas',
          '--level',
          'Error',
          '-o',
          join(folder, 'v'),
        ],
        { encoding: 'utf8', env: { ...process.env, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1' } },
      );
      const errors = stdout.split('\n').filter((line) => line.includes(': error '));
      expect(errors.some((line) => line.includes('broken.sarif'))).toBe(true);
      expect(errors.filter((line) => !line.includes('broken.sarif'))).toEqual([]);
      expect(stdout).toContain('Analysis completed');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Every kind of finding, source and problem. */
const everything = reportRun(
  RUN,
  {
    findings: [
      apiServerFinding(),
      failing(),
      failing({ source: { path: '-', document: 0 } }),
      failing({ source: { path: '/etc/kubernetes/a b#c.yaml', document: 1 } }),
      failing({ source: { node: 'cp-1', via: 'flagz' } }),
      kubeletFinding({ outcome: outcomes.unknown }),
      kubeletFinding({
        outcome: outcomes.fail,
        subject: { component: 'kubelet', kind: 'Node', name: 'worker-1', node: 'worker-1' },
        source: { node: 'worker-1', via: 'handshake' },
      }),
    ],
    problems: [lostFile, { ...lostFile, source: { node: 'worker-2', via: 'configz' } }],
  },
  ({ subject }) =>
    subject.kind === 'Node'
      ? { control: 'c', subject: 's', reason: 'vendor appliance, ticket 4711', expires: '2027-01-31' }
      : undefined,
);

describe('a result', () => {
  const { results } = runOf(everything);

  test('is every finding that does not pass, at its file or at the path of its object', () => {
    expect(results.map(({ locations: [first] }) => first?.physicalLocation.artifactLocation)).toEqual([
      { uri: 'manifests/kube-apiserver.yaml', uriBaseId: '%SRCROOT%' },
      { uri: 'stdin', uriBaseId: '%SRCROOT%' },
      { uri: 'file:///etc/kubernetes/a%20b%23c.yaml' },
      { uri: 'cluster/Pod/kube-system/kube-apiserver-cp-1' },
      { uri: 'cluster/ConfigMap/kube-system/kubelet-config' },
      { uri: 'cluster/Node/worker-1' },
    ]);
    expect(results[0]?.locations[0]).toMatchObject({
      physicalLocation: { region: { startLine: 14 } },
      logicalLocations: [{ fullyQualifiedName: 'Pod/kube-system/kube-apiserver-cp-1' }],
    });
  });

  test('is a note to review if it is unknown, and suppressed with its reason if it is exempt', () => {
    expect(results.map(({ kind, level, suppressions = [] }) => [kind, level, suppressions.length])).toEqual([
      ['fail', 'error', 0],
      ['fail', 'error', 0],
      ['fail', 'error', 0],
      ['fail', 'error', 0],
      ['review', 'note', 0],
      ['fail', 'error', 1],
    ]);
    expect(results[5]?.suppressions).toEqual([
      { kind: 'external', status: 'accepted', justification: 'vendor appliance, ticket 4711 (until 2027-01-31)' },
    ]);
  });

  test('has a message that begins with its subject, and says how to fix it', () => {
    expect(results[0]?.message.text).toMatch(
      /^kube-apiserver Pod kube-system\/kube-apiserver-cp-1: --kubelet-client-key is not set \[missing\] \(line 14\)\. (Expected: .*\. )?To fix it: /,
    );
  });
});

describe('a fingerprint', () => {
  const prints = (findings: readonly Finding[]): readonly string[] =>
    runOf(reported(findings)).results.map(({ partialFingerprints }) => Object.values(partialFingerprints).join());
  const moved = (line: number): Partial<Finding> => ({
    outcome: {
      ...outcomes.fail,
      violations: [{ ...outcomes.fail.violations[0], origin: { layer: 'flag', pointer: '/spec', line } }],
    },
  });

  test('stays the same if lines and documents move, and other findings come and go', () => {
    const other = kubeletFinding({ outcome: outcomes.fail });
    const [before] = prints([failing()]);
    expect(prints([apiServerFinding({ subject: other.subject }), failing(moved(99)), other])[0]).toBe(before);
    expect(prints([failing({ source: { path: './manifests//kube-apiserver.yaml', document: 7 } })])[0]).toBe(before);
  });

  test('differs by control, subject, file, and where all of these are the same', () => {
    const all = [
      failing(),
      failing(),
      failing({ control: kubeletFinding().control }),
      failing({ subject: { component: 'kube-apiserver', name: 'other' } }),
      failing({ source: { path: 'other.yaml', document: 0 } }),
    ];
    expect(new Set(prints(all)).size).toBe(all.length);
  });
});

describe('a run', () => {
  test('is successful only if it is complete and something was checked', () => {
    const [{ executionSuccessful, toolExecutionNotifications }] = runOf(everything).invocations;
    expect(executionSuccessful).toBe(false);
    expect(toolExecutionNotifications).toHaveLength(2);
    expect(runOf(reported([failing()])).invocations[0]).toMatchObject({ executionSuccessful: true });
    expect(runOf(reported([]), { nothing: 'nothing to check' }).invocations[0]).toMatchObject({
      executionSuccessful: false,
      toolExecutionNotifications: [{ level: 'error', message: { text: 'nothing to check' } }],
    });
  });

  test('has a rule for each control, by severity', () => {
    const { rules: shown } = runOf(everything).tool.driver;
    expect(shown.map(({ id, properties }) => [id, properties['security-severity']])).toEqual([
      ['apiserver-kubelet-client-cert', '8.0'],
      ['kubelet-client-ca', '8.0'],
      ['apiserver-kubelet-ca', '5.0'],
      ['kubelet-anonymous-auth', '5.0'],
      ['kubelet-authorization-mode', '5.0'],
    ]);
    expect(JSON.stringify(shown)).not.toMatch(/\[object|undefined/);
  });
});

test('a hostile name is no link and no placeholder in a message', () => {
  const subject = { component: 'kubelet', name: '[a](https://evil.example) {0}' } as const;
  const [result] = runOf(reported([failing({ subject })])).results;
  expect(result?.message.text).toContain('[a] (https://evil.example) { 0}');
});
