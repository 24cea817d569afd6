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
import { defaultReading, kubeletSettingNames, ofFieldValue } from '../readings.ts';
import { valueAt } from '../values/shape.ts';

/** The Go type of the configuration. */
export const TYPE = 'KubeletConfiguration';

type Configuration = Readonly<Record<string, unknown>>;

/** The names on the way to a setting's field. */
export function fieldNames({ field }: KubeletSetting): readonly string[] {
  return field.split('.');
}

/**
 * Reads a field as the kubelet does: a field that is left out gets the default of a file.
 *
 * @param value the field's value, decoded; undefined where nothing is there
 * @param place the field's origin
 * @param elsewhere the origin of a default
 */
export function readField(
  setting: KubeletSetting,
  value: unknown,
  place: Origin,
  elsewhere: Origin,
): Reading<SettingValue> {
  const written = ofFieldValue(setting, value);
  const { file } = setting.defaults;
  if (written !== undefined && !(isEmpty(written) && getsDefault(setting)))
    return { state: 'set', value: written, origin: place };
  return defaultReading(file, file === undefined ? place : elsewhere);
}

/** Go cannot tell an empty value from none unless the field is a pointer, so an empty one gets the default, if it has any. */
function getsDefault(setting: KubeletSetting): boolean {
  const { file } = setting.defaults;
  return file !== undefined && !isEmpty(file) && fieldType(TYPE, fieldNames(setting))?.startsWith('*') !== true;
}

function isEmpty(value: SettingValue): boolean {
  return value === '' || value === false || value === 0;
}

const FOLDED = new Map(
  kubeletSettingNames.map((name) => [name, fieldNames(KUBELET_SETTINGS[name]).map(fold)] as const),
);

/** The value of a setting's field, with names in any case. */
export function fieldValue(config: Configuration, name: KubeletSettingName): unknown {
  const value = foldedPath(config, FOLDED.get(name) ?? []);
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
    const parts = fieldNames(KUBELET_SETTINGS[name]);
    let parent = patch;
    for (const part of parts.slice(0, -1)) parent = parent[part] = { ...asRecord(parent[part]) };
    parent[parts.at(-1) ?? ''] = valueOf(name);
  }
  return mergePatch(config, patch);
}

/** A configuration without the fields that could not be read, whose stand-ins may not have the fields' types. */
export function withoutHoles(config: Configuration): Configuration {
  const holes = kubeletSettingNames.filter((name) => valueAt(config, fieldNames(KUBELET_SETTINGS[name])) === HOLE);
  return holes.length === 0 ? config : withFields(config, holes, () => null);
}
