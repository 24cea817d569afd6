// Documents to subjects to findings, with the net that turns a crash of ours into a problem of the run.

import { Budget, thrownProblem, type Allowance } from './facts/budget.ts';
import { staticPods } from './facts/host/static-pods.ts';
import { processSubjects } from './facts/host/host.ts';
import { answerSubject, flagsSubject, helloSubject, refusedSubject, unansweredSubject } from './facts/inputs/live.ts';
import { recogniseHost } from './facts/declared/host.ts';
import { readTextDocument, type ReadDocument } from './facts/inputs/read-text.ts';
import { recognise, type Recognised } from './facts/inputs/recognise.ts';
import { decodedDocument } from './facts/yaml/documents.ts';
import { evaluate } from './policy/evaluate.ts';
import type { Control } from './policy/control.ts';
import type { FilesDocument, NamedText, ProcessDocument, RawDocument, UnansweredDocument } from './policy/document.ts';
import type { Finding, Inspection } from './policy/finding.ts';
import type { Outcome } from './policy/outcome.ts';
import type { Origin, Problem, SourceProblem } from './policy/reading.ts';

export { ADMISSION_LIMITS, type Allowance } from './facts/budget.ts';
export { ADMISSION_RESOURCES, DECLARED_RESOURCES, WATCHED_CONFIG_MAPS } from './facts/inputs/index.ts';
export type { AdmissionResource } from './facts/inputs/input.ts';

type Locate = (origin: Origin) => number | undefined;

/**
 * Documents to findings: the pipeline of every command and of the webhook. It never throws. A document that cannot be
 * understood or costs too much is a problem or an unknown finding. A crash of ours is always a problem, so that the run is
 * incomplete, and where the document is about one process, that process is unknown.
 *
 * @param controls the controls to evaluate
 * @param documents what the sources returned
 * @param allowance what may be spent on each of them
 * @returns findings in the order of the documents, with line numbers where a document is a text
 */
export function inspect(
  controls: readonly Control[],
  documents: readonly RawDocument[],
  allowance: Allowance,
): Inspection {
  const findings: Finding[] = [];
  const problems: SourceProblem[] = [];
  const parts: NamedText[] = [];
  const used: string[] = [];
  for (const document of documents) {
    const inspection = inspectSafely(controls, document, allowance);
    // loops, for there can be more than a call can have arguments
    for (const finding of inspection.findings) findings.push(finding);
    for (const problem of inspection.problems) problems.push(problem);
    for (const part of inspection.parts ?? []) parts.push(part);
    for (const path of inspection.used ?? []) used.push(path);
  }
  return { findings, problems, ...(parts.length > 0 && { parts }), ...(used.length > 0 && { used }) };
}

/** The net: everything that is thrown while a document is read or checked ends here. */
function inspectSafely(controls: readonly Control[], document: RawDocument, allowance: Allowance): Inspection {
  try {
    return inspectOne(controls, document, new Budget(allowance));
  } catch (cause) {
    const source = document.form === 'text' ? { path: document.path } : document.source;
    const problem = thrownProblem(cause, nameOf(source));
    const instead = unansweredFor(document, problem);
    const { findings } = instead ? inspectSafely(controls, instead, allowance) : { findings: [] };
    return { findings, problems: [{ problem, source }] };
  }
}

/** A process is unknown if its answer cannot be checked. */
function unansweredFor(document: RawDocument, problem: Problem): UnansweredDocument | undefined {
  switch (document.form) {
    case 'kubelet-flagz':
      return { form: 'unanswered', component: 'kubelet', wanted: 'configz', source: document.source, problem };
    case 'configz':
    case 'hello':
      return { form: 'unanswered', component: 'kubelet', wanted: document.form, source: document.source, problem };
    case 'flagz':
    case 'refused-calls':
      return { form: 'unanswered', component: 'kube-apiserver', wanted: 'flagz', source: document.source, problem };
    case 'process':
      return unansweredProcess(document, problem);
    case 'text':
    case 'files':
    case 'object':
    case 'unanswered':
      return undefined;
  }
}

function unansweredProcess({ subject, source, view }: ProcessDocument, problem: Problem) {
  if (view === 'static-pods' || !('via' in source)) return undefined;
  return { form: 'unanswered', component: subject.component, wanted: 'process', source, problem } as const;
}

