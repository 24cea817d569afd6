import type { BenchmarkId, Exemption } from '../policy/control.ts';
import type { Drift, Finding, Inspection, OtherEvidence } from '../policy/finding.ts';
import type { Evidence, Violation } from '../policy/outcome.ts';
import type {
  Component,
  Layer,
  Origin,
  Problem,
  ProblemCode,
  Source,
  SourceProblem,
  Vantage,
} from '../policy/reading.ts';
import { CLIENT_CA_CONTROL, linkOfNode, type Link } from '../policy/link/link.ts';
import { escapeForTerminal } from './printable.ts';

/** The report that others build on: `--output json`, `GET /api/v1/report` and baselines. See schema/guard-report.schema.json. */
export interface GuardReport {
  readonly apiVersion: 'kubelet-guard.dev/v1alpha1';
  readonly kind: 'GuardReport';
  readonly run: ReportedRun;
  readonly summary: Summary;
  /** The link between kube-apiservers and kubelets as a whole; only where a cluster was swept. */
  readonly link?: Link;
  /** Every node that is listed; only where a cluster was swept. */
  readonly nodes?: NodeCounts;
  readonly findings: readonly ReportedFinding[];
}

/** A report without its findings, which can be too many to hold at once. */
export type ReportHead = Omit<GuardReport, 'findings'>;

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

/** How many nodes have which worst result. */
export interface NodeCounts {
  readonly pass: number;
  readonly fail: number;
  readonly unknown: number;
  /**
   * They say that they are no machines with a kubelet, and nothing answered there. A kubelet can say so itself: their findings
   * are unknown all the same.
   */
  readonly skipped: number;
  /** The first of these; absent where there are none. */
  readonly skippedNames?: readonly string[];
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

/** Evidence that did not decide; `agrees` is false where it contradicts that which did. */
export interface ReportedOtherEvidence extends Pick<OtherEvidence, 'source' | 'vantage' | 'result' | 'agrees'> {
  readonly evidence: readonly ReportedEvidence[];
  readonly problems: readonly ReportedProblem[];
  /** It is what the process takes when it is started the next time. */
  readonly pending?: true;
  /** Only of what is pending and fails. */
  readonly violations?: readonly ReportedViolation[];
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
  /** What other evidence says; absent where there is none. */
  readonly otherEvidence?: readonly ReportedOtherEvidence[];
  /** Whether the whole link to this node's kubelet stands; only of the kubelet's end, where a cluster was swept. */
  readonly link?: Finding['outcome']['result'];
  /** How it changed; absent where earlier runs are not known, and where it always passed. */
  readonly drift?: Drift;
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
  exemptionFor: ExemptionFor = () => undefined,
): GuardReport {
  const reported = findings.map((finding) => reportFinding(finding, exemptionFor));
  return { ...reportHead(run, problems, summarise(reported)), findings: reported };
}

/** Finds the exemption that applies to a finding that does not pass, if any. */
export type ExemptionFor = (finding: Finding) => Exemption | undefined;

/** Makes the report of a run without its findings. */
export function reportHead(
  run: Run,
  problems: readonly SourceProblem[],
  summary: Summary,
  { link, nodes }: Pick<ReportHead, 'link' | 'nodes'> = {},
): ReportHead {
  return {
    apiVersion: 'kubelet-guard.dev/v1alpha1',
    kind: 'GuardReport',
    run: {
      ...run,
      complete: problems.length === 0,
      problems: problems.map(({ problem, source }) => ({ ...reportProblem(problem), source })),
    },
    summary,
    ...(link && { link }),
    ...(nodes && { nodes }),
  };
}

/** The report as JSON text, in which nothing can act on a terminal. */
export function renderJson({ findings, ...head }: GuardReport): string {
  return [...renderJsonParts(head, findings)].join('');
}

/** The same text in parts, of which each is small: for a report that is too large to hold. */
export function* renderJsonParts(head: ReportHead, findings: Iterable<ReportedFinding>): Generator<string, void> {
  const text = (value: unknown) => escapeForTerminal(JSON.stringify(value, undefined, 2));
  yield text(head).slice(0, -2);
  yield ',\n  "findings": [';
  let separator = '\n';
  for (const finding of findings) {
    yield `${separator}    ${text(finding).replaceAll('\n', '\n    ')}`;
    separator = ',\n';
  }
  yield separator === '\n' ? ']\n}\n' : '\n  ]\n}\n';
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

/**
 * A finding as it is reported.
 *
 * @param link of the cluster that was swept, if one was
 */
export function reportFinding(finding: Finding, exemptionFor: ExemptionFor, link?: Link): ReportedFinding {
  const { control, subject, source, vantage, outcome, evidence, others = [], drift } = finding;
  const { warnings } = outcome;
  const exemption = outcome.result === 'pass' ? undefined : exemptionFor(finding);
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
    ...(others.length > 0 && { otherEvidence: others.map(reportOther) }),
    ...(link && subject.kind === 'Node' && control.slug === CLIENT_CA_CONTROL && { link: linkOfNode(link, finding) }),
    ...(drift && { drift }),
    ...(exemption && { exempted: { reason: exemption.reason, expires: exemption.expires } }),
    references: control.benchmarks.map(referTo),
    remediation: control.remediation,
  };
}

function reportOther({ source, vantage, result, agrees, ...other }: OtherEvidence): ReportedOtherEvidence {
  const { evidence, problems, pending, violations } = other;
  return {
    source,
    vantage,
    result,
    agrees,
    evidence: evidence.map(reportEvidence),
    problems: problems.map(reportProblem),
    ...(pending && { pending }),
    ...(violations && { violations: violations.map(reportViolation) }),
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
