// The command line of `explain`.

import type { Command } from 'commander';

import { benchmarkFlag } from '../options.ts';
import type { Terminal } from '../terminal.ts';

const HELP = `
An id that benchmarks use for different controls, as 4.2.2, is explained as the CIS Kubernetes Benchmark has it, after a list of
all that it can mean. Name the benchmark to choose another.

Examples:
  kubelet-guard explain                        list the controls and their ids in benchmarks
  kubelet-guard explain kubelet-client-ca      show why kubelets need a client CA, and how to set it
  kubelet-guard explain 4.2.3 V-242420         show the controls with these ids
  kubelet-guard explain cis-aks 3.2.3          show the control with this id in one benchmark
  kubelet-guard explain cis-openshift-1.8      list the controls of one version of a benchmark`;

/** Adds `explain`, which lists the controls, and shows what they want. */
export function addExplain(root: Command, { print }: Terminal): void {
  root
    .command('explain')
    .description('List the controls, or show what they want, why, and how to fix it.')
    .argument('[control...]', 'slug of a control as in reports, id in a benchmark, or benchmark')
    .addOption(benchmarkFlag())
    .addHelpText('after', HELP)
    .action(async (args: readonly string[], options: { readonly benchmark?: string }) => {
      const [all, { benchmarkOf }, { findRequests }, { explainRequests, listControls }] = await Promise.all([
        import('../../controls/index.ts'),
        import('../../runtime/benchmark.ts'),
        import('./find.ts'),
        import('./explain.ts'),
      ]);
      const controls = benchmarkOf(options.benchmark, undefined).show(all.controls);
      print(args.length === 0 ? listControls(controls) : explainRequests(findRequests(args, controls)));
    });
}
