// The page of the benchmarks, docs/benchmarks.md, from their table.

import { controls } from '../src/controls/index.ts';
import { BENCHMARK_ROWS, FRAMEWORKS, type BenchmarkRow, type Framework } from '../src/policy/benchmarks/table.ts';
import { covers, versionsText } from '../src/policy/benchmarks/versions.ts';

const INTRODUCTION = `# Benchmarks

A control has ids in several benchmarks, and in several versions of each. Answers, reports, Events and policies show one of them first:

1. If you choose a benchmark, its id, with the version that you chose: \`CIS AKS Benchmark 3.2.3 (v1.8)\`. A control that this benchmark
   does not have is shown without an id.
2. Else the newest id of the platform's own benchmark, if the platform is known: \`CIS EKS Benchmark 3.2.3\`. Where the newest known
   version does not have the control, the versions that have it are shown: \`CIS GKE Benchmark 3.2.3 (v1.2 to v1.7)\`.
3. Else the newest id of CIS Kubernetes: \`CIS Kubernetes Benchmark 4.2.3\`.

The field \`references\` of a report lists the shown id first, then those of benchmarks for all platforms. If the platform is not known, it
lists all ids. Neither the benchmark nor the platform changes a result.

## Choose a benchmark

\`--benchmark NAME\` or \`--benchmark NAME-VERSION\` works with \`check\`, \`node\`, \`sweep\`, \`serve\`, \`explain\` and \`export vap\`. The environment
variable is \`KUBELET_GUARD_BENCHMARK\`. In a cluster, set \`benchmark\` in the [configuration](configuration.md), which \`serve\` reloads; the
chart has it as \`config.benchmark\`. The flag overrides the configuration. A report names the chosen benchmark in \`run.benchmark\`.

## How the platform is known

| What is checked | What shows the platform |
| --- | --- |
| files and objects | the kind of object (\`NodeConfig\` and \`EC2NodeClass\`: EKS; \`MachineConfig\` and \`KubeletConfig\`: OpenShift), and the paths, labels and annotations that one installer writes into command lines and units |
| processes of a host | the program that starts them, their unit, and the paths in their command line |
| a cluster | the suffix of the API server's version (\`-eks-…\`, \`-gke.…\`, \`+k3s1\`, \`+rke2r1\`, \`+k0s\`), its host name, a pod that AKS runs, and what its objects show |

Labels of nodes do not count, because a kubelet can set its own.

## The ids

\`-\`: this version does not have the control. Where a version was not read, it is not in the table, and \`--benchmark\` does not know it: CIS AKS, EKS
and GKE 2.0, CIS GKE 1.1, CIS OpenShift 1.2 and 1.3. V-242441 is not in release 1 of V2 of the STIG, so it is shown for V1 only.
`;

/** The page, as Markdown. */
export function benchmarksPage(): string {
  const slugs = controls.map(({ slug }) => slug);
  const rows = FRAMEWORKS.flatMap((framework) => rowsOf(framework, slugs));
  return [
    INTRODUCTION,
    `| Benchmark | Name | Versions | ${slugs.map((slug) => `\`${slug}\``).join(' | ')} | Read in |`,
    `| --- | --- | --- | ${slugs.map(() => '---').join(' | ')} | --- |`,
    ...rows,
    '',
  ].join('\n');
}

function rowsOf(framework: Framework, slugs: readonly string[]): string[] {
  const { name, title, versions } = framework;
  const own = BENCHMARK_ROWS.filter((row) => row.framework === name);
  const without = versions.filter((version) => own.every((row) => !covers(row, framework, version)));
  const line = (using: readonly string[], ids: BenchmarkRow['ids'], source: string): string =>
    `| ${[title, `\`${name}\``, versionsText(framework, using), ...slugs.map((slug) => ids[slug] ?? '-'), source].join(' | ')} |`;
  return [
    ...own.map((row) =>
      line(
        versions.filter((version) => covers(row, framework, version)),
        row.ids,
        row.source,
      ),
    ),
    ...(without.length === 0 ? [] : [line(without, {}, 'the versions do not have the controls')]),
  ];
}
