// The command line of `version`.

import { Option, type Command } from 'commander';

import type { Terminal } from '../terminal.ts';

const HELP = `
Examples:
  kubelet-guard version            print the versions of the tool, of Node.js, and of what it knows
  kubelet-guard version -o json    print them for programs`;

/** Adds `version`, which prints the versions of the tool and of its data. */
export function addVersion(root: Command, terminal: Terminal): void {
  root
    .command('version')
    .description('Print the version, and which versions of Kubernetes and of the benchmarks it covers.')
    .addOption(new Option('-o, --output <format>', 'format').choices(['text', 'json']).default('text'))
    .addHelpText('after', HELP)
    .action(async ({ output }: { readonly output: 'text' | 'json' }) => {
      const { versionsOf, renderVersions } = await import('./version.ts');
      const versions = versionsOf(terminal.version(), process.versions.node);
      terminal.print(output === 'json' ? `${JSON.stringify(versions, undefined, 2)}\n` : renderVersions(versions));
    });
}
