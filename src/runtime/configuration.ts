import { readFileSync, statSync } from 'node:fs';

import type { Action, ControlMetadata, DecisionPolicy, Surface } from '../policy/types.ts';
import { readSettings, type Actions, type Settings } from './configuration-file.ts';
import { StartError } from './start-error.ts';

/** What a GuardConfiguration makes of the program. */
export interface GuardConfiguration {
  readonly policy: DecisionPolicy;
  readonly namespaces: ReadonlySet<string>;
}

/** A configuration as text, and what to call it in faults. */
export interface ConfigurationFile {
  readonly path: string;
  readonly text: string;
}

const DEFAULT_NAMESPACES = ['kube-system'];
const FAULT_LIMIT = 20;
const SIZE_LIMIT = 1024 * 1024;

/**
 * Reads the configuration file, if there is one.
 *
 * @param path of the file, or undefined for the defaults
 * @throws StartError with every fault of it
 */
export function loadConfiguration(path: string | undefined, controls: readonly ControlMetadata[]): GuardConfiguration {
  if (path === undefined) return readConfiguration(undefined, controls);
  let text: string;
  try {
    if (statSync(path).size > SIZE_LIMIT) throw new StartError('configuration', `${path} is larger than 1 MiB`);
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    const reason = (cause as NodeJS.ErrnoException).code ?? 'no reason given';
    const fault = `can not read the configuration ${path} (${reason}): check the path after --config`;
    throw new StartError('configuration', fault, { cause });
  }
  return readConfiguration({ path, text }, controls);
}

/**
 * Understands a configuration. Whatever it does not know it refuses, so that no setting is silently without effect.
 *
 * @param file undefined for the defaults
 * @param controls the controls there are, with their default actions
 * @throws StartError with every fault, each with line and column
 */
export function readConfiguration(
  file: ConfigurationFile | undefined,
  controls: readonly ControlMetadata[],
): GuardConfiguration {
  const settings = file === undefined ? { actions: new Map<string, Actions>() } : understand(file, controls);
  return {
    policy: {
      action: (control, surface) => actionOf(settings.actions.get(control.slug), control, surface),
      onUnknown: settings.onUnknown ?? 'audit',
      exemptions: [],
    },
    namespaces: new Set(settings.namespaces ?? DEFAULT_NAMESPACES),
  };
}

/** An action that the file gives overall is meant overall: it also goes before the defaults by surface. */
function actionOf(configured: Actions | undefined, control: ControlMetadata, surface: Surface): Action {
  const bySurface = configured?.on[surface] ?? configured?.action;
  return bySurface ?? control.defaults.on?.[surface] ?? control.defaults.action;
}

function understand({ path, text }: ConfigurationFile, controls: readonly ControlMetadata[]): Settings {
  const slugs = controls.map(({ slug }) => slug);
  const { settings, faults } = readSettings(text, slugs);
  if (faults.length === 0) return settings;
  // one broken bracket can be a thousand faults
  const shown = faults
    .slice(0, FAULT_LIMIT)
    .map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`);
  const rest = faults.length - shown.length;
  throw new StartError('configuration', rest === 0 ? shown : [...shown, `${path}: and ${rest} more faults`]);
}
