// The configuration of the program: a GuardConfiguration file over the defaults.

import { readFileSync, statSync } from 'node:fs';

import { isExpired } from '../../policy/decision/exempt.ts';
import type { BenchmarkChoice } from '../../policy/benchmarks/select.ts';
import type { Action, ControlMetadata, Exemption } from '../../policy/control.ts';
import type { DecisionPolicy } from '../../policy/finding.ts';
import { SURFACES, type Surface } from '../../policy/reading.ts';
import { readSettings, type Actions, type Settings } from './file.ts';
import { StartError } from '../start-error.ts';
import type { Located, TextPosition } from './yaml-reader.ts';

/** The configuration of the program. */
export interface GuardConfiguration {
  /** For admission and `check`: a supporting control that the file does not name is off. */
  readonly policy: DecisionPolicy;
  /** For a sweep and a node audit: every control is reported unless the file turns it off. */
  readonly isReported: (control: ControlMetadata, surface: Surface) => boolean;
  readonly namespaces: ReadonlySet<string>;
  /** The benchmark whose ids are shown; undefined if the platform chooses. */
  readonly benchmark: BenchmarkChoice | undefined;
  /** The settings of the file, without the defaults. */
  readonly settings: Settings;
  /** The file; undefined if only the defaults are in use. */
  readonly file: ConfigurationFile | undefined;
}

/** A configuration file: its text, and its path for messages. */
export interface ConfigurationFile {
  readonly path: string;
  readonly text: string;
}

/** A note about a valid file, for its author. */
export interface ConfigurationNote extends TextPosition {
  readonly message: string;
}

const DEFAULT_NAMESPACES = ['kube-system'];
const FAULT_LIMIT = 20;

/** The largest size of a configuration file, in bytes. */
export const SIZE_LIMIT = 1024 * 1024;

/**
 * Reads the configuration file, if there is one.
 *
 * @param path the path of the file, or undefined for the defaults
 * @throws StartError with every fault of the file
 */
export function loadConfiguration(path: string | undefined, controls: readonly ControlMetadata[]): GuardConfiguration {
  if (path === undefined) return readConfiguration(undefined, controls);
  let text: string;
  try {
    if (statSync(path).size > SIZE_LIMIT) throw configurationTooLarge(path);
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw cause instanceof StartError ? cause : unreadableConfiguration(path, cause);
  }
  return readConfiguration({ path, text }, controls);
}

/** The error for a file that is too large. */
export function configurationTooLarge(path: string): StartError {
  return new StartError('configuration', `the configuration ${path} is larger than 1 MiB: check the path`);
}

/** The error for a file that cannot be read. */
export function unreadableConfiguration(path: string, cause: unknown): StartError {
  const reason = (cause as NodeJS.ErrnoException).code ?? 'no reason given';
  const fault = `cannot read the configuration ${path} (${reason}): check its path and mode`;
  return new StartError('configuration', fault, { cause });
}

/**
 * Parses a configuration. Unknown keys are faults, so that no setting is silently ignored.
 *
 * @param file undefined for the defaults
 * @param controls all controls, with their default actions
 * @throws StartError with every fault, each with line and column
 */
export function readConfiguration(
  file: ConfigurationFile | undefined,
  controls: readonly ControlMetadata[],
): GuardConfiguration {
  const settings: Settings = file === undefined ? { actions: new Map(), exemptions: [] } : parse(file, controls);
  return {
    policy: {
      action: (control, surface) => actionOf(settings.actions.get(control.slug), control, surface).value,
      onUnknown: settings.onUnknown?.value ?? 'audit',
      exemptions: settings.exemptions.map(({ value }) => value),
    },
    isReported: (control, surface) => configuredAction(settings.actions.get(control.slug), surface)?.value !== 'off',
    namespaces: new Set(settings.namespaces?.map(({ value }) => value) ?? DEFAULT_NAMESPACES),
    benchmark: settings.benchmark?.value,
    settings,
    file,
  };
}

/** The controls that are not off everywhere at admission. The other controls need not be evaluated. */
export function admissionControls<C extends ControlMetadata>(
  controls: readonly C[],
  { policy }: Pick<GuardConfiguration, 'policy'>,
): C[] {
  return controls.filter((control) => SURFACES.some((surface) => policy.action(control, surface) !== 'off'));
}

/**
 * The action for a control on a surface, with its place in the file if the file has it. The `action` of a control in the
 * file overrides the defaults of all surfaces. A supporting control that the file does not name is off.
 */
export function actionOf(
  configured: Actions | undefined,
  control: ControlMetadata,
  surface: Surface,
): Located<Action> | { readonly value: Action } {
  const { action, on } = control.defaults;
  const otherwise = isUnnamed(configured, control) ? 'off' : (on?.[surface] ?? action);
  return configuredAction(configured, surface) ?? { value: otherwise };
}

/** Whether a control is a supporting one that the file does not name: only a sweep and a node audit report it. */
export function isUnnamed(configured: Actions | undefined, { supporting }: ControlMetadata): boolean {
  return supporting === true && configured === undefined;
}

function configuredAction(configured: Actions | undefined, surface: Surface): Located<Action> | undefined {
  return configured?.on[surface] ?? configured?.action;
}

/** The exemptions of a configuration that no longer apply. */
export function expiredExemptions({ policy }: GuardConfiguration, today: string): readonly Exemption[] {
  return policy.exemptions.filter((exemption) => isExpired(exemption, today));
}

/** Notes about a valid file: exemptions that have expired. */
export function notesOn({ settings }: GuardConfiguration, today: string): ConfigurationNote[] {
  const expired = settings.exemptions.filter(({ value }) => isExpired(value, today));
  return expired.map(({ value: { control, subject, expires }, line, column }) => {
    const message = `the exemption of ${subject} from ${control} expired on ${expires} and no longer applies: renew or remove it`;
    return { line, column, message };
  });
}

/** The day in UTC, as YYYY-MM-DD. */
export function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function parse({ path, text }: ConfigurationFile, controls: readonly ControlMetadata[]): Settings {
  const slugs = controls.map(({ slug }) => slug);
  const { settings, faults } = readSettings(text, slugs);
  if (faults.length === 0) return settings;
  const sorted = faults.toSorted((a, b) => a.line - b.line || a.column - b.column);
  // one broken bracket can cause a thousand faults
  const shown = sorted
    .slice(0, FAULT_LIMIT)
    .map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`);
  const rest = faults.length - shown.length;
  throw new StartError('configuration', rest === 0 ? shown : [...shown, `${path}: and ${rest} more faults`]);
}
