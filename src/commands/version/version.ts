// The versions of the tool, and of the data that its verdicts rest on.

import flags from '../../facts/data/flags.json' with { type: 'json' };
import gates from '../../facts/data/feature-gates.json' with { type: 'json' };
import type { ControlMetadata } from '../../policy/control.ts';

/** What `version -o json` prints. */
export interface Versions {
  readonly version: string;
  readonly node: string;
  /** The versions of Kubernetes that the data was generated from, oldest first. */
  readonly kubernetes: { readonly flags: readonly string[]; readonly featureGates: readonly string[] };
  readonly benchmarks: readonly CoveredBenchmark[];
}

interface CoveredBenchmark {
  readonly benchmark: string;
  /** How the benchmark numbers the controls. */
  readonly ids: readonly { readonly id: string; readonly control: string; readonly versions?: string }[];
}

/** Collects the versions. */
export function versionsOf(version: string, node: string, controls: readonly ControlMetadata[]): Versions {
  const names = new Set(controls.flatMap(({ benchmarks }) => benchmarks.map(({ benchmark }) => benchmark)));
  const idsIn = (name: string) =>
    controls.flatMap(({ slug: control, benchmarks }) =>
      benchmarks
        .filter(({ benchmark }) => benchmark === name)
        .map(({ id, versions }) => ({ id, control, ...(versions !== undefined && { versions }) })),
    );
  return {
    version,
    node,
    kubernetes: { flags: flags.versions, featureGates: gates.versions },
    benchmarks: Array.from(names, (benchmark) => ({ benchmark, ids: idsIn(benchmark) })),
  };
}

/** The versions for people. */
export function renderVersions({ version, node, kubernetes, benchmarks }: Versions): string {
  const rows: readonly (readonly [string, string])[] = [
    ['kubelet-guard', version],
    ['Node.js', node],
    ['Flags', `of kube-apiserver and kubelet ${range(kubernetes.flags)}`],
    ['Feature gates', `of Kubernetes ${range(kubernetes.featureGates)}`],
    ...benchmarks.map(({ benchmark, ids }): [string, string] => [benchmark, listOf(ids.map(({ id }) => id))]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('');
}

function range(versions: readonly string[]): string {
  return `${minor(versions[0])} to ${minor(versions.at(-1))}`;
}

function minor(version = ''): string {
  return version.split('.').slice(0, 2).join('.');
}

function listOf(ids: readonly string[]): string {
  return Array.from(new Set(ids))
    .sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
    .join(', ');
}
