// How controls name a setting, and what is wrong with one that must be the path of a file.

import type { Origin, Reading } from '../../policy/reading.ts';
import {
  API_SERVER_SETTINGS,
  type ApiServerReadings,
  type ApiServerSettingName,
  type KubeletSetting,
  type SettingValue,
} from '../../policy/settings.ts';
import type { ApiServer } from '../../policy/subject.ts';
import type { Notes } from './define-control.ts';

/** A setting that is the path of a file. */
export interface PathSetting {
  /** The flag or field that sets it, as reports name it. */
  readonly setting: string;
  readonly path: string;
  readonly origin: Origin;
}

type ApiServerPathName = {
  [Name in ApiServerSettingName]: ApiServerReadings[Name] extends Reading<string> ? Name : never;
}[ApiServerSettingName];

/** The name of a kubelet's setting in reports: its flag if a flag sets it, else its field. */
export function kubeletSettingName({ flag, field }: KubeletSetting, reading: Reading<SettingValue>): string {
  return reading.state === 'set' && reading.origin.layer === 'flag' ? `--${flag}` : field;
}

/** The name of a kube-apiserver's setting in reports: its flag. */
export function apiServerSettingName(name: ApiServerSettingName): string {
  return `--${API_SERVER_SETTINGS[name].flag}`;
}

/**
 * Notes what is wrong with a setting of either component that must be the path of a file.
 *
 * @returns the path if it is set and not empty, for further checks
 */
export function notePath(setting: string, reading: Reading<string>, notes: Notes): string | undefined {
  switch (reading.state) {
    case 'unreadable':
      notes.problems.push(reading.problem);
      return undefined;
    case 'unset':
      notes.violations.push({
        code: 'missing',
        setting,
        message: `${setting} is not set`,
        ...(reading.origin && { origin: reading.origin }),
      });
      return undefined;
    case 'set': {
      const { value, origin } = reading;
      notes.evidence.push({ setting, value, origin });
      if (value !== '') return value;
      notes.violations.push({ code: 'empty', setting, message: `${setting} is set to an empty value`, origin });
      return undefined;
    }
  }
}

/**
 * Notes what is wrong with a setting of kube-apiserver that must be the path of a file.
 *
 * @param useless what happens if the file holds nothing, to complete a sentence
 * @returns the setting if a file can be at its path
 */
export function noteApiServerPath(
  subject: ApiServer,
  name: ApiServerPathName,
  useless: string,
  notes: Notes,
): PathSetting | undefined {
  const setting = apiServerSettingName(name);
  const reading = subject[name];
  const path = notePath(setting, reading, notes);
  if (path === undefined || reading.state !== 'set') return undefined;
  const { origin } = reading;
  const fault = unusable(path, useless);
  if (fault !== undefined) {
    const message = `${setting} is ${JSON.stringify(path)}: ${fault}`;
    notes.violations.push({ code: 'unusable', setting, message, origin });
    return undefined;
  }
  switch (subject.view(path)) {
    case 'visible':
    case 'not-shown':
      return { setting, path, origin };
    case 'not-mounted':
      notes.problems.push({
        code: 'not-mounted',
        message: `${setting} is ${path}, which no volume of the container mounts; unless the image holds it, kube-apiserver would not start. Mount it, or check the running process`,
        origin,
      });
      return undefined;
    case 'relative':
      notes.problems.push({
        code: 'relative-path',
        message: `${setting} is the relative path ${path}, which depends on the working directory of the process. Use an absolute path, or set workingDir`,
        origin,
      });
      return undefined;
  }
}

const QUOTED = /^["']|["']$/;
const NULL_DEVICE = /^(?:\/+\.)*\/+dev(?:\/+\.)*\/+null$/;

/** Why no file with content can be at the path, if that is certain. */
function unusable(path: string, useless: string): string | undefined {
  if (path.trim() === '') return 'white space is not a path';
  if (isNullDevice(path)) return useless;
  if (QUOTED.test(path)) return 'the quotes are part of the file name, because no shell removes them';
  if (namesVariable(path)) return 'the variable is not defined in the container, so it stays as it is';
  return undefined;
}

/** Whether the path contains `$(NAME)`. A regular expression would search for an end once for each beginning. */
function namesVariable(path: string): boolean {
  const start = path.indexOf('$(');
  return start !== -1 && path.includes(')', start);
}

/** Whether a path is /dev/null, however it is spelled. */
export function isNullDevice(path: string): boolean {
  return NULL_DEVICE.test(path);
}
