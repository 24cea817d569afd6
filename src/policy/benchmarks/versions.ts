// The ids of one control in every benchmark, and how ranges of versions are written.

import type { BenchmarkId } from '../control.ts';
import { BENCHMARK_ROWS, FRAMEWORKS, type BenchmarkRow, type Framework } from './table.ts';

/** Every id of a control: benchmarks in the order of the table, and within one the newest id first. */
export function benchmarksOf(slug: string): readonly BenchmarkId[] {
  return FRAMEWORKS.flatMap((framework) => idsIn(framework, framework.versions, slug));
}

/**
 * The ids of a control in some versions of a benchmark, the newest first. Versions with the same id are one entry.
 *
 * @param versions of the framework, oldest first
 */
export function idsIn(framework: Framework, versions: readonly string[], slug: string): BenchmarkId[] {
  const rows = BENCHMARK_ROWS.filter((row) => row.framework === framework.name);
  const byId = new Map<string, { readonly versions: string[]; readonly sources: Set<string> }>();
  for (const version of versions.toReversed()) {
    const row = rows.find((candidate) => covers(candidate, framework, version));
    const id = row?.ids[slug];
    if (row === undefined || id === undefined) continue;
    const known = byId.get(id) ?? { versions: [], sources: new Set() };
    known.versions.unshift(version);
    known.sources.add(row.source);
    byId.set(id, known);
  }
  return Array.from(byId, ([id, { versions: using, sources }]) => ({
    framework: framework.name,
    benchmark: framework.title,
    id,
    versions: versionsText(framework, using),
    isCurrent: using.at(-1) === framework.versions.at(-1),
    sources: [...sources],
  }));
}

/** Whether a row has the ids of a version. */
export function covers({ from, to }: BenchmarkRow, { versions }: Framework, version: string): boolean {
  const at = versions.indexOf(version);
  return versions.indexOf(from) <= at && at <= versions.indexOf(to);
}

/** Writes versions as in `v1.20, v1.24, v1.7 to v2.0`: a range ends where the numbers fall, as from 1.24 to 1.7. */
export function versionsText({ versions }: Framework, using: readonly string[]): string {
  const runs: string[][] = [];
  for (const version of using) {
    const run = runs.at(-1);
    const last = run?.at(-1) ?? '';
    const follows = versions.indexOf(last) + 1 === versions.indexOf(version) && numberOf(version) > numberOf(last);
    if (run !== undefined && follows) run.push(version);
    else runs.push([version]);
  }
  return runs
    .flatMap((run) => {
      const [first = '', ...rest] = run.map(versionText);
      const last = rest.at(-1);
      return last === undefined ? [first] : rest.length === 1 ? [first, last] : [`${first} to ${last}`];
    })
    .join(', ');
}

/** A number that grows with the version. */
function numberOf(version: string): number {
  const [major = 0, minor = 0, patch = 0] = (version.match(/\d+/g) ?? []).map(Number);
  return (major * 1000 + minor) * 1000 + patch;
}

/** Writes a version as the benchmark's title does: `v1.8`, `V2`, `r5`. */
function versionText(version: string): string {
  return /^\d/.test(version) ? `v${version}` : version;
}
