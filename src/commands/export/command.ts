import type { Command } from 'commander';

import { StartError } from '../../runtime/start-error.ts';
import { flag } from '../options.ts';
import type { Terminal } from '../terminal.ts';

interface ExportOptions {
  readonly config?: string;
  readonly static?: true;
}

/** `export`: the rules in the words of other programs. */
export function addExport(root: Command, { print }: Terminal): void {
  root
    .command('export')
    .description('Prints the rules for other programs to judge by.')
    .command('vap')
    .description('Prints in-tree ValidatingAdmissionPolicies, which say in annotations what they leave out.')
    .addOption(flag('--config <file>', 'GuardConfiguration (default: what holds without one)'))
    .option('--static', 'for files that kube-apiserver reads at its start (from 1.36 on)')
    .action(async (options: ExportOptions) => {
      const [{ controls }, { default: data }, { renderPolicies }, { dayOf, loadConfiguration }] = await Promise.all([
        import('../../controls/index.ts'),
        import('../../facts/data/flags.json', { with: { type: 'json' } }),
        import('../../outputs/vap/vap.ts'),
        import('../../runtime/configuration/configuration.ts'),
      ]);
      const { policy, namespaces } = loadConfiguration(options.config, controls);
      const minors = data.versions.map((version) => Number(version.split('.')[1]));
      // a flag that some version lacks could keep kube-apiserver from starting
      const flags = data['kube-apiserver'].filter(
        ({ since, until }) => since <= Math.min(...minors) && until >= Math.max(...minors),
      );
      const isStatic = options.static === true;
      const policies = renderPolicies({ controls, flags, policy, namespaces, today: dayOf(new Date()), isStatic });
      if (policies === '') {
        throw new StartError(
          'configuration',
          'there is nothing to export: the controls of kube-apiserver are off for pods; set their action to audit, ratchet or enforce',
        );
      }
      print(policies);
    });
}
