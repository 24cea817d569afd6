// The fields of KubeletConfiguration that hold the kubelet's settings: how Go reads, defaults and writes each.

import { asRecord } from '../../json.ts';
import type { Origin, Reading } from '../../policy/reading.ts';
import {
  KUBELET_SETTINGS,
  type KubeletReadings,
  type KubeletSetting,
  type KubeletSettingName,
  type SettingValue,
} from '../../policy/settings.ts';
import { HOLE } from '../argv/words.ts';
import { fieldType, fold } from '../decoding/decode.ts';
import { mergePatch } from '../decoding/merge-patch.ts';
import { defaultReading, kubeletSettingNames, ofFieldValue, unreadableAs } from '../readings.ts';
import { placeholderIn, placeholderProblem } from '../values/placeholders.ts';
import { pointerOf, valueAt } from '../values/shape.ts';

/** The Go type of the configuration. */
export const TYPE = 'KubeletConfiguration';

type Configuration = Readonly<Record<string, unknown>>;

/** The place of a setting's field in a configuration. */
interface Field {
  /** The names of the fields on the way to it, from the outermost one. */
  readonly names: readonly string[];
  /** The names as encoding/json compares them. */
  readonly folded: readonly string[];
  /** JSON Pointer. */
  readonly pointer: string;
}

/** The field of each setting. */
export const FIELDS = Object.fromEntries(
  kubeletSettingNames.map((name): [string, Field] => {
    const names = KUBELET_SETTINGS[name].field.split('.');
    return [name, { names, folded: names.map(fold), pointer: pointerOf(names) }];
  }),
) as Readonly<Record<KubeletSettingName, Field>>;

/** The value of a setting's field, spelled as in Go's JSON tags; undefined if the configuration has none. */
export function fieldValue(name: KubeletSettingName, config: unknown): unknown {
  return valueAt(config, FIELDS[name].names);
}

/**
 * Reads a field as the kubelet does: a field that is left out gets the default of a file.
 *
 * @param value the field's value, decoded; undefined if nothing is there
 * @param place the field's origin
 * @param elsewhere the origin of a default
 */
export function readField(
  name: KubeletSettingName,
  value: unknown,
  place: Origin,
  elsewhere: Origin,
): Reading<SettingValue> {
  const setting: KubeletSetting = KUBELET_SETTINGS[name];
  const placeholder = typeof value === 'string' ? placeholderIn(value) : undefined;
  if (placeholder) return unreadableAs(placeholderProblem(setting.field, placeholder, place));
  const written = ofFieldValue(setting, value);
  const { file } = setting.defaults;
  if (written !== undefined && !(isEmpty(written) && getsDefault(name)))
    return { state: 'set', value: written, origin: place };
  return defaultReading(file, file === undefined ? place : elsewhere);
}

/** Go sees an empty value and none as the same unless the field is a pointer. So an empty one gets the default, if there is one. */
function getsDefault(name: KubeletSettingName): boolean {
  const { file }: KubeletSetting['defaults'] = KUBELET_SETTINGS[name].defaults;
  return file !== undefined && !isEmpty(file) && fieldType(TYPE, FIELDS[name].names)?.startsWith('*') !== true;
}

function isEmpty(value: SettingValue): boolean {
  return value === '' || value === false || value === 0;
}

/** The value of a setting's field, with names in any case. */
export function foldedValue(name: KubeletSettingName, config: Configuration): unknown {
  const value = foldedPath(config, FIELDS[name].folded);
  return typeof value === 'bigint' ? Number(value) : value;
}

/** The value at a path of lower-case names, which match keys in any case. Go decodes sorted keys, so the last match wins. */
export function foldedPath(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return value;
  let found: unknown;
  for (const key of Object.keys(asRecord(value)).sort()) {
    if (fold(key) !== name) continue;
    found = foldedPath(asRecord(value)[key], rest) ?? found;
  }
  return found;
}

/** A configuration with its settings as Go writes it after defaulting: an empty field may be left out. */
export function withReadings(config: Configuration, readings: KubeletReadings): Configuration {
  return withFields(config, kubeletSettingNames, (name) => {
    const reading = readings[name];
    const { configz }: KubeletSetting = KUBELET_SETTINGS[name];
    return reading.state !== 'set' || (configz === 'unless-empty' && isEmpty(reading.value)) ? null : reading.value;
  });
}

/** A configuration with a value in the field of each named setting; null removes the field. */
export function withFields(
  config: Configuration,
  names: readonly KubeletSettingName[],
  valueOf: (name: KubeletSettingName) => SettingValue | null,
): Configuration {
  const patch: Record<string, unknown> = {};
  for (const name of names) {
    const parts = FIELDS[name].names;
    let parent = patch;
    for (const part of parts.slice(0, -1)) parent = parent[part] = { ...asRecord(parent[part]) };
    parent[parts.at(-1) ?? ''] = valueOf(name);
  }
  return mergePatch(config, patch);
}

/** A configuration without the fields that could not be read, whose stand-ins may not have the fields' types. */
export function withoutHoles(config: Configuration): Configuration {
  const holes = kubeletSettingNames.filter((name) => fieldValue(name, config) === HOLE);
  return holes.length === 0 ? config : withFields(config, holes, () => null);
}
