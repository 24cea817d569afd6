// Readings of a component's settings, one for each row of policy/settings.ts.

import { asString } from '../json.ts';
import type { Origin, Problem, Reading } from '../policy/reading.ts';
import {
  API_SERVER_SETTINGS,
  KUBELET_SETTINGS,
  type ApiServerReadings,
  type ApiServerSetting,
  type ApiServerSettingName,
  type KubeletReadings,
  type KubeletSetting,
  type KubeletSettingName,
  type SettingType,
  type SettingValue,
} from '../policy/settings.ts';
import type { ApiServer, Kubelet, Subject } from '../policy/subject.ts';
import { readExactFlag, readFlag, type CommandLine } from './argv/pflag.ts';
import { parseBool, parseInteger } from './values/go-values.ts';
import { placeholderIn, placeholderProblem } from './values/placeholders.ts';

type SettingReading = Reading<SettingValue>;

/** The names of kube-apiserver's settings, in the order of the table. */
export const apiServerSettingNames = Object.keys(API_SERVER_SETTINGS) as readonly ApiServerSettingName[];
/** The names of the kubelet's settings, in the order of the table. */
export const kubeletSettingNames = Object.keys(KUBELET_SETTINGS) as readonly KubeletSettingName[];

/** Reads each of kube-apiserver's settings. `read` returns a value of the setting's type. */
export function apiServerReadings(
  read: (setting: ApiServerSetting, name: ApiServerSettingName) => SettingReading,
): ApiServerReadings {
  const readings: Partial<Record<ApiServerSettingName, SettingReading>> = {};
  for (const name of apiServerSettingNames) readings[name] = read(API_SERVER_SETTINGS[name], name);
  return readings as ApiServerReadings;
}

/** Reads each of the kubelet's settings. `read` returns a value of the setting's type. */
export function kubeletReadings(
  read: (setting: KubeletSetting, name: KubeletSettingName) => SettingReading,
): KubeletReadings {
  const readings: Partial<Record<KubeletSettingName, SettingReading>> = {};
  for (const name of kubeletSettingNames) readings[name] = read(KUBELET_SETTINGS[name], name);
  return readings as KubeletReadings;
}

/** Changes each reading that an ApiServer has. */
export function changeApiServer(subject: ApiServer, change: (reading: SettingReading) => SettingReading): ApiServer {
  return { ...subject, ...apiServerReadings((_setting, name) => change(subject[name])) };
}

/** Changes each reading that a Kubelet has. */
export function changeKubelet(subject: Kubelet, change: (reading: SettingReading) => SettingReading): Kubelet {
  const readings = kubeletSettingNames.flatMap((name) => {
    const reading = subject[name];
    return reading ? [[name, change(reading)] as const] : [];
  });
  return { ...subject, ...(Object.fromEntries(readings) as Partial<KubeletReadings>) };
}

/** The readings of the settings without which the link is unauthenticated. */
export function linkReadings(subject: Subject): readonly SettingReading[] {
  if (subject.component === 'kubelet') {
    const names = kubeletSettingNames.filter((name) => isOfLink(KUBELET_SETTINGS[name]));
    return names.map((name) => subject[name] ?? { state: 'unset' });
  }
  return apiServerSettingNames.filter((name) => isOfLink(API_SERVER_SETTINGS[name])).map((name) => subject[name]);
}

function isOfLink({ link }: ApiServerSetting): boolean {
  return link === true;
}

/** A reading of a setting that this evidence cannot show. */
export function unreadableAs(problem: Problem): { readonly state: 'unreadable'; readonly problem: Problem } {
  return { state: 'unreadable', problem };
}

/** A default as a reading; without a default the setting is unset. */
export function defaultReading(value: SettingValue | undefined, origin: Origin): SettingReading {
  return value === undefined ? { state: 'unset', origin } : { state: 'set', value, origin };
}

/**
 * Reads a setting from a command line. A path that is known in part still names a file; any other value must be known.
 *
 * @param place the origin of a flag that is not set
 */
export function readSetting(commandLine: CommandLine, setting: ApiServerSetting, place: Origin): SettingReading {
  const read = setting.type === 'path' ? readFlag : readExactFlag;
  const reading = read(commandLine, setting.flag, place);
  const found = reading.state === 'set' ? placeholderIn(reading.value, 'command line') : undefined;
  if (reading.state === 'set' && found)
    return unreadableAs(placeholderProblem(`--${setting.flag}`, found, reading.origin));
  return ofFlagText(setting, reading);
}

/** The text of a flag as a value of the setting's type. A component's own parser accepts no other text. */
export function ofFlagText({ flag, type }: ApiServerSetting, reading: Reading<string>): SettingReading {
  if (reading.state !== 'set') return reading;
  const value = parse(type, reading.value);
  if (value !== undefined) return { ...reading, value };
  const message = `${JSON.stringify(reading.value)} is no ${type}, which --${flag} needs; correct the value`;
  return unreadableAs({ code: 'malformed', message, origin: reading.origin });
}

function parse(type: SettingType, text: string): SettingValue | undefined {
  switch (type) {
    case 'path':
    case 'string':
      return text;
    case 'boolean':
      return parseBool(text);
    case 'number':
      return parseInteger(text);
  }
}

/** The value of a decoded field; undefined if it has another type, as null has. */
export function ofFieldValue({ type }: KubeletSetting, value: unknown): SettingValue | undefined {
  switch (type) {
    case 'path':
    case 'string':
      return asString(value);
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;
  }
}
