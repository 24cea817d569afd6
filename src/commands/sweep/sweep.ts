// `sweep`: sweeps a cluster once, and makes its report and exit code.

import { controls as all } from '../../controls/index.ts';
import { noHistory } from '../../sweeper/reports/history.ts';
import { sweep } from '../../sweeper/run/sweep.ts';
import { reportStream } from '../../outputs/report.ts';
import { missedNodes, selectPart } from '../../outputs/selection.ts';
import { concludeRun, type RunAnswer, type RunOptions } from '../../outputs/run.ts';
import { dayOf, loadConfiguration } from '../../runtime/configuration/configuration.ts';
import type { SweepEvidence } from '../../evidence/index.ts';
import { resolveSweep } from '../../runtime/configuration/sweep.ts';
import type { Cluster } from '../../kube/cluster.ts';
import { benchmarkOf } from '../../runtime/benchmark.ts';
import { progressBar } from './progress.ts';
import { runOrigin } from '../run-origin.ts';
import { clusterEvidence, readKubeletCA, sweepOptions } from '../sweep-deps.ts';
import { nothingSelected, selectionOf, type SelectionOptions } from '../selection.ts';
import { runId } from '../terminal.ts';

const NOTHING = 'nothing to check: no node, pod or ConfigMap was found';

/** What is swept, and how the result is shown. */
export interface SweepCommandOptions extends RunOptions {
  /** The namespace of kubelet-guard, if the cluster does not show it. */
  readonly namespace: string | undefined;
  readonly config: string | undefined;
  readonly benchmark?: string | undefined;
  /** What counts and is reported, as it was asked for. */
  readonly select?: SelectionOptions;
  /** The evidence to use, if not that of the configuration. */
  readonly evidence: readonly SweepEvidence[] | undefined;
  /** The path of the CA that verifies kubelets. */
  readonly kubeletCA: string | undefined;
}

export interface SweepCommandDeps {
  /** Finds the cluster. */
  readonly open: (signal: AbortSignal) => Promise<Cluster>;
  /** The version of the program. */
  readonly version: string;
  /** Prints a progress bar; undefined if no person watches. */
  readonly progress: ((text: string) => void) | undefined;
  readonly now: () => Date;
}

/**
 * Sweeps a cluster once and writes nothing to it.
 *
 * @throws StartError if no cluster can be reached with the given access
 */
export async function sweepOnce(
  options: SweepCommandOptions,
  { open, now, progress, version }: SweepCommandDeps,
  signal: AbortSignal,
): Promise<RunAnswer> {
  const configuration = loadConfiguration(options.config, all);
  const benchmark = benchmarkOf(options.benchmark, configuration);
  const controls = benchmark.show(all);
  const selection = selectionOf(options.select ?? {}, controls);
  const settled = resolveSweep(configuration.settings.sweep?.value);
  const plan = { ...settled, evidence: options.evidence ?? settled.evidence };
  const cluster = await open(signal);
  const bar = progress && progressBar(progress);
  const startedAt = now();
  const sweepSettings = sweepOptions(configuration, controls, plan.concurrency, dayOf(startedAt));
  const kubeletCA = readKubeletCA(options.kubeletCA);
  const unverified = new Set<string>();
  let withoutToken: string | undefined;
  const deps = {
    ...(await clusterEvidence(cluster, {
      controls,
      plan,
      namespace: options.namespace,
      namespaces: configuration.namespaces,
      kubeletCA,
      clock: () => performance.now(),
      now,
      unverified: (node) => unverified.add(node),
      withoutToken: (reason) => {
        withoutToken = reason;
      },
    })),
    history: noHistory,
    callbacks: { onProgress: bar?.show ?? ignore, onUnanswered: ignore, onFinding: ignore, onStoreError: ignore },
    nextTurn: () => Promise.resolve(),
    now,
  };
  const run = {
    id: runId(startedAt),
    entrance: 'sweep',
    ...runOrigin(version, configuration),
    ...(benchmark.name !== undefined && { benchmark: benchmark.name }),
  } as const;
  const result = await sweep(run, sweepSettings, deps, signal).finally(() => bar?.clear());
  const problems = [...result.problems, ...missedNodes(selection, result.findings.all())];
  const whole = reportStream({ ...result, problems }, () => result.findings.all(), result.exemptionFor);
  const part = selection === undefined ? { report: whole, counts: result.counts } : selectPart(whole, selection);
  return concludeRun(
    {
      ...part,
      notes: [...tokenNote(unverified.size, plan.evidence), ...certificateNote(withoutToken)],
      nothing:
        selection === undefined || result.counts.checked === 0 ? NOTHING : nothingSelected(selection, whole.findings),
    },
    options,
  );
}

function ignore(): void {
  // nobody watches
}

/** The reader has to know that a token was sent to servers that could not be verified. */
function tokenNote(count: number, evidence: readonly SweepEvidence[]): string[] {
  if (count === 0 || !evidence.includes('configz')) return [];
  const kubelets = count === 1 ? '1 kubelet' : `${count} kubelets`;
  return [
    `${kubelets} could not be verified and got a token that can only read configz; pass --kubelet-certificate-authority to send none then`,
  ];
}

function certificateNote(reason: string | undefined): string[] {
  if (reason === undefined) return [];
  return [
    `kubelets were shown the client certificate of the kubeconfig instead of a token, because there is ${reason}`,
  ];
}
