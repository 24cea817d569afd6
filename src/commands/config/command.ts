// The command line of `config`.

import type { Command } from 'commander';

import { escapeForTerminal, escapeLine } from '../../outputs/printable.ts';
import { flag } from '../options.ts';
import type { Terminal } from '../terminal.ts';

const HELP = `
Examples:
  kubelet-guard config check guard.yaml            list every fault of a configuration
  kubelet-guard config print --config guard.yaml   print all values, with the defaults`;

const CHECK_HELP = `
Examples:
  kubelet-guard config check guard.yaml            list every fault of a configuration`;

const PRINT_HELP = `
Examples:
  kubelet-guard config print                       print the built-in configuration
  kubelet-guard config print --config guard.yaml   print all values of a configuration, with the defaults`;

/** Adds `config`, which checks and prints configurations. */
export function addConfig(root: Command, { print }: Terminal): void {
  const config = root.command('config').description('Check and print configurations.').addHelpText('after', HELP);
  config
    .command('check')
    .description('Check a GuardConfiguration: exit code 0 if it is valid, else 2 and a list of its faults.')
    .argument('<file>', 'GuardConfiguration')
    .addHelpText('after', CHECK_HELP)
    .action(async (file: string) => {
      const [{ controls }, { dayOf, loadConfiguration, notesOn }] = await Promise.all([
        import('../../controls/index.ts'),
        import('../../runtime/configuration/configuration.ts'),
      ]);
      const notes = notesOn(loadConfiguration(file, controls), dayOf(new Date()));
      const lines = notes.map(({ line, column, message }) => `${file}:${line}:${column}: note: ${message}`);
      print([...lines, `${file}: valid`].map((line) => `${escapeLine(line)}\n`).join(''));
    });
  config
    .command('print')
    .description('Print the configuration in use, with the origin of each value.')
    .addOption(flag('--config <file>', 'GuardConfiguration (default: the built-in configuration)'))
    .addHelpText('after', PRINT_HELP)
    .action(async (options: { readonly config?: string }) => {
      const [{ controls }, { dayOf, loadConfiguration }, { printConfiguration }] = await Promise.all([
        import('../../controls/index.ts'),
        import('../../runtime/configuration/configuration.ts'),
        import('../../runtime/configuration/print.ts'),
      ]);
      const configuration = loadConfiguration(options.config, controls);
      print(escapeForTerminal(printConfiguration(configuration, controls, dayOf(new Date()))));
    });
}
