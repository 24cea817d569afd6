import type { Command } from 'commander';

import { escapeForTerminal, escapeLine } from '../../outputs/printable.ts';
import { flag } from '../options.ts';
import type { Terminal } from '../terminal.ts';

/** `config`: checks and shows configurations. */
export function addConfig(root: Command, { print }: Terminal): void {
  const config = root.command('config').description('Checks and shows configurations.');
  config
    .command('check')
    .description('Says whether a GuardConfiguration is valid; exits with 0, or with 2 and all of its faults.')
    .argument('<file>', 'GuardConfiguration')
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
    .description('Prints the configuration in force, each value with where it is from.')
    .addOption(flag('--config <file>', 'GuardConfiguration (default: what holds without one)'))
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
