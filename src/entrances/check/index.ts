import type { DecisionPolicy, Finding, Inspection, RawDocument, SourceProblem } from '../../policy/types.ts';
import { renderJson, reportRun, type GuardReport } from '../../report/guard-report.ts';
import { renderSourceProblem, renderText, type TextStyle } from '../../report/text.ts';

/** What `check` judges, by what, and how it says so. */
export interface CheckRequest {
  /** Documents to findings. */
  readonly inspect: (document: RawDocument) => Inspection;
  /** The configured actions: what is `off` is not judged. Without it everything is. */
  readonly actionOf?: DecisionPolicy['action'];
  readonly documents: AsyncIterable<RawDocument | SourceProblem>;
  readonly runId: string;
  readonly now: () => Date;
  readonly output: 'text' | 'json';
  /** What makes the exit code other than 0. */
  readonly failOn: 'fail' | 'unknown' | 'never';
  readonly style: TextStyle;
}

/** What `check` has to say. */
export interface CheckAnswer {
  /** The report in the wanted format. */
  readonly output: string;
  /** Lines for standard error: each says what could not be judged, and what to do. */
  readonly errors: readonly string[];
  /** 0 all passed, 1 a violation, 3 could not tell or nothing to judge; does not depend on the format. */
  readonly exitCode: 0 | 1 | 3;
}

/**
 * Judges documents, one at a time: only their findings are kept.
 *
 * @returns the report and the exit code; a document that can not be judged is a problem of the run, never a throw
 */
export async function check(request: CheckRequest): Promise<CheckAnswer> {
  const { inspect, actionOf, documents, runId, now, output, failOn, style } = request;
  const startedAt = now().toISOString();
  const findings: Finding[] = [];
  const problems: SourceProblem[] = [];
  for await (const document of documents) {
    const inspected = 'problem' in document ? { findings: [], problems: [document] } : inspectSafely(inspect, document);
    findings.push(...inspected.findings.filter(({ control, surface }) => actionOf?.(control, surface) !== 'off'));
    problems.push(...inspected.problems);
  }
  const run = { id: runId, entrance: 'check', startedAt, finishedAt: now().toISOString() } as const;
  const report = reportRun(run, { findings, problems });
  const errors = problems.map(renderSourceProblem);
  if (findings.length === 0) {
    errors.push(
      'nothing to judge: no kube-apiserver and no kubelet configuration was found; check what the paths hold',
    );
  }
  return {
    output: output === 'json' ? renderJson(report) : renderText(report, style),
    errors,
    exitCode: exitCodeOf(report, failOn),
  };
}

/** A bug of ours costs one document, and is said, not the whole run. */
function inspectSafely(inspect: CheckRequest['inspect'], document: RawDocument): Inspection {
  try {
    return inspect(document);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'no reason given';
    const message = `judging it crashed: ${reason}; please report it with the file`;
    const source = document.form === 'text' ? { path: document.path } : document.source;
    return { findings: [], problems: [{ problem: { code: 'crashed', message }, source }] };
  }
}

/** A violation is certain, whatever else could not be told. */
function exitCodeOf({ summary, run }: GuardReport, failOn: CheckRequest['failOn']): CheckAnswer['exitCode'] {
  if (failOn === 'never') return 0;
  if (summary.fail > 0) return 1;
  if (!run.complete || summary.pass + summary.unknown === 0) return 3;
  return summary.unknown > 0 && failOn === 'unknown' ? 3 : 0;
}
