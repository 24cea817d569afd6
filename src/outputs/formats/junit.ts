// The output format `junit`: a test suite for each control, for the test reports of CI servers.

import { millisecondsOf } from '../../policy/timestamp.ts';
import type { ReportedFinding, StreamedReport } from '../guard-report.ts';
import { escapeLine } from '../printable.ts';
import { shownResultOf } from '../shown-result.ts';
import type { RenderContext, TextStyle } from '../render.ts';
import { describeEvidence, describeFault, describeSource, describeSubject, reasonsOf } from './describe.ts';

interface Suite {
  readonly name: string;
  readonly cases: string[];
  failures: number;
  errors: number;
  skipped: number;
}

/**
 * Renders a report as JUnit XML. What failed is a failure, what is unknown an error, what is exempt is skipped. Problems of
 * the run are errors of a suite of their own, so that an incomplete run never looks like a success.
 */
export function renderJunit(
  { run, findings }: StreamedReport,
  _style: TextStyle,
  { nothing }: Pick<RenderContext, 'nothing'>,
): string {
  const suites = new Map<string, Suite>();
  const suiteOf = (name: string): Suite => {
    const suite = suites.get(name) ?? { name, cases: [], failures: 0, errors: 0, skipped: 0 };
    suites.set(name, suite);
    return suite;
  };
  for (const finding of findings) addFinding(suiteOf(finding.control), finding);
  for (const problem of run.problems) {
    const name = describeSource(problem.source, problem.line);
    addError(suiteOf(RUN), name, problem.code, describeFault(problem));
  }
  if (nothing !== undefined) addError(suiteOf(RUN), 'something was checked', 'nothing', nothing);
  const all = [...suites.values()];
  const total = (part: (suite: Suite) => number): number => all.reduce((sum, suite) => sum + part(suite), 0);
  const seconds = ((millisecondsOf(run.finishedAt) ?? 0) - (millisecondsOf(run.startedAt) ?? 0)) / 1000;
  const counts = {
    tests: total(({ cases }) => cases.length),
    failures: total(({ failures }) => failures),
    errors: total(({ errors }) => errors),
  };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    element('testsuites', { name: 'kubelet-guard', ...counts, time: Math.max(0, seconds).toFixed(3) }, [
      ...all.map(({ name, cases, failures, errors, skipped }) =>
        element(
          'testsuite',
          { name, tests: cases.length, failures, errors, skipped, time: '0.000', timestamp: run.startedAt },
          cases,
        ),
      ),
    ]),
    '',
  ].join('\n');
}

/** The suite of the run as a whole. */
const RUN = 'run';

function addFinding(suite: Suite, finding: ReportedFinding): void {
  const verdict = shownResultOf(finding);
  const [first = ''] = reasonsOf(finding);
  const parts: string[] = [];
  if (verdict === 'fail') {
    suite.failures += 1;
    const type = finding.violations[0]?.code ?? verdict;
    parts.push(element('failure', { type, message: first }, [bodyOf(finding)]));
  } else if (verdict === 'unknown') {
    suite.errors += 1;
    const type = finding.problems[0]?.code ?? verdict;
    parts.push(element('error', { type, message: first }, [bodyOf(finding)]));
  } else if (verdict === 'exempt') {
    suite.skipped += 1;
    const { reason = '', expires } = finding.exempted ?? {};
    const message = `exempt${expires === undefined ? '' : ` until ${expires}`}: ${reason}`;
    parts.push(element('skipped', { type: 'exempt', message }, [bodyOf(finding)]));
  }
  const name = `${describeSubject(finding.subject)} in ${describeSource(finding.source)}`;
  suite.cases.push(testCase(suite.name, name, parts));
}

function addError(suite: Suite, name: string, type: string, message: string): void {
  suite.errors += 1;
  suite.cases.push(testCase(suite.name, name, [element('error', { type, message }, [])]));
}

function testCase(suite: string, name: string, parts: readonly string[]): string {
  return element('testcase', { name, classname: `kubelet-guard.${suite}`, time: '0.000' }, parts);
}

/** Every reason, what was found, and how to fix it, each on its own line. */
function bodyOf(finding: ReportedFinding): string {
  const fix =
    finding.violations.length > 0 ? [`To fix it: ${finding.remediation}`, ...finding.references.slice(0, 1)] : [];
  const lines = [
    ...reasonsOf(finding),
    ...describeEvidence(finding).map((text) => `found: ${text}`),
    ...(finding.expected === undefined ? [] : [`expected: ${finding.expected}`]),
    ...fix,
    `More: kubelet-guard explain ${finding.control}`,
  ];
  return lines.map(xmlText).join('\n');
}

/** An element; text among its content must be escaped. */
function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  content: readonly string[],
): string {
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${xmlText(String(value))}"`);
  const start = `<${name}${pairs.join('')}`;
  if (content.length === 0) return `${start}/>`;
  return `${start}>${content.some((part) => part.startsWith('<')) ? `\n${content.join('\n')}\n` : content.join('\n')}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Escapes text, and replaces what XML 1.0 cannot hold. */
function xmlText(text: string): string {
  return escapeLine(text)
    .replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '')
    .replace(/[\ufffe\uffff]/g, '\ufffd');
}