function nameOf(source: SourceProblem['source']): string {
  if ('node' in source) return `the answer of ${source.node} by ${source.via}`;
  return 'object' in source ? source.object : source.path;
}

function inspectOne(controls: readonly Control[], document: RawDocument, budget: Budget): Inspection {
  const { inspected, broken, parts, used } = read(document, budget);
  const findings: Finding[] = [];
  const problems = [...broken];
  for (const { recognised, source, locate } of inspected) {
    const evaluated = evaluate(controls, recognised.subjects);
    for (const finding of evaluated) findings.push(withLines(finding, locate));
    // what was not answered has its problem from elsewhere
    const crashes = document.form === 'unanswered' ? [] : crashesIn(evaluated);
    const found = [...recognised.problems, ...crashes];
    problems.push(...found.map((problem) => ({ problem: withLine(problem, locate), source })));
  }
  return { findings, problems, ...(parts && { parts }), ...(used && { used }) };
}

/** The crashes that are kept in unknown findings, each once. */
function crashesIn(findings: readonly Finding[]): Problem[] {
  const crashes = new Map<string, Problem>();
  for (const { outcome } of findings) {
    const problems = outcome.result === 'pass' ? [] : outcome.problems;
    for (const problem of problems) if (problem.code === 'crashed') crashes.set(problem.message, problem);
  }
  return [...crashes.values()];
}

function read(document: RawDocument, budget: Budget): ReadDocument {
  if (document.form === 'text') return readTextDocument(document, budget);
  if (document.form === 'files') return readFiles(document, budget);
  if (document.form === 'process' && document.view === 'static-pods') return readStaticPods(document, budget);
  const { source } = document;
  return { inspected: [{ recognised: recogniseOne(document, budget), source, locate: () => undefined }], broken: [] };
}

function recogniseOne(document: Exclude<RawDocument, { form: 'text' | 'files' }>, budget: Budget): Recognised {
  switch (document.form) {
    case 'object':
      return recognise(decodedDocument(document.value), {
        source: document.source,
        vantage: document.vantage,
        budget,
      });
    case 'configz':
    case 'flagz':
      return { subjects: [answerSubject(document)], problems: [] };
    case 'kubelet-flagz':
      return { subjects: [flagsSubject(document)], problems: [] };
    case 'hello':
      return { subjects: [helloSubject(document)], problems: [] };
    case 'refused-calls':
      return { subjects: [refusedSubject(document)], problems: [] };
    case 'unanswered':
      return { subjects: [unansweredSubject(document)], problems: [] };
    case 'process':
      return { subjects: processSubjects(document, budget), problems: [] };
  }
}

function readStaticPods(document: Extract<RawDocument, { form: 'process' }>, budget: Budget): ReadDocument {
  const inspected = staticPods(document, budget).map(({ source, locate, ...recognised }) => ({
    recognised,
    source,
    locate,
  }));
  return { inspected, broken: [] };
}

function readFiles(document: FilesDocument, budget: Budget): ReadDocument {
  const { parts, used } = recogniseHost(document, budget);
  const inspected = parts.map(({ source, ...recognised }) => ({ recognised, source, locate: () => undefined }));
  return { inspected, broken: [], used };
}

function withLines(finding: Finding, locate: Locate): Finding {
  const { outcome } = finding;
  if (outcome.result === 'pass') return finding;
  const problems = outcome.problems.map((problem) => withLine(problem, locate));
  const located: Outcome =
    outcome.result === 'fail'
      ? { ...outcome, violations: mapAll(outcome.violations, (violation) => withLine(violation, locate)), problems }
      : { ...outcome, problems: mapAll(outcome.problems, (problem) => withLine(problem, locate)) };
  return { ...finding, outcome: located };
}

function withLine<T extends { readonly origin?: Origin }>(entry: T, locate: Locate): T {
  const line = entry.origin && locate(entry.origin);
  return line === undefined ? entry : { ...entry, origin: { ...entry.origin, line } };
}

function mapAll<T>([first, ...rest]: readonly [T, ...T[]], change: (entry: T) => T): [T, ...T[]] {
  return [change(first), ...rest.map(change)];
}
