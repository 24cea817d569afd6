// The benchmark whose ids are shown: that of --benchmark, or of the configuration.

import { didYouMean } from '../did-you-mean.ts';
import { benchmarkNames, findBenchmark, selectBenchmark, type BenchmarkChoice } from '../policy/benchmarks/select.ts';
import { FRAMEWORKS } from '../policy/benchmarks/table.ts';
import type { ControlMetadata } from '../policy/control.ts';
import { StartError } from './start-error.ts';

/** Reads the name of a benchmark, or says what is wrong with it. */
export function readBenchmark(name: string): BenchmarkChoice | { readonly fault: string } {
  const choice = findBenchmark(name);
  if (choice !== undefined) return choice;
  const lower = name.toLowerCase();
  const framework = FRAMEWORKS.find((known) => lower.startsWith(`${known.name}-`));
  if (framework !== undefined) {
    const { name: own, title, versions } = framework;
    const known = versions.map((version) => version.toLowerCase()).join(', ');
    return {
      fault: `the ids of ${JSON.stringify(name)} are not known; of ${title} (${own}) these versions are: ${known}`,
    };
  }
  const near = didYouMean(
    name,
    benchmarkNames().flatMap((names) => names),
  );
  const all = FRAMEWORKS.map((known) => known.name).join(', ');
  return {
    fault: `there is no benchmark ${JSON.stringify(name)}; ${near === '' ? '' : `${near} `}the benchmarks are ${all}; a version can follow, as in cis-aks-1.8`,
  };
}

/** Chooses a benchmark. */
export interface Benchmark {
  /** Its name in reports; undefined if the platform of a finding chooses the id. */
  readonly name: string | undefined;
  /** The controls with the ids to show. */
  readonly show: <C extends ControlMetadata>(controls: readonly C[]) => readonly C[];
}

/**
 * The benchmark of a run. The flag overrides the configuration.
 *
 * @throws StartError if there is no such benchmark
 */
export function benchmarkOf(
  flag: string | undefined,
  configuration: { readonly benchmark: BenchmarkChoice | undefined } | undefined,
): Benchmark {
  const choice = flag === undefined ? configuration?.benchmark : chosen(flag);
  return {
    name: choice?.name,
    show: (controls) => (choice === undefined ? controls : selectBenchmark(controls, choice)),
  };
}

function chosen(name: string): BenchmarkChoice {
  const choice = readBenchmark(name);
  if ('fault' in choice) throw new StartError('usage', `--benchmark: ${choice.fault}`);
  return choice;
}
