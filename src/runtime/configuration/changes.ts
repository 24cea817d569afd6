// The differences between two configurations, for the log.

import type { ControlMetadata, Exemption } from '../../policy/control.ts';
import { CERTIFICATE_DEFAULTS } from './certificates.ts';
import { SURFACES } from '../../policy/reading.ts';
import type { Settings } from './file.ts';
import type { GuardConfiguration } from './configuration.ts';

/** The differences between two configurations, as short texts such as `onUnknown: audit -> deny`. */
export function changesBetween(
  before: GuardConfiguration,
  after: GuardConfiguration,
  controls: readonly ControlMetadata[],
): string[] {
  return [
    ...controls.flatMap((control) => changedActions(before, after, control)),
    ...changed('onUnknown', before.policy.onUnknown, after.policy.onUnknown),
    ...changed('namespaces', [...before.namespaces].join(', '), [...after.namespaces].join(', ')),
    ...changedExemptions(before.policy.exemptions, after.policy.exemptions),
    ...(valuesOf(before.settings.sweep) === valuesOf(after.settings.sweep) ? [] : ['sweep']),
    ...changed('certificates.warnBefore', warnBeforeOf(before), warnBeforeOf(after)),
  ];
}

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

/** The settings without their lines and columns, to compare them. */
function valuesOf(settings: Settings['sweep']): string {
  return JSON.stringify(settings?.value ?? {}, (key, value: unknown) =>
    key === 'line' || key === 'column' ? undefined : value,
  );
}

function warnBeforeOf({ settings }: GuardConfiguration): string {
  return settings.certificates?.value.warnBefore?.value ?? CERTIFICATE_DEFAULTS.warnBefore;
}
