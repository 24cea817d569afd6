import type {
  BenchmarkId,
  Component,
  Evidence,
  Exemption,
  Finding,
  Inspection,
  Layer,
  Origin,
  Problem,
  ProblemCode,
  Source,
  SourceProblem,
  Vantage,
  Violation,
} from '../policy/types.ts';
import { escapeForTerminal } from './printable.ts';

/** The report that others build on: `--output json`, `GET /api/v1/report` and baselines. See schema/guard-report.schema.json. */
export interface GuardReport {
  readonly apiVersion: 'kubelet-guard.dev/v1alpha1';
  readonly kind: 'GuardReport';
  readonly run: ReportedRun;
  readonly summary: Summary;
  readonly findings: readonly ReportedFinding[];
}

/** What made the report, and when. */
export interface Run {
  readonly id: string;
  readonly entrance: 'check' | 'node' | 'sweep' | 'serve';
  /** RFC 3339, in UTC. */
  readonly startedAt: string;
  readonly finishedAt: string;
}

/** A run that has a problem is not complete: something could be wrong that no finding shows. */
export interface ReportedRun extends Run {
  readonly complete: boolean;
  readonly problems: readonly (ReportedProblem & { readonly source: SourceProblem['source'] })[];
  /** Only where the report was compared with a baseline, and then shows nothing but what is worse. */
  readonly baseline?: ReportedBaseline;
}

/** How many findings have which result. */
export interface Summary {
  readonly pass: number;
  readonly fail: number;
  readonly unknown: number;
  /** How many of those that fail or are unknown an exemption lets through; absent where none. */
  readonly exempted?: number;
}

/** The baseline that a report was compared with, and what the report therefore does not show. */
export interface ReportedBaseline {
  /** The run that made the baseline. */
  readonly id: string;
  readonly finishedAt: string;
  /** The findings that are not worse. */
  readonly notShown: Summary;
  /** How many of them pass now and did not before. */
  readonly mended: number;
  /** How many findings of the baseline this run has none for. */
  readonly gone: number;
}

/** Where in its source something is; `within` and `file` as in `Origin`. */
interface Place {
  readonly pointer?: string;
  readonly within?: string;
  readonly file?: string;
  readonly line?: number;
}

export interface ReportedViolation extends Place {
  readonly code: string;
  readonly setting: string;
  readonly message: string;
}

export interface ReportedProblem extends Place {
  readonly code: ProblemCode;
  readonly message: string;
}

export interface ReportedEvidence extends Place {
  readonly setting: string;
  readonly value: string;
  readonly layer: Layer;
}

export interface ReportedFinding {
  readonly control: string;
  readonly result: 'pass' | 'fail' | 'unknown';
  readonly subject: {
    readonly component: Component;
    readonly name: string;
    readonly namespace?: string;
    readonly kind?: string;
    readonly node?: string;
    readonly container?: string;
  };
  readonly source: Source;
  readonly vantage: Vantage;
  readonly violations: readonly ReportedViolation[];
  readonly problems: readonly ReportedProblem[];
  /** Absent where there is none. */
  readonly warnings?: readonly ReportedViolation[];
  readonly evidence: readonly ReportedEvidence[];
  /** Only where an exemption applies. */
  readonly exempted?: { readonly reason: string; readonly expires?: string };
  readonly references: readonly string[];
  readonly remediation: string;
}

/**
 * Makes the report of a run.
 *
 * @param run which run, and when
 * @param inspection what it found, and the problems with its sources
 * @param exemptionFor the exemption that applies to a finding that does not pass, if any
 * @returns the report; `violations`, `problems` and `evidence` are always there, everything else that is empty is absent
 */
export function reportRun(
  run: Run,
  { findings, problems }: Inspection,
  exemptionFor: (finding: Finding) => Exemption | undefined = () => undefined,
): GuardReport {
  const reported = findings.map((finding) =>
    reportFinding(finding, finding.outcome.result === 'pass' ? undefined : exemptionFor(finding)),
  );
  return {
    apiVersion: 'kubelet-guard.dev/v1alpha1',
    kind: 'GuardReport',
    run: {
      ...run,
      complete: problems.length === 0,
      problems: problems.map(({ problem, source }) => ({ ...reportProblem(problem), source })),
    },
    summary: summarise(reported),
    findings: reported,
  };
}

/** The report as JSON text, in which nothing can act on a terminal. */
export function renderJson(report: GuardReport): string {
  return `${escapeForTerminal(JSON.stringify(report, undefined, 2))}\n`;
}

/** A benchmark's id in words, as in `CIS Kubernetes Benchmark 1.2.4 (v1.7 and later)`. */
export function referTo({ benchmark, id, versions }: BenchmarkId): string {
  return versions === undefined ? `${benchmark} ${id}` : `${benchmark} ${id} (${versions})`;
}

/** Counts the findings of each result. */
export function summarise(findings: readonly ReportedFinding[]): Summary {
  const summary = { pass: 0, fail: 0, unknown: 0 };
  for (const { result } of findings) summary[result] += 1;
  const exempted = findings.filter((finding) => finding.exempted !== undefined).length;
  return { ...summary, ...(exempted > 0 && { exempted }) };
}

function reportFinding(finding: Finding, exemption: Exemption | undefined): ReportedFinding {
  const { control, subject, source, vantage, outcome, evidence } = finding;
  const { warnings } = outcome;
  return {
    control: control.slug,
    result: outcome.result,
    subject,
    source,
    vantage,
    violations: outcome.result === 'fail' ? outcome.violations.map(reportViolation) : [],
    problems: outcome.result === 'pass' ? [] : outcome.problems.map(reportProblem),
    ...(warnings.length > 0 && { warnings: warnings.map(reportViolation) }),
    evidence: evidence.map(reportEvidence),
    ...(exemption && { exempted: { reason: exemption.reason, expires: exemption.expires } }),
    references: control.benchmarks.map(referTo),
    remediation: control.remediation,
  };
}

function reportViolation({ code, setting, message, origin }: Violation): ReportedViolation {
  return { code, setting, message, ...place(origin) };
}

function reportProblem({ code, message, origin }: Problem): ReportedProblem {
  return { code, message, ...place(origin) };
}

function reportEvidence({ setting, value, origin }: Evidence): ReportedEvidence {
  return { setting, value, layer: origin.layer, ...place(origin) };
}

function place(origin: Origin | undefined): Place {
  if (origin === undefined) return {};
  const { pointer, within, file, line } = origin;
  return {
    ...(pointer !== undefined && { pointer }),
    ...(within !== undefined && { within }),
    ...(file !== undefined && { file }),
    ...(line !== undefined && { line }),
  };
}
