import type { Command } from 'commander';

import { SWEEP_EVIDENCE, type SweepEvidence } from '../../evidence/index.ts';
import { evidenceHelp, evidenceOption } from '../evidence-option.ts';
import { accessTo, clusterFlags, openCluster, type ClusterOptions } from '../kubeconfig.ts';
import { deliver, EXIT_CODES, flag, kubeletCA, reportOptions, wantsColor, type ReportOptions } from '../options.ts';
import type { SweepOptions } from './sweep.ts';
import { stoppable } from '../stoppable.ts';
import type { Terminal } from '../terminal.ts';

interface SweepFlags extends ReportOptions, ClusterOptions {
  readonly namespace?: string;
  readonly evidence?: readonly SweepEvidence[];
  readonly kubeletCertificateAuthority?: string;
}

const HELP = `${EXIT_CODES}
${evidenceHelp(SWEEP_EVIDENCE)}

Nothing is written to the cluster, but tokens of the account kubelet-guard-configz that end after ten minutes.`;

/** `sweep`: judges a live cluster once. */
export function addSweep(root: Command, terminal: Terminal): void {
  const command = root
    .command('sweep')
    .description('Judges a cluster once: its kubelets and kube-apiservers as they run, pods and ConfigMaps.');
  for (const option of clusterFlags('cluster to sweep')) command.addOption(option);
  command
    .addOption(
      flag('--namespace <name>', 'where kubelet-guard runs (default: the namespace of the pod, or kubelet-guard)'),
    )
    .addOption(evidenceOption(SWEEP_EVIDENCE, 'how processes are asked, separated by commas'))
    .addOption(kubeletCA());
  for (const option of reportOptions('GuardConfiguration: controls that are off, exemptions, how to sweep')) {
    command.addOption(option);
  }
  command.addHelpText('after', HELP).action((options: SweepFlags) => runSweep(options, terminal));
}

async function runSweep(options: SweepFlags, terminal: Terminal): Promise<void> {
  const { sweepOnce } = await import('./sweep.ts');
  const sweepOptions: SweepOptions = {
    open: (signal) => openCluster(accessTo(options, terminal), terminal, signal),
    namespace: options.namespace,
    config: options.config,
    evidence: options.evidence,
    kubeletCA: options.kubeletCertificateAuthority,
    output: options.output,
    failOn: options.failOn,
    style: { color: wantsColor(options, terminal), quiet: options.quiet ?? false },
    progress: terminal.isTerminal('stderr') ? terminal.printError : undefined,
    now: () => new Date(),
  };
  await stoppable(terminal, 'the sweep is not complete, and nothing is said of what it saw', async (signal) => {
    const { output, errors, exitCode } = await sweepOnce(sweepOptions, signal);
    return () => {
      terminal.exitWith(exitCode);
      terminal.printErrorLines(errors);
      deliver(output, options, terminal);
    };
  });
}
