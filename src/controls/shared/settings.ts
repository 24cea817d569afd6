// How controls name a setting.

import type { Reading } from '../../policy/reading.ts';
import {
  API_SERVER_SETTINGS,
  type ApiServerSettingName,
  type KubeletSetting,
  type SettingValue,
} from '../../policy/settings.ts';

/** The name of a kubelet's setting in reports: its flag if a flag sets it, else its field. */
export function kubeletSettingName({ flag, field }: KubeletSetting, reading: Reading<SettingValue>): string {
  return reading.state === 'set' && reading.origin.layer === 'flag' ? `--${flag}` : field;
}

/** The name of a kube-apiserver's setting in reports: its flag. */
export function apiServerSettingName(name: ApiServerSettingName): string {
  return `--${API_SERVER_SETTINGS[name].flag}`;
}
