// The command line of `node-agent`.

import { Option, type Command } from 'commander';

import { StartError } from '../../../runtime/start-error.ts';
import { accessTo, clusterFlags, type ClusterOptions } from '../../kubeconfig.ts';
import { folder } from '../command.ts';
import { flag } from '../../options.ts';
import type { Terminal } from '../../terminal.ts';

interface NodeAgentFlags extends ClusterOptions {
  readonly root: string;
  readonly node?: string;
  readonly config?: string;
}

const HELP = `
A flag overrides its environment variable (env).

It checks the host as the command node does, at the start and once in each sweep interval of the configuration. It stores the
findings in the node's ConfigMap in the namespace kubelet-guard-node, where the sweeper reads them. It writes nothing else.

Examples:
  kubelet-guard node-agent --root /host --node worker-1     check the host mounted at /host again and again`;

/** Adds `node-agent`, which checks its host again and again for the sweeper. */
export function addNodeAgent(root: Command, terminal: Terminal): void {
  const command = root
    .command('node-agent')
    .description('Check a host again and again, and store the findings for the sweeper.')
    .addOption(new Option('--root <dir>', 'where the root of the host is mounted').default('/'))
    .addOption(flag('--node <name>', 'name of the node in the cluster'))
    .addOption(flag('--config <file>', 'GuardConfiguration: controls that are off, sweep interval'));
  for (const option of clusterFlags('cluster of the node')) command.addOption(option);
  command.addHelpText('after', HELP).action((options: NodeAgentFlags) => runNodeAgent(options, terminal));
}

async function runNodeAgent(options: NodeAgentFlags, terminal: Terminal): Promise<void> {
  const { root, node, config } = options;
  if (node === undefined) throw new StartError('usage', 'pass --node: the name of this node in the cluster');
  const { serveAgent } = await import('./process.ts');
  const abort = new AbortController();
  terminal.onSignal(['SIGTERM', 'SIGINT'], () => {
    abort.abort();
  });
  const request = { root: folder(root), node, config, access: accessTo(options, terminal) };
  await serveAgent(request, terminal.stdout(), abort.signal);
  terminal.exitWith(0);
}
