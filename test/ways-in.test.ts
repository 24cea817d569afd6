// A document has the same findings wherever it is read: in a file, in a List, in a sweep, as
// a static pod, at admission, as the configuration file of a host's kubelet.

import { describe, expect, test } from '@jest/globals';

import { controls } from '../src/controls/index.ts';
import { check } from '../src/commands/check/check.ts';
import { createValidator } from '../src/webhook/validator.ts';
import { createObjectCache } from '../src/webhook/object-cache.ts';
import { decodeReview } from '../src/webhook/admission-review.ts';
import { parseStream } from '../src/facts/yaml/documents.ts';
import { ADMISSION_RESOURCES, inspect } from '../src/inspect.ts';
import type { RawDocument } from '../src/policy/document.ts';
import type { DecisionPolicy } from '../src/policy/finding.ts';
import type { GuardReport } from '../src/outputs/guard-report.ts';
import { reportRun } from '../src/outputs/report.ts';
import { processOf } from './facts/host/documents.ts';
import { run as sweepOf, stream } from './sweeper/run/cluster.ts';
import { fixturesOf, type Fixture } from './support/fixtures.ts';
import { AMPLE, ample } from './support/budget.ts';
import { rendered } from './support/rendered.ts';

/** Fixtures that no API server would send, because it cannot decode them. */
const NOT_DECODABLE: ReadonlySet<string> = new Set([
  'apiserver-kubelet-client-cert/unknown/pod-that-cannot-be-decoded',
]);

/** Supporting controls too. */
const EVERYTHING: DecisionPolicy = { action: () => 'enforce', onUnknown: 'deny', exemptions: [] };

const RUN = { id: 'run', entrance: 'check', startedAt: '', finishedAt: '' } as const;

/** The fields that every object of the API has. */
interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
}

/** The findings without the fields that depend on where the document was read, and without other named fields. */
function stripped({ findings }: Pick<GuardReport, 'findings'>, ...others: readonly string[]): unknown {
  const left = ['source', 'vantage', 'line', 'lookedAt', ...others];
  return JSON.parse(JSON.stringify(findings, (name, value: unknown) => (left.includes(name) ? undefined : value)));
}

async function* one(document: RawDocument): AsyncGenerator<RawDocument> {
  yield await Promise.resolve(document);
}

async function throughFile({ name, text }: Fixture): Promise<GuardReport> {
  const options = {
    policy: EVERYTHING,
    failOn: 'fail',
  } as const;
  const answer = await check(options, {
    inspect: (document) => inspect(controls, [document], AMPLE),
    documents: one({ form: 'text', path: `${name}.yaml`, text }),
    runId: 'run',
    now: () => new Date(0),
  });
  return JSON.parse(rendered(answer).output) as GuardReport;
}

/** The report on a document that reaches the pipeline without `check`. */
function reportOn(document: RawDocument): GuardReport {
  return reportRun(RUN, inspect(controls, [document], AMPLE));
}

function throughList(fixture: Fixture): GuardReport {
  const list = { apiVersion: 'v1', kind: 'List', items: [objectOf(fixture)] };
  return reportOn({ form: 'text', path: `${fixture.name}.json`, text: JSON.stringify(list) });
}

/** A sweep of a cluster that has the object and no nodes. */
async function throughSweep(fixture: Fixture): Promise<GuardReport> {
  const value = objectOf(fixture);
  const source = { object: fixture.name };
  const { findings: found } = await sweepOf({
    objects: () => stream<RawDocument>([{ form: 'object', source, vantage: 'running', value }]),
    nodes: () => stream([[]]),
    askApiServers: undefined,
  });
  // the other findings say that no kube-apiserver or kubelet can be seen
  const findings = Array.from(found.all()).filter((finding) => 'object' in finding.source);
  return reportRun(RUN, { findings, problems: [] });
}

/** A kubelet reads static pods from its own files. */
function throughStaticPods({ name, text }: Fixture): GuardReport {
  const files = { [`/manifests/${name}.yaml`]: text };
  return reportOn(processOf('kubelet', ['--pod-manifest-path=/manifests'], files, { view: 'static-pods' }));
}

