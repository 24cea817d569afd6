// Reads the text of a GuardConfiguration file.

import type { BenchmarkChoice } from '../../policy/benchmarks/select.ts';
import type { Action } from '../../policy/control.ts';
import { SURFACES, type Surface } from '../../policy/reading.ts';
import { readBenchmark } from '../benchmark.ts';
import { readCertificateSettings, type CertificateSettings } from './certificates.ts';
import { readExemptions, type ConfiguredExemption } from './exemptions.ts';
import { readSweep, type SweepSettings } from './sweep.ts';
import { YamlReader, type ConfigurationFault, type Entry, type Fields, type Located } from './yaml-reader.ts';

/** The configured actions of a control. */
export interface Actions {
  readonly action?: Located<Action>;
  readonly on: Readonly<Partial<Record<Surface, Located<Action>>>>;
}

/** The apiVersion and kind of a configuration file. */
export const HEAD = { apiVersion: 'kubelet-guard.dev/v1alpha1', kind: 'GuardConfiguration' } as const;

const ACTIONS: readonly Action[] = ['off', 'audit', 'ratchet', 'enforce'];
const ON_UNKNOWN = ['audit', 'deny'] as const;

/** The name of a namespace: a label of RFC 1123. */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** The settings in a file, with their places. A setting that the file does not have is undefined. */
export interface Settings {
  readonly actions: ReadonlyMap<string, Actions>;
  readonly onUnknown?: Located<'audit' | 'deny'>;
  readonly benchmark?: Located<BenchmarkChoice>;
  readonly namespaces?: readonly Located<string>[];
  readonly exemptions: readonly ConfiguredExemption[];
  readonly sweep?: Located<SweepSettings>;
  readonly certificates?: Located<CertificateSettings>;
}

/**
 * Reads the text of a GuardConfiguration.
 *
 * @param slugs the slugs of all controls
 * @returns the settings, which are complete only if there are no faults
 */
export function readSettings(
  text: string,
  slugs: readonly string[],
): { readonly settings: Settings; readonly faults: readonly ConfigurationFault[] } {
  const reader = new YamlReader();
  const root = reader.parse(text);
  const settings = root === undefined ? { actions: new Map(), exemptions: [] } : readRoot(reader, root, slugs);
  return { settings, faults: reader.faults };
}

type Draft = { -readonly [Key in keyof Settings]: Settings[Key] };

function readRoot(reader: YamlReader, root: Entry, slugs: readonly string[]): Settings {
  const actions = new Map<string, Actions>();
  const settings: Draft = { actions, exemptions: [] };
  const seen = reader.fields(root, 'the configuration', {
    apiVersion: (entry) => {
      reader.constant(entry, 'apiVersion', HEAD.apiVersion);
    },
    kind: (entry) => {
      reader.constant(entry, 'kind', HEAD.kind);
    },
    controls: (entry) => {
      const field = (slug: string) => (control: Entry) => {
        actions.set(slug, readActions(reader, control, slug));
      };
      reader.fields(entry, 'controls', fieldsOf(slugs, field));
    },
    onUnknown: (entry) => {
      const chosen = reader.choice(entry, 'onUnknown', ON_UNKNOWN);
      if (chosen !== undefined) settings.onUnknown = chosen;
    },
    benchmark: (entry) => {
      const chosen = readBenchmarkName(reader, entry);
      if (chosen !== undefined) settings.benchmark = chosen;
    },
    namespaces: (entry) => {
      settings.namespaces = readNamespaces(reader, entry);
    },
    exemptions: (entry) => {
      settings.exemptions = readExemptions(reader, entry, slugs);
    },
    sweep: (entry) => {
      settings.sweep = reader.locate({ ...entry, node: entry.blamed }, readSweep(reader, entry));
    },
    certificates: (entry) => {
      settings.certificates = reader.locate({ ...entry, node: entry.blamed }, readCertificateSettings(reader, entry));
    },
  });
  for (const field of ['apiVersion', 'kind'] as const) {
    const isMissing = seen?.has(field) === false;
    if (isMissing) reader.fault({ node: null, blamed: null }, `${field} is missing: add ${field}: ${HEAD[field]}`);
  }
  return settings;
}

function readBenchmarkName(reader: YamlReader, entry: Entry): Located<BenchmarkChoice> | undefined {
  const name = reader.text(entry, () => true, 'benchmark must be the name of a benchmark, such as cis-aks-1.8');
  if (name === undefined) return undefined;
  const choice = readBenchmark(name.value);
  if (!('fault' in choice) && choice.name === name.value) return { ...name, value: choice };
  reader.fault(entry, 'fault' in choice ? choice.fault : `write this benchmark as ${choice.name}`);
  return undefined;
}

function readActions(reader: YamlReader, control: Entry, slug: string): Actions {
  const actions: { action?: Located<Action>; on: Partial<Record<Surface, Located<Action>>> } = { on: {} };
  const onSurface = (surface: Surface) => (entry: Entry) => {
    const action = reader.choice(entry, surface, ACTIONS);
    if (action !== undefined) actions.on[surface] = action;
  };
  reader.fields(control, slug, {
    action: (entry) => {
      const action = reader.choice(entry, 'action', ACTIONS);
      if (action !== undefined) actions.action = action;
    },
    on: (entry) => {
      reader.fields(entry, 'on', fieldsOf(SURFACES, onSurface));
    },
  });
  return actions;
}

function fieldsOf<T extends string>(names: readonly T[], read: (name: T) => (entry: Entry) => void): Fields {
  return Object.fromEntries(names.map((name) => [name, read(name)]));
}

function readNamespaces(reader: YamlReader, entry: Entry): readonly Located<string>[] {
  const items = reader.items(entry, 'namespaces must be a list of one or more names', 1) ?? [];
  const isName = (value: string): boolean => NAMESPACE.test(value);
  const names = new Map<string, Located<string>>();
  for (const item of items) {
    const name = reader.text(
      item,
      isName,
      'a namespace must be a valid name: lower-case letters, digits and -, at most 63 characters',
    );
    if (name === undefined) continue;
    if (names.has(name.value)) reader.fault(item, `namespace ${name.value} is listed twice: remove one of the two`);
    names.set(name.value, name);
  }
  return [...names.values()];
}
