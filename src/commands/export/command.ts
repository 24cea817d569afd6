// The command line of `export`.

import type { Command } from 'commander';

import { StartError } from '../../runtime/start-error.ts';
import { benchmarkFlag, flag } from '../options.ts';
import type { Terminal } from '../terminal.ts';

interface ExportFlags {
  readonly config?: string;
  readonly benchmark?: string;
  readonly static?: true;
}

const HELP = `
Examples:
  kubelet-guard export vap | kubectl apply -f -      enforce the rules without a webhook
  kubelet-guard export vap --static > policies.yaml  write the file that kube-apiserver reads at its start`;

/** ValidatingAdmissionPolicies are generally available from this minor version on. */
const FIRST_WITH_POLICIES = 30;

/** Adds `export`, which prints the rules in another format. */
export function addExport(root: Command, { print }: Terminal): void {
  root
    .command('export')
    .description('Print the rules in another format.')
    .addHelpText('after', HELP)
    .command('vap')
    .description('Print ValidatingAdmissionPolicies; their annotations say what they leave out.')
    .addOption(flag('--config <file>', 'GuardConfiguration (default: the built-in configuration)'))
    .addOption(benchmarkFlag())
    .option('--static', 'for a file that kube-apiserver reads at its start (1.37 or newer)')
    .addHelpText('after', HELP)
    .action(async (options: ExportFlags) => {
      const [all, { default: data }, { renderPolicies }, { dayOf, loadConfiguration }, { benchmarkOf }] =
        await Promise.all([
          import('../../controls/index.ts'),
          import('../../facts/data/flags.json', { with: { type: 'json' } }),
          import('../../outputs/vap/vap.ts'),
          import('../../runtime/configuration/configuration.ts'),
          import('../../runtime/benchmark.ts'),
        ]);
      const configuration = loadConfiguration(options.config, all.controls);
      const { policy, namespaces } = configuration;
      const controls = benchmarkOf(options.benchmark, configuration).show(all.controls);
      const newest = Math.max(...data.versions.map((version) => Number(version.split('.')[1])));
      // only flags of every version with these policies: any other one could keep kube-apiserver from starting
      const flags = data['kube-apiserver'].filter(
        ({ since, until }) => since <= FIRST_WITH_POLICIES && until >= newest,
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
