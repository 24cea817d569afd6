import { InvalidArgumentError, Option, type Command } from 'commander';

import type { SweepEvidence } from '../../runtime/configuration/sweep.ts';
import { accessTo, clusterFlags, openCluster, type ClusterOptions } from '../kubeconfig.ts';
import { deliver, EXIT_CODES, flag, kubeletCA, reportOptions, wantsColor, type ReportOptions } from '../options.ts';
import type { SweepRequest } from './sweep.ts';
import { stoppable } from '../stoppable.ts';
import type { Terminal } from '../terminal.ts';

interface SweepOptions extends ReportOptions, ClusterOptions {
  readonly namespace?: string;
  readonly evidence?: readonly SweepEvidence[];
  readonly kubeletCertificateAuthority?: string;
}

const EVIDENCE: readonly SweepEvidence[] = ['handshake', 'configz', 'configz-proxy', 'flagz', 'node-agent'];

const HELP = `${EXIT_CODES}
Evidence:
  handshake      the CAs that each kubelet names in its TLS hello; needs no rights at all
  configz        the configuration of each kubelet, with a token of the account kubelet-guard-configz (manifests/base)
  configz-proxy  the same through kube-apiserver, which proves the link; needs get nodes/proxy, which is as good as
                 running commands on every node, and is therefore never asked for unless you name it
  flagz          the flags of each kube-apiserver (1.36 and newer); needs get /flagz
  node-agent     what node agents handed over, where there are any (manifests/components/node-agent)

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
    .addOption(new Option('--evidence <list>', 'how processes are asked, with commas between').argParser(readEvidence))
    .addOption(kubeletCA());
  for (const option of reportOptions('GuardConfiguration: controls that are off, exemptions, how to sweep')) {
    command.addOption(option);
  }
  command.addHelpText('after', HELP).action((options: SweepOptions) => runSweep(options, terminal));
}

function readEvidence(text: string): readonly SweepEvidence[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !(EVIDENCE as readonly string[]).includes(name));
  if (unknown !== undefined) throw new InvalidArgumentError(`Allowed are ${EVIDENCE.join(', ')}.`);
  return EVIDENCE.filter((name) => names.includes(name));
}

async function runSweep(options: SweepOptions, terminal: Terminal): Promise<void> {
  const { sweepOnce } = await import('./sweep.ts');
  const request: SweepRequest = {
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
    const { output, errors, exitCode } = await sweepOnce(request, signal);
    return () => {
      terminal.exitWith(exitCode);
      terminal.printErrorLines(errors);
      deliver(output, options, terminal);
    };
  });
}
