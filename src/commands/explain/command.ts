// The command line of `explain`.

import type { Command } from 'commander';

import { StartError } from '../../runtime/start-error.ts';
import { benchmarkFlag } from '../options.ts';
import type { Terminal } from '../terminal.ts';

const HELP = `
Examples:
  kubelet-guard explain kubelet-client-ca   show why kubelets need a client CA, and how to set it`;

/** Adds `explain`, which shows what a control wants. */
export function addExplain(root: Command, { print }: Terminal): void {
  root
    .command('explain')
    .description('Show what a control wants, why, and how to fix it.')
    .argument('<slug>', 'name of the control, as in reports')
    .addOption(benchmarkFlag())
    .addHelpText('after', HELP)
    .action(async (slug: string, options: { readonly benchmark?: string }) => {
      const [all, { benchmarkOf }, { explainControl }] = await Promise.all([
        import('../../controls/index.ts'),
        import('../../runtime/benchmark.ts'),
        import('./explain.ts'),
      ]);
      const controls = benchmarkOf(options.benchmark, undefined).show(all.controls);
      const control = controls.find((candidate) => candidate.slug === slug);
      if (control === undefined) {
        const known = controls.map((candidate) => candidate.slug).join(', ');
        throw new StartError('usage', `there is no control ${JSON.stringify(slug)}; the controls are ${known}`);
      }
      print(explainControl(control));
    });
}
