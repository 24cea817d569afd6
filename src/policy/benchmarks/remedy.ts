// How to fix the violation of a finding, for the surface and the platform that were seen.

import type { ControlMetadata } from '../control.ts';
import type { Finding } from '../finding.ts';

/** Says how to fix a finding, in sentences: by its surface and platform, else in general. */
export function remediationFor({
  control,
  surface,
  platform,
}: Pick<Finding, 'surface' | 'platform'> & { readonly control: Pick<ControlMetadata, 'remediation'> }): string {
  const { general, entries } = control.remediation;
  const entry = entries.find(
    ({ platforms, surfaces }) =>
      (platforms === undefined || (platform !== undefined && platforms.includes(platform))) &&
      (surfaces === undefined || surfaces.includes(surface)),
  );
  return entry?.text ?? general;
}
