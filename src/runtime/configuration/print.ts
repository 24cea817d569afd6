// Prints the configuration in use: `config print`.

import { isExpired } from '../../policy/decision/exempt.ts';
import type { ControlMetadata } from '../../policy/control.ts';
import { CERTIFICATE_DEFAULTS } from './certificates.ts';
import { SURFACES } from '../../policy/reading.ts';
import { HEAD, type Settings } from './file.ts';
import { SWEEP_DEFAULTS, type SweepSettings } from './sweep.ts';
import { actionOf, isUnnamed, type GuardConfiguration } from './configuration.ts';
import type { Located } from './yaml-reader.ts';

/** A value in use; one without a place is a default. */
type InUse<T> = Located<T> | { readonly value: T };

/**
 * The configuration in use, as YAML. It is itself a valid configuration with the same meaning. It has the action of every
 * control on every surface, and after each value a comment with its origin: a line of the file, or `default`.
 */
export function printConfiguration(
  { settings, policy, namespaces, file }: GuardConfiguration,
  controls: readonly ControlMetadata[],
  today: string,
): string {
  const from = originIn(file?.path);
  const names = settings.namespaces ?? [...namespaces].map((value) => ({ value }));
  const warnBefore = settings.certificates?.value.warnBefore ?? { value: CERTIFICATE_DEFAULTS.warnBefore };
  const lines = [
    `apiVersion: ${HEAD.apiVersion}`,
    `kind: ${HEAD.kind}`,
    'controls:',
    ...controls.flatMap((control) => printControl(control, settings, from)),
    `onUnknown: ${policy.onUnknown}${from(settings.onUnknown)}`,
    ...(settings.benchmark ? [`benchmark: ${settings.benchmark.value.name}${from(settings.benchmark)}`] : []),
    'namespaces:',
    ...names.map((name) => `  - ${JSON.stringify(name.value)}${from(name)}`),
    ...printExemptions(settings, today, from),
    'sweep:',
    ...printSweep(settings.sweep?.value ?? {}, from),
    'certificates:',
    `  warnBefore: ${warnBefore.value}${from(warnBefore)}`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

type Origin = (value: InUse<unknown> | undefined) => string;

function originIn(path: string | undefined): Origin {
  // quoted if it could end the comment
  const name = path === undefined || /^[\x21-\x7e]+$/.test(path) ? path : JSON.stringify(path);
  return (value) => (value !== undefined && 'line' in value ? ` # file ${name ?? ''}:${value.line}` : ' # default');
}

function printControl(control: ControlMetadata, settings: Settings, from: Origin): string[] {
  const configured = settings.actions.get(control.slug);
  // to name it, even with off, would have another meaning
  if (isUnnamed(configured, control)) return [`  # ${control.slug}: off (default: reported by sweep and node only)`];
  const overall = configured?.action ?? { value: control.defaults.action };
  const bySurface = SURFACES.map((surface) => {
    const action = actionOf(configured, control, surface);
    return `      ${surface}: ${action.value}${from(action)}`;
  });
  return [`  ${control.slug}:`, `    action: ${overall.value}${from(overall)}`, '    on:', ...bySurface];
}

function printExemptions({ exemptions }: Settings, today: string, from: Origin): string[] {
  if (exemptions.length === 0) return [`exemptions: []${from(undefined)}`];
  const items = exemptions.flatMap((exemption) => {
    const { control, subject, reason, expires } = exemption.value;
    const expired = isExpired(exemption.value, today) ? ' (expired: no longer applies)' : '';
    return [
      `  - control: ${control}${from(exemption)}`,
      // JSON strings are YAML strings too
      `    subject: ${JSON.stringify(subject)}${from(exemption)}`,
      `    reason: ${JSON.stringify(reason)}${from(exemption)}`,
      `    expires: ${expires}${from(exemption)}${expired}`,
    ];
  });
  return ['exemptions:', ...items];
}

function printSweep(sweep: SweepSettings, from: Origin): string[] {
  const scalar = (key: keyof typeof SWEEP_DEFAULTS & Exclude<keyof SweepSettings, 'evidence'>): string => {
    const setting = sweep[key] ?? { value: SWEEP_DEFAULTS[key] };
    return `  ${key}: ${setting.value}${from(setting)}`;
  };
  const evidence = sweep.evidence ?? SWEEP_DEFAULTS.evidence.map((value) => ({ value }));
  return [
    ...(['interval', 'jitter', 'concurrency', 'timeout'] as const).map(scalar),
    '  evidence:',
    ...evidence.map((name) => `    - ${name.value}${from(name)}`),
    scalar('reports'),
  ];
}
