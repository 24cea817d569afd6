// How to fix the violation of a finding, for the surface and the platform that were seen.

import type { ControlMetadata, Remediation, RemediationEntry } from '../control.ts';
import type { Finding } from '../finding.ts';

/** What decides how a finding is fixed. */
interface Seen extends Pick<Finding, 'surface' | 'platform'> {
  readonly control: Pick<ControlMetadata, 'remediation'>;
  readonly subject?: Pick<Finding['subject'], 'kind'>;
}

/** Says how to fix a finding, in sentences: by its surface and platform, else in general. */
export function remediationFor({ control, surface, platform, subject }: Seen): string {
  const { general, entries } = control.remediation;
  const has = <T>(named: readonly T[] | undefined, value: T | undefined): boolean =>
    named === undefined || (value !== undefined && named.includes(value));
  const entry = entries.find(
    ({ platforms, surfaces, kinds }) => has(platforms, platform) && has(surfaces, surface) && has(kinds, subject?.kind),
  );
  return entry?.text ?? general;
}

/** Every remedy with what it is for, the general one first. */
export function remedies({
  general,
  entries,
}: Remediation): readonly { readonly where: string; readonly text: string }[] {
  return [
    { where: 'in general', text: general },
    ...entries.map((entry) => ({ where: whereOf(entry), text: entry.text })),
  ];
}

function whereOf({ platforms, surfaces, kinds }: RemediationEntry): string {
  return [platforms, kinds ?? surfaces].flatMap((names) => (names === undefined ? [] : [names.join(', ')])).join(': ');
}
