// Fields below an object, by a path of names.

import { asRecord } from '../../json.ts';

/** The value at a path of names, and of numbers in arrays; undefined if nothing is there. */
export function valueAt(value: unknown, names: readonly string[]): unknown {
  return names.reduce<unknown>((at, name) => (Array.isArray(at) ? at[Number(name)] : asRecord(at)[name]), value);
}

/** JSON Pointer of a path of names. */
export function pointerOf(names: readonly string[]): string {
  return names.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
