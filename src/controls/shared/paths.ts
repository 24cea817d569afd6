// What is wrong with a setting that must be the path of a file. The rules are the same for both components.

import type { Origin, Reading } from '../../policy/reading.ts';
import {
  API_SERVER_SETTINGS,
  KUBELET_SETTINGS,
  type ApiServerSetting,
  type ApiServerReadings,
  type ApiServerSettingName,
  type KubeletReadings,
  type KubeletSettingName,
  type SettingValue,
} from '../../policy/settings.ts';
import type { ApiServer, Kubelet, Subject } from '../../policy/subject.ts';
import type { Notes } from './define-control.ts';
import { pathFault } from './path-faults.ts';
import { apiServerSettingName, kubeletSettingName } from './settings.ts';

/** A setting that is the path of a file. */
export interface PathSetting {
  /** The flag or field that sets it, as reports name it. */
  readonly setting: string;
  readonly path: string;
  readonly origin: Origin;
}

type TextNames<Readings> = {
  [Name in keyof Readings]: Readings[Name] extends Reading<string> ? Name : never;
}[keyof Readings];

/**
 * Notes what is wrong with a setting of kube-apiserver that must be the path of a file.
 *
 * @param useless what happens if the file holds nothing, to complete a sentence
 * @returns the setting if a file can be at its path
 */
export function noteApiServerPath(
  subject: ApiServer,
  name: TextNames<ApiServerReadings>,
  useless: string,
  notes: Notes,
): PathSetting | undefined {
  return notePath(subject, apiServerSettingName(name), subject[name], useless, notes);
}

/** The same for a setting of the kubelet. A setting that the evidence never shows has no reading, and nothing is noted. */
export function noteKubeletPath(
  subject: Kubelet,
  name: TextNames<KubeletReadings>,
  useless: string,
  notes: Notes,
): PathSetting | undefined {
  const reading = subject[name];
  if (reading === undefined) return undefined;
  return notePath(subject, kubeletSettingName(KUBELET_SETTINGS[name], reading), reading, useless, notes);
}

function notePath(
  subject: Subject,
  setting: string,
  reading: Reading<string>,
  useless: string,
  notes: Notes,
): PathSetting | undefined {
  const path = noteValue(setting, reading, notes);
  if (path === undefined) return undefined;
  const found = fault(subject, path, useless);
  if (found === undefined) return inView(subject, path, notes) ? path : undefined;
  const message = `${setting} is ${JSON.stringify(path.path)}: ${found}`;
  notes.violations.push({ code: 'unusable', setting, message, origin: path.origin });
  return undefined;
}

/** The value, if it is set and not empty. */
function noteValue(setting: string, reading: Reading<string>, notes: Notes): PathSetting | undefined {
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
      if (value !== '') return { setting, path: value, origin };
      notes.violations.push({ code: 'empty', setting, message: `${setting} is set to an empty value`, origin });
      return undefined;
    }
  }
}

function fault(subject: Subject, { path, origin }: PathSetting, useless: string): string | undefined {
  const found = pathFault(path, useless, pathsOf(subject));
  if (found !== undefined) return found;
  return origin.layer === 'flag' && namesVariable(path)
    ? 'the variable is not defined in the container, so it stays as it is'
    : undefined;
}

/** Whether the path contains `$(NAME)`. A regular expression would search for an end once for each beginning. */
function namesVariable(path: string): boolean {
  const start = path.indexOf('$(');
  return start !== -1 && path.includes(')', start);
}

/** The paths that the settings of a subject have. */
function pathsOf(subject: Subject): string[] {
  const rows: Readonly<Record<string, ApiServerSetting>> =
    subject.component === 'kubelet' ? KUBELET_SETTINGS : API_SERVER_SETTINGS;
  const readings = subject as Partial<Record<ApiServerSettingName | KubeletSettingName, Reading<SettingValue>>>;
  return Object.entries(rows).flatMap(([name, { type }]) => {
    const reading = readings[name as ApiServerSettingName | KubeletSettingName];
    return type === 'path' && reading?.state === 'set' ? [String(reading.value)] : [];
  });
}

/** Notes a path that the process may not see. */
function inView(subject: Subject, { setting, path, origin }: PathSetting, notes: Notes): boolean {
  switch (subject.view?.(path)) {
    case undefined:
    case 'visible':
    case 'not-shown':
      return true;
    case 'not-mounted':
      notes.problems.push({
        code: 'not-mounted',
        message: `${setting} is ${path}, which no volume of the container mounts; unless the image holds it, ${subject.component} would not start. Mount it, or check the running process`,
        origin,
      });
      return false;
    case 'relative':
      notes.problems.push({
        code: 'relative-path',
        message: `${setting} is the relative path ${path}, which depends on the working directory of the process. Use an absolute path, or set workingDir`,
        origin,
      });
      return false;
  }
}
