import { Option, type Command } from 'commander';

import { StartError } from '../../runtime/start-error.ts';
import { accessTo, clusterFlags, type ClusterOptions } from '../kubeconfig.ts';
import { folder } from './command.ts';
import { flag } from '../options.ts';
import type { Terminal } from '../terminal.ts';

interface NodeAgentOptions extends ClusterOptions {
  readonly root: string;
  readonly node?: string;
  readonly config?: string;
}

const HELP = `
A flag goes before its environment variable (env).

It audits the host as the command node does, at once and in each interval of the configuration, and hands over what it found
to the sweeper: as the ConfigMap of the node in the namespace kubelet-guard-node. It writes nothing else.`;

/** `node-agent`: audits its host over and over, for the sweeper. */
export function addNodeAgent(root: Command, terminal: Terminal): void {
  const command = root
    .command('node-agent')
    .description('Audits its host over and over, and hands over the findings to the sweeper.')
    .addOption(new Option('--root <dir>', 'the root of the host, where it is mounted').default('/'))
    .addOption(flag('--node <name>', 'the name of the node in the cluster'))
    .addOption(flag('--config <file>', 'GuardConfiguration: controls that are off, the interval of the sweep'));
  for (const option of clusterFlags('cluster of the node')) command.addOption(option);
  command.addHelpText('after', HELP).action((options: NodeAgentOptions) => runNodeAgent(options, terminal));
}

async function runNodeAgent(options: NodeAgentOptions, terminal: Terminal): Promise<void> {
  const { root, node, config } = options;
  if (node === undefined) throw new StartError('usage', 'pass --node: the name of this node in the cluster');
  const { serveAgent } = await import('./agent-process.ts');
  const abort = new AbortController();
  terminal.onSignal(['SIGTERM', 'SIGINT'], () => {
    abort.abort();
  });
  const request = { root: folder(root), node, config, access: accessTo(options, terminal) };
  await serveAgent(request, terminal.stdout(), abort.signal);
  terminal.exitWith(0);
}
