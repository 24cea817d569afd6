// The benchmark that a user chooses: its name, and the controls with its ids only.

import type { ControlMetadata } from '../control.ts';
import { FRAMEWORKS, type Framework } from './table.ts';
import { idsIn } from './versions.ts';

/** A benchmark, or one version of it. */
export interface BenchmarkChoice {
  /** As reports have it: `cis-aks` or `cis-aks-1.8`. */
  readonly name: string;
  readonly framework: Framework;
  /** Undefined for all versions. */
  readonly version: string | undefined;
}

/**
 * Finds the benchmark of a name such as `cis-aks` or `cis-aks-1.8`. Case does not matter, nor a `v` before the version or a
 * `.0` at its end.
 *
 * @returns undefined if there is none, or if the ids of that version are not known
 */
export function findBenchmark(name: string): BenchmarkChoice | undefined {
  const lower = name.toLowerCase();
  const framework = FRAMEWORKS.find((candidate) => lower === candidate.name || lower.startsWith(`${candidate.name}-`));
  if (framework === undefined) return undefined;
  if (lower === framework.name) return { name: framework.name, framework, version: undefined };
  const wanted = lower.slice(framework.name.length + 1);
  const version = framework.versions.find((candidate) => spellings(candidate).includes(wanted));
  if (version === undefined) return undefined;
  return { name: `${framework.name}-${version.toLowerCase()}`, framework, version };
}

/** Every name that `findBenchmark` knows, by benchmark: its own, then those with a version, oldest first. */
export function benchmarkNames(): readonly (readonly [string, ...string[]])[] {
  return FRAMEWORKS.map(({ name, versions }) => [
    name,
    ...versions.map((version) => `${name}-${version.toLowerCase()}`),
  ]);
}

/** The controls with the ids of one benchmark only. A control that it does not have keeps none. */
export function selectBenchmark<C extends ControlMetadata>(
  controls: readonly C[],
  { framework, version }: Pick<BenchmarkChoice, 'framework' | 'version'>,
): C[] {
  return controls.map((control) => {
    if (version === undefined) return { ...control, benchmarks: idsIn(framework, framework.versions, control.slug) };
    // the version is shown, because it was asked for
    const ids = idsIn(framework, [version], control.slug).map((id) => ({ ...id, isCurrent: false }));
    return { ...control, benchmarks: ids };
  });
}

function spellings(version: string): string[] {
  const lower = version.toLowerCase();
  return [lower, `v${lower}`, `${lower}.0`, `v${lower}.0`];
}