/** The answer of the webhook to the creation of a fixture's object, as an API server would send it. */
function throughWebhook(fixture: Fixture): GuardReport {
  const object = objectOf(fixture);
  const { name, namespace } = object.metadata;
  const { kind } = object;
  const resource = ADMISSION_RESOURCES.find((known) => known.kind === kind);
  const request = { uid: 'u', operation: 'CREATE', kind: { kind }, resource, name, namespace, object };
  const decoded = decodeReview(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }));
  if (!('request' in decoded)) throw new Error(decoded.reason);
  const decision = createValidator({
    allowance: AMPLE,
    stored: () => [],
    configuration: () => ({ controls, policy: EVERYTHING, namespaces: new Set([namespace]) }),
    cache: createObjectCache(() => new Date(0)),
    now: () => new Date(0),
  })(decoded.request);
  if (decision === undefined) throw new Error('the webhook does not check the fixture');
  const { denied, warned, allowed } = decision;
  const report = reportRun(RUN, { findings: [...denied, ...warned], problems: [] });
  expect(allowed).toBe(report.summary.fail + report.summary.unknown === 0);
  return report;
}

/** A kubelet that runs with the fixture as its configuration file. */
function throughHost({ text }: Fixture): GuardReport {
  return reportOn(processOf('kubelet', ['--config=/c.yaml'], { '/c.yaml': text }));
}

/** Every finding as its control, result and codes. */
function verdicts({ findings }: Pick<GuardReport, 'findings'>): string[] {
  return findings.map(({ control, result, violations, problems }) =>
    [control, result, ...[...violations, ...problems].map(({ code }) => code)].join(' '),
  );
}

/** The one document of a fixture. */
function objectOf({ id, text }: Fixture): Named {
  const [document] = parseStream(text, ample());
  if (document === undefined || 'problem' in document) throw new Error(`${id} holds no object`);
  return document.value as Named;
}

const fixtures = controls.flatMap(({ slug }) => fixturesOf(slug));
const sent = fixtures.filter(
  (fixture) =>
    !NOT_DECODABLE.has(fixture.id) && ADMISSION_RESOURCES.some(({ kind }) => kind === objectOf(fixture).kind),
);

test('every control has fixtures that an API server can send', () => {
  expect(new Set(sent.map(({ slug }) => slug)).size).toBe(controls.length);
  expect(sent.length).toBeGreaterThan(60);
});

describe('each fixture has the result of its folder in a file', () => {
  test.each(fixtures)('$id', async (fixture) => {
    const { findings } = await throughFile(fixture);
    const ofControl = findings.filter(({ control }) => control === fixture.slug);
    expect(ofControl.map(({ result }) => result)).toStrictEqual([fixture.result]);
  });
});

describe('each fixture has the same findings in a List', () => {
  test.each(fixtures)('$id', async (fixture) => {
    const inList = stripped(throughList(fixture), 'pointer');
    expect(inList).toStrictEqual(stripped(await throughFile(fixture), 'pointer'));
  });
});

describe('an object has the same findings in a sweep', () => {
  test.each(sent)('$id', async (fixture) => {
    expect(stripped(await throughSweep(fixture))).toStrictEqual(stripped(await throughFile(fixture)));
  });
});

describe('an object has the same findings at admission', () => {
  test.each(sent)('$id', async (fixture) => {
    const { findings } = await throughFile(fixture);
    // an admission answer does not name what passes without a warning
    const named = findings.filter(({ result, warnings }) => result !== 'pass' || warnings !== undefined);
    expect(stripped(throughWebhook(fixture))).toStrictEqual(stripped({ findings: named }));
  });
});

describe('a pod has the same findings as a static pod, under the name that the kubelet gives it', () => {
  test.each(fixtures.filter((fixture) => objectOf(fixture).kind === 'Pod'))('$id', async (fixture) => {
    const { findings } = throughStaticPods(fixture);
    const { name } = objectOf(fixture).metadata;
    expect(new Set(findings.map(({ subject }) => subject.name))).toStrictEqual(new Set([`${name}-node-1`]));
    const inFile = await throughFile(fixture);
    expect(stripped({ findings }, 'name', 'node')).toStrictEqual(stripped(inFile, 'name', 'node'));
  });
});

describe("a KubeletConfiguration has the same verdicts as the file of a host's kubelet", () => {
  test.each(fixtures.filter((fixture) => objectOf(fixture).kind === 'KubeletConfiguration'))('$id', async (fixture) => {
    const inFile = verdicts(await throughFile(fixture));
    // a kubelet that runs did not start with a file that no kubelet can decode
    const isUndecodable = inFile.every((line) => line.endsWith(' would-not-start'));
    const expected = inFile.map((line) =>
      isUndecodable ? line.replace('fail would-not-start', 'unknown ambiguous') : line,
    );
    expect(verdicts(throughHost(fixture))).toStrictEqual(expected);
  });
});
