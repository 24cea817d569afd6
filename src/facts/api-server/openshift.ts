// OpenShift keeps kube-apiserver's flags in a ConfigMap: `apiServerArguments` of a KubeAPIServerConfig, each a list.

import { asArray, asRecord } from '../../json.ts';
import type { Origin, Reading } from '../../policy/reading.ts';
import type { ApiServerReadings } from '../../policy/settings.ts';
import type { ApiServer } from '../../policy/subject.ts';
import { apiServerReadings, ofFlagText } from '../readings.ts';
import { isAbsolute } from '../values/paths.ts';
import { select } from '../select.ts';

type Settings = ApiServerReadings & Pick<ApiServer, 'view'>;

/** Whether a document is the configuration of OpenShift's kube-apiserver. */
export function isApiServerConfig(value: unknown): boolean {
  return asRecord(value).kind === 'KubeAPIServerConfig';
}

/** Reads the settings in a KubeAPIServerConfig. The last element of a list counts. */
export function apiServerConfigSettings(config: unknown): Settings {
  const { value, pointer } = select('apiServerArguments', config);
  const read = (name: string): Reading<string> => {
    const origin: Origin = { layer: 'file', pointer: `${pointer}/${name}` };
    const entry = asRecord(value)[name];
    if (entry === undefined || entry === null) return { state: 'unset', origin };
    const last = Array.isArray(entry) ? asArray(entry).at(-1) : entry;
    if (last === undefined) return { state: 'unset', origin };
    if (typeof last === 'string') return { state: 'set', value: last, origin };
    return {
      state: 'unreadable',
      problem: { code: 'malformed', message: `${name} is neither a string nor a list of strings`, origin },
    };
  };
  return {
    ...apiServerReadings((setting) => ofFlagText(setting, read(setting.flag))),
    view: (path) => (isAbsolute(path) ? 'not-shown' : 'relative'),
  };
}
