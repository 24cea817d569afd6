// The versions of the tool, and of the data that its verdicts rest on.

import flags from '../../facts/data/flags.json' with { type: 'json' };
import gates from '../../facts/data/feature-gates.json' with { type: 'json' };
import { FRAMEWORKS } from '../../policy/benchmarks/table.ts';
import { versionsText } from '../../policy/benchmarks/versions.ts';

/** What `version -o json` prints. */
export interface Versions {
  readonly version: string;
  readonly node: string;
  /** The versions of Kubernetes that the data was generated from, oldest first. */
  readonly kubernetes: { readonly flags: readonly string[]; readonly featureGates: readonly string[] };
  /** The versions of the benchmarks whose ids are known, oldest first. */
  readonly benchmarks: readonly {
    readonly name: string;
    readonly title: string;
    readonly versions: readonly string[];
  }[];
}

/** Collects the versions. */
export function versionsOf(version: string, node: string): Versions {
  return {
    version,
    node,
    kubernetes: { flags: flags.versions, featureGates: gates.versions },
    benchmarks: FRAMEWORKS.map(({ name, title, versions }) => ({ name, title, versions })),
  };
}

/** The versions for people. */
export function renderVersions({ version, node, kubernetes }: Versions): string {
  const rows: readonly (readonly [string, string])[] = [
    ['kubelet-guard', version],
    ['Node.js', node],
    ['Kubernetes flags', range(kubernetes.flags)],
    ['Feature gates', range(kubernetes.featureGates)],
    ...FRAMEWORKS.map((framework): [string, string] => [framework.title, versionsText(framework, framework.versions)]),
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
