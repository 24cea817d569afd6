// From findings and problems to the report of a run.

import { remediationFor } from '../policy/benchmarks/remedy.ts';
import { referencesOf } from '../policy/benchmarks/shown.ts';
import type { Exemption } from '../policy/control.ts';
import { isExpired, utcDay } from '../policy/decision/exempt.ts';
import type { Finding, Inspection, OtherEvidence } from '../policy/finding.ts';
import type { Evidence, Violation } from '../policy/outcome.ts';
import type { Origin, Problem, SourceProblem } from '../policy/reading.ts';
import { CLIENT_CA_CONTROL, linkOfNode, type Link } from '../policy/link/link.ts';
import { absencesOf } from './absence.ts';
import { RunCounts } from './counts.ts';
import type {
  GuardReport,
  NodeCounts,
  Place,
  ReportedEvidence,
  ReportedExemption,
  ReportedFinding,
  ReportedOtherEvidence,
  ReportedProblem,
  ReportedRunProblem,
  ReportedViolation,
  ReportHead,
  Run,
  StreamedReport,
  Summary,
} from './guard-report.ts';

/**
 * Makes the report of a run.
 *
 * @param run which run, and when
 * @param inspection the findings of the run, and the problems with its sources
 * @param exemptionFor finds the exemption that applies to a finding that does not pass
 * @param exemptions all configured exemptions
 * @returns the report; `violations`, `problems` and `evidence` are always set, every other empty field is absent
 */
export function reportRun(
  run: Run,
  { findings, problems }: Inspection,
  exemptionFor: ExemptionFor = () => undefined,
  exemptions: readonly Exemption[] = [],
): GuardReport {
  const reported = findings.map((finding) => reportFinding(finding, exemptionFor));
  return { ...reportHead(run, problems, summarise(reported), { exemptions }), findings: reported };
}

/** What a sweep found, without its findings. */
interface SweptRun {
  readonly run: Run;
  readonly problems: readonly SourceProblem[];
  readonly counts: RunCounts;
  readonly link: Link;
  readonly nodes: NodeCounts;
  /** All configured exemptions. */
  readonly exemptions: readonly Exemption[];
}

/** Makes the report of a sweep, whose findings are made one by one each time they are read. */
export function reportStream(
  { run, problems, counts, ...rest }: SweptRun,
  findings: () => Iterable<Finding>,
  exemptionFor: ExemptionFor,
): StreamedReport {
  const head = reportHead(run, problems, counts.summary, rest);
  return { ...head, findings: { [Symbol.iterator]: () => reportEach(findings(), exemptionFor, rest.link) } };
}

function* reportEach(findings: Iterable<Finding>, exemptionFor: ExemptionFor, link: Link): Generator<ReportedFinding> {
  for (const finding of findings) yield reportFinding(finding, exemptionFor, link);
}

/** Finds the exemption that applies to a finding that does not pass, if any. */
export type ExemptionFor = (finding: Finding) => Exemption | undefined;

/** What a report has beside its run, its counts and its findings. */
interface HeadParts extends Pick<ReportHead, 'link' | 'nodes'> {
  readonly exemptions?: readonly Exemption[];
}

/** Makes the report of a run without its findings. */
export function reportHead(
  run: Run,
  problems: readonly SourceProblem[],
  summary: Summary,
  { link, nodes, exemptions = [] }: HeadParts = {},
): ReportHead {
  const today = utcDay(run.startedAt);
  return {
    apiVersion: 'kubelet-guard.dev/v1alpha1',
    kind: 'GuardReport',
    run: {
      ...run,
      complete: problems.length === 0,
      problems: problems.map(reportRunProblem),
    },
    summary,
    ...(link && { link }),
    ...(nodes && { nodes }),
    ...(exemptions.length > 0 && { exemptions: exemptions.map((each) => reportExemption(each, today)) }),
  };
}

/** Makes the reported form of a problem of the run. */
export function reportRunProblem({ problem, source }: SourceProblem): ReportedRunProblem {
  return { ...reportProblem(problem), source };
}

function reportExemption({ control, subject, reason, expires }: Exemption, today: string): ReportedExemption {
  return { control, subject, reason, expires, ...(isExpired({ expires }, today) && { expired: true }) };
}

/** Counts the findings of each result. */
export function summarise(findings: Iterable<ReportedFinding>): Summary {
  return countReported(findings).summary;
}

/** Counts findings that are reported. */
export function countReported(findings: Iterable<ReportedFinding>): RunCounts {
  const counts = new RunCounts();
  for (const { result, exempted } of findings) counts.add(result, { isExempted: exempted !== undefined });
  return counts;
}

/**
 * Makes the reported form of a finding.
 *
 * @param link the link of the cluster, if one was swept
 */
export function reportFinding(finding: Finding, exemptionFor: ExemptionFor, link?: Link): ReportedFinding {
  const { control, subject, source, vantage, outcome, evidence, others = [], drift } = finding;
  const { certificates, moreCertificates, pool } = finding;
  const { warnings } = outcome;
  const absent = absencesOf(finding);
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
    ...(absent.length > 0 && { absent }),
    ...(certificates && { certificates }),
    ...(moreCertificates !== undefined && { moreCertificates }),
    ...(pool !== undefined && { pool }),
    ...(others.length > 0 && { otherEvidence: others.map(reportOther) }),
    ...(link && subject.kind === 'Node' && control.slug === CLIENT_CA_CONTROL && { link: linkOfNode(link, finding) }),
    ...(drift && { drift }),
    ...(exemption && {
      exempted: { reason: exemption.reason, expires: exemption.expires, subject: exemption.subject },
    }),
    ...(outcome.result === 'fail' && { expected: control.expected }),
    references: referencesOf(control, finding.platform),
    remediation: remediationFor(finding),
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
