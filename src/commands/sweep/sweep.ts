import { controls } from '../../controls/index.ts';
import { noArchive } from '../../sweeper/reports/history.ts';
import { sweep, type SweepResult } from '../../sweeper/run/sweep.ts';
import { exitCodeOf } from '../../outputs/exit-code.ts';
import { renderJsonParts, reportFinding, reportHead, type ReportedFinding } from '../../outputs/guard-report.ts';
import { renderSweepText } from '../../outputs/sweep-text.ts';
import { renderSourceProblem, type TextStyle } from '../../outputs/text.ts';
import { dayOf, loadConfiguration } from '../../runtime/configuration/configuration.ts';
import type { SweepEvidence } from '../../evidence/index.ts';
import { resolveSweep } from '../../runtime/configuration/sweep.ts';
import type { Cluster } from '../../kube/cluster.ts';
import { progressBar } from '../progress.ts';
import { clusterEvidence, readKubeletCA, sweepRules } from '../sweep-deps.ts';
import { runId } from '../terminal.ts';

/** One sweep, as it was asked for. */
export interface SweepRequest {
  /** Finds the cluster. */
  readonly open: (signal: AbortSignal) => Promise<Cluster>;
  /** Where the product runs, where the cluster does not say it. */
  readonly namespace: string | undefined;
  readonly config: string | undefined;
  /** What is asked, where it is not what the configuration says. */
  readonly evidence: readonly SweepEvidence[] | undefined;
  /** The path of the CA that kubelets are verified by. */
  readonly kubeletCA: string | undefined;
  readonly output: 'text' | 'json';
  readonly failOn: 'fail' | 'unknown' | 'never';
  readonly style: TextStyle;
  /** Shows how far it is, where a person watches. */
  readonly progress: ((text: string) => void) | undefined;
  readonly now: () => Date;
}

/** What `sweep` has to say. */
export interface SweepAnswer {
  readonly output: string;
  /** Lines for standard error. */
  readonly errors: readonly string[];
  readonly exitCode: 0 | 1 | 3;
}

/**
 * Sweeps a cluster once and writes nothing to it.
 *
 * @throws StartError where there is no cluster that can be asked
 */
export async function sweepOnce(request: SweepRequest, signal: AbortSignal): Promise<SweepAnswer> {
  const { now, failOn, output, style, progress } = request;
  const configuration = loadConfiguration(request.config, controls);
  const settled = resolveSweep(configuration.settings.sweep?.value);
  const plan = { ...settled, evidence: request.evidence ?? settled.evidence };
  const cluster = await request.open(signal);
  const bar = progress && progressBar(progress);
  const startedAt = now();
  const rules = sweepRules(configuration, controls, plan.concurrency, dayOf(startedAt));
  const kubeletCA = readKubeletCA(request.kubeletCA);
  const unverified = new Set<string>();
  const ports = {
    ...(await clusterEvidence(cluster, {
      plan,
      namespace: request.namespace,
      namespaces: configuration.namespaces,
      kubeletCA,
      clock: () => performance.now(),
      now,
      unverified: (node) => unverified.add(node),
    })),
    archive: noArchive,
    watcher: { progress: bar?.show ?? ignore, unanswered: ignore, found: ignore, notKept: ignore },
    turn: () => Promise.resolve(),
    now,
  };
  const run = { id: runId(startedAt), entrance: 'sweep' } as const;
  const result = await sweep(run, rules, ports, signal).finally(() => bar?.clear());
  const findings = Array.from(result.ledger.findings(), (finding) =>
    reportFinding(finding, rules.exemptionFor, result.link),
  );
  const head = reportHead(result.run, result.problems, result.summary, result);
  return {
    output: output === 'json' ? [...renderJsonParts(head, findings)].join('') : renderSweepText(head, findings, style),
    errors: [...result.problems.map(renderSourceProblem), ...tokenNote(unverified.size, plan.evidence)],
    exitCode: exitCodeOf(countsOf(findings, result), failOn),
  };
}

function ignore(): void {
  // nobody watches
}

function countsOf(findings: readonly ReportedFinding[], { problems }: SweepResult) {
  const counting = findings.filter(({ exempted }) => exempted === undefined);
  return {
    fail: counting.filter(({ result }) => result === 'fail').length,
    unknown: counting.filter(({ result }) => result === 'unknown').length,
    judged: findings.length,
    complete: problems.length === 0,
  };
}

/** Who reads the report has to know that a token went to whoever answered. */
function tokenNote(count: number, evidence: readonly SweepEvidence[]): string[] {
  if (count === 0 || !evidence.includes('configz')) return [];
  const kubelets = count === 1 ? '1 kubelet' : `${count} kubelets`;
  return [
    `${kubelets} could not be verified and got a token that can only read configz; pass --kubelet-certificate-authority to send none then`,
  ];
}
