// The differences between two configurations, for the log.

import type { ControlMetadata, Exemption } from '../../policy/control.ts';
import { CERTIFICATE_DEFAULTS } from './certificates.ts';
import { SURFACES } from '../../policy/reading.ts';
import type { GuardConfiguration } from './configuration.ts';
import { SWEEP_DEFAULTS, type SweepSettings } from './sweep.ts';

/** The differences between two configurations, as short texts such as `onUnknown: audit -> deny`. */
export function changesBetween(
  before: GuardConfiguration,
  after: GuardConfiguration,
  controls: readonly ControlMetadata[],
): string[] {
  return [
    ...controls.flatMap((control) => changedActions(before, after, control)),
    ...changed('onUnknown', before.policy.onUnknown, after.policy.onUnknown),
    ...changed('benchmark', before.benchmark?.name ?? BY_PLATFORM, after.benchmark?.name ?? BY_PLATFORM),
    ...changed('namespaces', [...before.namespaces].join(', '), [...after.namespaces].join(', ')),
    ...changedExemptions(before.policy.exemptions, after.policy.exemptions),
    ...changedSweep(before.settings.sweep?.value, after.settings.sweep?.value),
    ...changed('certificates.warnBefore', warnBeforeOf(before), warnBeforeOf(after)),
  ];
}

const BY_PLATFORM = 'by platform';

function changedActions(before: GuardConfiguration, after: GuardConfiguration, control: ControlMetadata): string[] {
  return SURFACES.flatMap((surface) =>
    changed(
      `${control.slug} on ${surface}`,
      before.policy.action(control, surface),
      after.policy.action(control, surface),
    ),
  );
}

function changed(what: string, before: string, after: string): string[] {
  return before === after ? [] : [`${what}: ${before} -> ${after}`];
}

function changedExemptions(before: readonly Exemption[], after: readonly Exemption[]): string[] {
  const old = new Map(before.map((exemption) => [nameOf(exemption), exemption]));
  const added = after.flatMap((exemption) => {
    const name = nameOf(exemption);
    const twin = old.get(name);
    old.delete(name);
    if (twin === undefined) return [`exemption of ${name} until ${exemption.expires}: added`];
    const reason = twin.reason === exemption.reason ? [] : [`exemption of ${name}: reason changed`];
    return [...changed(`exemption of ${name}`, `until ${twin.expires}`, `until ${exemption.expires}`), ...reason];
  });
  return [...added, ...Array.from(old.keys(), (name) => `exemption of ${name}: removed`)];
}

function nameOf({ control, subject }: Exemption): string {
  return `${subject} from ${control}`;
}

function changedSweep(before: SweepSettings | undefined, after: SweepSettings | undefined): string[] {
  const keys = Object.keys(SWEEP_DEFAULTS) as (keyof typeof SWEEP_DEFAULTS)[];
  return keys.flatMap((key) => changed(`sweep.${key}`, sweepText(before, key), sweepText(after, key)));
}

function sweepText(settings: SweepSettings | undefined, key: keyof typeof SWEEP_DEFAULTS): string {
  if (key === 'evidence') return (settings?.evidence?.map(({ value }) => value) ?? SWEEP_DEFAULTS.evidence).join(', ');
  return String(settings?.[key]?.value ?? SWEEP_DEFAULTS[key]);
}

function warnBeforeOf({ settings }: GuardConfiguration): string {
  return settings.certificates?.value.warnBefore?.value ?? CERTIFICATE_DEFAULTS.warnBefore;
}
