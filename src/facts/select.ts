// Where fields are in documents, as JSONPath. The paths are constants, and jsonpath-plus never evaluates expressions.

import { JSONPath } from 'jsonpath-plus';

import { isRecord } from '../json.ts';

/** A value and its JSON Pointer. */
export interface Selected {
  readonly value: unknown;
  readonly pointer: string;
}

/** All paths. A test finds a value with each of them. */
export const PATHS = {
  kubeletconfig: '$.kubeletconfig',
  podTemplate: '$.spec.template',
  jobTemplate: '$.spec.jobTemplate.spec.template',
  bareTemplate: '$.template',
  items: '$.items',
  admissionObject: '$.request.object',
  apiServerArguments: '$.apiServerArguments',
} as const;

/** The name of a path. */
export type PathName = keyof typeof PATHS;

/** The field names of a path, from the outermost one. */
export function pathNames(name: PathName): readonly string[] {
  return PATHS[name].slice('$.'.length).split('.');
}

/**
 * The value at a path.
 *
 * @returns the value and its pointer; the value is undefined if the document has none
 */
export function select(name: PathName, document: unknown): Selected {
  const path = PATHS[name];
  const pointer = path.replace('$', '').replaceAll('.', '/');
  if (!isRecord(document)) return { value: undefined, pointer };
  const found: unknown = JSONPath({ path, json: document, wrap: false, eval: false });
  return { value: found, pointer };
}
