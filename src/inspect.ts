import { decodedDocument, parseStream } from './facts/yaml/documents.ts';
import { staticPods } from './facts/host-pods.ts';
import { processSubjects } from './facts/host.ts';
import { helloSubject, refusedSubject, unansweredSubject } from './facts/live.ts';
import { recognise, recogniseAll, type Recognised } from './facts/recognise.ts';
import { evaluate } from './policy/evaluate.ts';
import type {
  Control,
  Finding,
  Inspection,
  Origin,
  Outcome,
  RawDocument,
  Source,
  SourceProblem,
} from './policy/types.ts';

type Locate = (origin: Origin) => number | undefined;

/**
 * Documents to findings: the pipeline that all entrances share.
 *
 * @param controls the controls to judge by
 * @param documents what the sources handed over; one that can not be understood becomes a problem, never a throw
 * @returns findings in the order of the documents, with line numbers where a document is a text
 */
export function inspect(controls: readonly Control[], documents: readonly RawDocument[]): Inspection {
  const findings: Finding[] = [];
  const problems: SourceProblem[] = [];
  for (const document of documents) {
    const { inspected, broken } = read(document);
    problems.push(...broken);
    for (const { recognised, source, locate } of inspected) {
      const judged = evaluate(controls, recognised.subjects);
      findings.push(...judged.map((finding) => withLines(finding, locate)));
      problems.push(...recognised.problems.map((problem) => ({ problem: withLine(problem, locate), source })));
    }
  }
  return { findings, problems };
}

interface Read {
  readonly inspected: readonly { readonly recognised: Recognised; readonly source: Source; readonly locate: Locate }[];
  readonly broken: readonly SourceProblem[];
}

function read(document: RawDocument): Read {
  if (document.form === 'text') return readText(document);
  if (document.form === 'process' && document.view === 'static-pods') return readStaticPods(document);
  const { source } = document;
  return { inspected: [{ recognised: recogniseOne(document), source, locate: () => undefined }], broken: [] };
}

function recogniseOne(document: Exclude<RawDocument, { form: 'text' }>): Recognised {
  switch (document.form) {
    case 'object':
      return recognise(decodedDocument(document.value), document);
    case 'hello':
      return { subjects: [helloSubject(document)], problems: [] };
    case 'refused-calls':
      return { subjects: [refusedSubject(document)], problems: [] };
    case 'unanswered':
      return { subjects: [unansweredSubject(document)], problems: [] };
    case 'process':
      return { subjects: processSubjects(document), problems: [] };
  }
}

function readStaticPods(document: Extract<RawDocument, { form: 'process' }>): Read {
  const inspected = staticPods(document).map(({ source, locate, ...recognised }) => ({ recognised, source, locate }));
  return { inspected, broken: [] };
}

function readText({ path, text }: Extract<RawDocument, { form: 'text' }>): Read {
  const sourceOf = ({ index }: { readonly index: number }): Source => ({ path, document: index });
  const stream = parseStream(text);
  const parsed = stream.filter((entry) => 'value' in entry);
  const recognised = recogniseAll(parsed, (entry) => ({ source: sourceOf(entry), vantage: 'declared' }));
  return {
    inspected: parsed.flatMap((entry, index) => {
      const found = recognised[index];
      return found ? [{ recognised: found, source: sourceOf(entry), locate: entry.locate }] : [];
    }),
    broken: stream.flatMap((entry) =>
      'problem' in entry ? [{ problem: entry.problem, source: sourceOf(entry) }] : [],
    ),
  };
}

function withLines(finding: Finding, locate: Locate): Finding {
  const { outcome } = finding;
  const located: Outcome =
    outcome.result === 'fail'
      ? { ...outcome, violations: mapAll(outcome.violations, (violation) => withLine(violation, locate)) }
      : outcome;
  return { ...finding, outcome: located };
}

function withLine<T extends { readonly origin?: Origin }>(entry: T, locate: Locate): T {
  const line = entry.origin && locate(entry.origin);
  return line === undefined ? entry : { ...entry, origin: { ...entry.origin, line } };
}

function mapAll<T>([first, ...rest]: readonly [T, ...T[]], change: (entry: T) => T): [T, ...T[]] {
  return [change(first), ...rest.map(change)];
}
