// Which id of a control is shown, and how it is written.

import type { BenchmarkId, ControlMetadata } from '../control.ts';
import type { Finding } from '../finding.ts';
import type { Platform } from './platform.ts';
import { FRAMEWORKS } from './table.ts';

/**
 * The id to show for a control: the newest one of the platform's own benchmark, else the newest one of the first benchmark
 * that the control has.
 *
 * @returns undefined if no benchmark has the control, or not the chosen one
 */
export function shownReference(
  { benchmarks }: Pick<ControlMetadata, 'benchmarks'>,
  platform: Platform | undefined,
): BenchmarkId | undefined {
  return benchmarks.find((entry) => isFor(entry, platform)) ?? benchmarks[0];
}

/**
 * The ids to list for a control as text, the shown one first. Where the platform is known, those of other platforms are
 * left out.
 */
export function referencesOf(
  control: Pick<ControlMetadata, 'benchmarks'>,
  platform: Platform | undefined,
): readonly string[] {
  const shown = shownReference(control, platform);
  if (shown === undefined) return [];
  const others = control.benchmarks.filter(
    (entry) => entry !== shown && (platform === undefined || isGeneral(entry) || isFor(entry, platform)),
  );
  return [shown, ...others].map(referTo);
}

/** Writes an id, as in `CIS Kubernetes Benchmark 1.2.4`, with its versions if the newest version does not have it. */
export function referTo({ benchmark, id, versions, isCurrent }: BenchmarkId): string {
  return isCurrent ? `${benchmark} ${id}` : `${benchmark} ${id} (${versions})`;
}

/** Names the control of a finding with the shown id, as in `kubelet-client-ca (CIS AKS Benchmark 3.2.3)`. */
export function titleOf({
  control,
  platform,
}: Pick<Finding, 'platform'> & { readonly control: ControlMetadata }): string {
  const shown = shownReference(control, platform);
  if (shown === undefined) return control.slug;
  const { benchmark, id, versions, isCurrent } = shown;
  return `${control.slug} (${benchmark} ${id}${isCurrent ? '' : `, ${versions}`})`;
}

/**
 * The controls that an id names: `4.2.3`, `V-242420`, or one of several, as `SC-8`. Benchmarks use the same numbers for
 * different controls, so the shown ids decide first, then the current ones of every benchmark, then the older ones.
 */
export function controlsWithId<C extends Pick<ControlMetadata, 'benchmarks'>>(
  controls: readonly C[],
  wanted: string,
  platform?: Platform,
): readonly C[] {
  const lower = wanted.toLowerCase();
  const matching = (idsOf: (control: C) => readonly (BenchmarkId | undefined)[]): C[] =>
    controls.filter((control) =>
      idsOf(control).some((entry) => entry?.id.toLowerCase().split(', ').includes(lower) === true),
    );
  const shown = matching((control) => [shownReference(control, platform)]);
  if (shown.length > 0) return shown;
  const current = matching(({ benchmarks }) => benchmarks.filter(({ isCurrent }) => isCurrent));
  return current.length > 0 ? current : matching(({ benchmarks }) => benchmarks);
}

function isFor(entry: BenchmarkId, platform: Platform | undefined): boolean {
  return platform !== undefined && platformsOf(entry)?.includes(platform) === true;
}

function isGeneral(entry: BenchmarkId): boolean {
  return platformsOf(entry) === undefined;
}

function platformsOf({ framework }: BenchmarkId): readonly Platform[] | undefined {
  return FRAMEWORKS.find(({ name }) => name === framework)?.platforms;
}
