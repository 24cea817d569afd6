import { Option, type Command } from 'commander';

import { accessTo, clusterFlags, openCluster, type ClusterOptions } from '../kubeconfig.ts';
import { flag } from '../options.ts';
import { stoppable } from '../stoppable.ts';
import type { Terminal } from '../terminal.ts';

interface DoctorOptions extends ClusterOptions {
  readonly namespace?: string;
  readonly config?: string;
  readonly output: 'text' | 'json';
}

const HELP = `
Looks at the registration and what rewrites it, the certificate, whether the API server really asks the webhook (a dry run
of a ConfigMap that it has to speak about; nothing is written), the rights of the service accounts, the API for reports,
other webhooks in the way, and the configuration. What you may not see is unknown, never ok.

Exit codes:
  0  all is well
  1  a problem
  2  wrong use or configuration
  3  something could not be told
`;

/** `doctor`: tells whether an installation works. */
export function addDoctor(root: Command, terminal: Terminal): void {
  const command = root
    .command('doctor')
    .description('Says whether the webhook is registered, reached, verified, and has the rights it needs and no more.');
  for (const option of clusterFlags('cluster')) command.addOption(option);
  command
    .addOption(flag('--namespace <name>', 'where kubelet-guard runs (default: what the registration says)'))
    .addOption(flag('--config <file>', 'GuardConfiguration in force (default: the one in the cluster)'))
    .addOption(new Option('-o, --output <format>', 'format of the report').choices(['text', 'json']).default('text'))
    .addHelpText('after', HELP)
    .action((options: DoctorOptions) => runDoctor(options, terminal));
}

async function runDoctor(options: DoctorOptions, terminal: Terminal): Promise<void> {
  await stoppable(terminal, 'not everything was looked at, and nothing is said of what was', async (signal) => {
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
