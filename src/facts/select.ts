// Where things are in the documents, as JSONPath. A path only locates; whether something is there is for the caller to
// read. The paths are constants, and jsonpath-plus never evaluates expressions.

import { JSONPath } from 'jsonpath-plus';

import { isRecord } from '../json.ts';
import { KUBELET_SETTINGS, type KubeletSettingName } from '../policy/settings.ts';

/** A value and its JSON Pointer. */
export interface Selected {
  readonly value: unknown;
  readonly pointer: string;
}

const FIELD_PATHS = Object.fromEntries(
  Object.entries(KUBELET_SETTINGS).map(([name, { field }]) => [name, `$.${field}`]),
) as Readonly<Record<KubeletSettingName, string>>;

/** Every path of this module: the field of each kubelet setting, by the setting's name, and the other places. */
export const PATHS = {
  ...FIELD_PATHS,
  kubeletconfig: '$.kubeletconfig',
  podTemplate: '$.spec.template',
  jobTemplate: '$.spec.jobTemplate.spec.template',
  bareTemplate: '$.template',
  items: '$.items',
  admissionObject: '$.request.object',
  apiServerArguments: '$.apiServerArguments',
  extraArgs: '$.apiServer.extraArgs',
  extraEnvs: '$.apiServer.extraEnvs',
} as const;

/** A path's name. */
export type PathName = keyof typeof PATHS;

/**
 * The value at a path.
 *
 * @returns the value with its pointer; undefined as the value where nothing is there
 */
export function select(name: PathName, document: unknown): Selected {
  const path = PATHS[name];
  const pointer = path.replace('$', '').replaceAll('.', '/');
  if (!isRecord(document)) return { value: undefined, pointer };
  const found: unknown = JSONPath({ path, json: document, wrap: false, eval: false });
  return { value: found, pointer };
}
