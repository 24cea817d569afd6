// `uninstall` on the command line.

import { setTimeout } from 'node:timers/promises';

import type { Command } from 'commander';

import { escapeLine } from '../../outputs/printable.ts';
import { accessTo, clusterFlags, openCluster, type ClusterOptions } from '../kubeconfig.ts';
import { flag } from '../options.ts';
import { stoppable } from '../stoppable.ts';
import type { Terminal } from '../terminal.ts';

interface UninstallOptions extends ClusterOptions {
  readonly namespace?: string;
  readonly leftovers?: boolean;
}

const HELP = `
Deletes in this order: the ValidatingWebhookConfiguration, so that API servers no longer call the webhook; the Deployment of
the sweeper, which would re-create the rest; the reports; the Lease. An object that does not exist is not an error, so you can
run it again. Delete what you applied with kubectl or Helm with the same tool. The API server deletes Events after an hour.

Examples:
  kubelet-guard uninstall                          uninstall from the current cluster
  kubelet-guard uninstall --namespace guard        uninstall from another namespace

Exit codes:
  0  all of these are deleted
  2  wrong use
  3  something is left, or it is not known
`;

/** Adds the command `uninstall`. */
export function addUninstall(root: Command, terminal: Terminal): void {
  const command = root
    .command('uninstall')
    .description(
      'Delete the ValidatingWebhookConfiguration of the webhook, then what kubelet-guard wrote to the cluster.',
    );
  for (const option of clusterFlags('cluster')) command.addOption(option);
  command
    .addOption(
      flag('-n, --namespace <name>', 'where kubelet-guard runs (default: the namespace of the pod, or kubelet-guard)'),
    )
    .addOption(
      flag(
        '--leftovers',
        'delete the reports and the Lease only, and nothing while the Deployment of the sweeper exists',
      ),
    )
    .addHelpText('after', HELP)
    .action((options: UninstallOptions) => runUninstall(options, terminal));
}

async function runUninstall(options: UninstallOptions, terminal: Terminal): Promise<void> {
  const unfinished = 'something may be left in the cluster: run it again';
  await stoppable(terminal, unfinished, async (signal) => {
    const exitCode = await removeAll(options, terminal, signal);
    return () => {
      terminal.exitWith(exitCode);
    };
  });
}

async function removeAll(options: UninstallOptions, terminal: Terminal, signal: AbortSignal): Promise<0 | 3> {
  const cluster = await openCluster(accessTo(options, terminal), terminal, signal);
  const [{ uninstall, removeLeftovers }, { OWN_NAMESPACE }] = await Promise.all([
    import('./uninstall.ts'),
    import('../sweep-deps.ts'),
  ]);
  const deps = {
    api: cluster.request,
    clock: () => performance.now(),
    pause: (milliseconds: number, until: AbortSignal) => setTimeout(milliseconds, undefined, { signal: until }),
    print: (line: string) => {
      terminal.print(`${escapeLine(line)}\n`);
    },
  };
  try {
    const remove = options.leftovers === true ? removeLeftovers : uninstall;
    await remove(options.namespace ?? cluster.namespace ?? OWN_NAMESPACE, deps, signal);
    return 0;
  } catch (cause) {
    signal.throwIfAborted();
    terminal.printErrorLines([
      (cause as Error).message,
      'something is left in the cluster: fix this, then run it again',
    ]);
    return 3;
  }
}
