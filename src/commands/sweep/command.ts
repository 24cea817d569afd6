// The command line of `sweep`.

import type { Command } from 'commander';

import { SWEEP_EVIDENCE, type SweepEvidence } from '../../evidence/index.ts';
import { evidenceHelp, evidenceOption } from '../evidence-option.ts';
import { accessTo, clusterFlags, openCluster, type ClusterOptions } from '../kubeconfig.ts';
import { checkOutputs, deliverReport } from '../deliver.ts';
import { EXIT_CODES, flag, kubeletCA, reportOptions, type ReportOptions } from '../options.ts';
import type { SweepCommandDeps, SweepCommandOptions } from './sweep.ts';
import { stoppable } from '../stoppable.ts';
import type { Terminal } from '../terminal.ts';

interface SweepFlags extends ReportOptions, ClusterOptions {
  readonly namespace?: string;
  readonly evidence?: readonly SweepEvidence[];
  readonly kubeletCertificateAuthority?: string;
}

const HELP = `${EXIT_CODES}
${evidenceHelp(SWEEP_EVIDENCE)}

It writes nothing to the cluster. It only requests tokens of the account kubelet-guard-configz, which expire after ten
minutes. Where that account is not installed, it shows kubelets the client certificate of the kubeconfig, if there is one. It
never shows them a token of the kubeconfig.

Examples:
  kubelet-guard sweep                                     check the cluster of the current context
  kubelet-guard sweep --context prod --evidence handshake check it without any token
  kubelet-guard sweep -o json --output-file report.json   write a report for programs`;

/** Adds `sweep`, which checks a cluster once. */
export function addSweep(root: Command, terminal: Terminal): void {
  const command = root
    .command('sweep')
    .description('Check a cluster once: its running kubelets and kube-apiservers, pods and ConfigMaps.');
  for (const option of clusterFlags('cluster to check')) command.addOption(option);
  command
    .addOption(
      flag(
        '-n, --namespace <name>',
        'namespace of kubelet-guard (default: the namespace of the pod, or kubelet-guard)',
      ),
    )
    .addOption(evidenceOption(SWEEP_EVIDENCE, 'how processes are asked, separated by commas'))
    .addOption(kubeletCA());
  for (const option of reportOptions('GuardConfiguration: controls that are off, exemptions, sweep settings')) {
    command.addOption(option);
  }
  command.addHelpText('after', HELP).action((options: SweepFlags) => runSweep(options, terminal));
}

async function runSweep(options: SweepFlags, terminal: Terminal): Promise<void> {
  checkOutputs(options);
  const [{ sweepOnce }, { controls }] = await Promise.all([import('./sweep.ts'), import('../../controls/index.ts')]);
  const sweepOptions: SweepCommandOptions = {
    namespace: options.namespace,
    config: options.config,
    benchmark: options.benchmark,
    select: options,
    evidence: options.evidence,
    kubeletCA: options.kubeletCertificateAuthority,
    failOn: options.failOn,
    ...(options.all && { all: true }),
  };
  const deps: SweepCommandDeps = {
    open: (signal) => openCluster(accessTo(options, terminal), terminal, signal),
    progress: terminal.isTerminal('stderr') ? terminal.printError : undefined,
    now: () => new Date(),
    version: terminal.version(),
  };
  await stoppable(terminal, 'the sweep is incomplete, and its findings are not printed', async (signal) => {
    const answer = await sweepOnce(sweepOptions, deps, signal);
    return () => {
      terminal.exitWith(answer.exitCode);
      terminal.printErrorLines(answer.errors);
      deliverReport(answer, options, { terminal, controls });
    };
  });
}
