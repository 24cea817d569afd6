// The command `doctor`: its options and its help.

import { Option, type Command } from 'commander';

import { accessTo, clusterFlags, openCluster, type ClusterOptions } from '../kubeconfig.ts';
import { flag } from '../options.ts';
import { stoppable } from '../stoppable.ts';
import type { Terminal } from '../terminal.ts';

interface DoctorFlags extends ClusterOptions {
  readonly namespace?: string;
  readonly config?: string;
  readonly output: 'text' | 'json';
}

const HELP = `
Checks, in this order, what can be the cause of what follows: the cluster, what is installed, pods and endpoints, the
ValidatingWebhookConfiguration and whether the platform has rewritten it, the certificate, whether the API server calls the
webhook (a dry run of a ConfigMap that the webhook must deny or warn about; nothing is written), the rights of the service
accounts, the ValidatingAdmissionPolicies, the sweeper, the API for reports, other webhooks, and the configuration. A check
that you have no right for is unknown, never ok.

Examples:
  kubelet-guard doctor                             check the installation in the current cluster
  kubelet-guard doctor --context prod -o json      check another cluster, for a program

Exit codes:
  0  no problem
  1  a problem; also if kubelet-guard is not installed
  2  wrong use or configuration
  3  no problem, but something is unknown, or the cluster cannot be asked
`;

/** Adds `doctor`, which checks an installation. */
export function addDoctor(root: Command, terminal: Terminal): void {
  const command = root
    .command('doctor')
    .description(
      'Check that API servers call and verify the webhook, and that its accounts have the rights they need and no more.',
    );
  for (const option of clusterFlags('cluster')) command.addOption(option);
  command
    .addOption(
      flag(
        '-n, --namespace <name>',
        'where kubelet-guard runs (default: the namespace in the ValidatingWebhookConfiguration)',
      ),
    )
    .addOption(flag('--config <file>', 'GuardConfiguration that is in use (default: the one in the cluster)'))
    .addOption(new Option('-o, --output <format>', 'format of the report').choices(['text', 'json']).default('text'))
    .addHelpText('after', HELP)
    .action((options: DoctorFlags) => runDoctor(options, terminal));
}

async function runDoctor(options: DoctorFlags, terminal: Terminal): Promise<void> {
  await stoppable(terminal, 'the checks did not finish, so that no result is printed', async (signal) => {
    const cluster = await openCluster(accessTo(options, terminal), terminal, signal);
    const [{ diagnose }, { doctorExitCode, renderDoctorJson, renderDoctorText }] = await Promise.all([
      import('./connect.ts'),
      import('./report.ts'),
    ]);
    const { namespace, config, output } = options;
    const checks = await diagnose(cluster, { namespace, config, now: new Date() }, signal);
    return () => {
      terminal.exitWith(doctorExitCode(checks));
      terminal.print(output === 'json' ? renderDoctorJson(checks) : renderDoctorText(checks));
    };
  });
}
