// Tells whether a component's decoder accepts a value. Follows sigs.k8s.io/json (case-sensitive, for files and API objects) and
// encoding/json (case-insensitive, for the kubelet's merged drop-ins), over type tables generated from the components'
// own Go types (scripts/generate). Unknown fields are ignored, as the components do.

import data from '../data/types.json' with { type: 'json' };
import { isRecord } from '../../json.ts';
import type { Attempts } from '../yaml/duplicates.ts';
import { isBase64 } from '../yaml/scalars.ts';
import { isDuration, isQuantity, isTime } from '../values/go-values.ts';
import { placeholderIn, type Placeholder } from '../values/placeholders.ts';

/** Where and why a decoder rejects a value. */
export interface Mismatch {
  readonly pointer: string;
  readonly reason: string;
  /** Present if a template would fill the value in, so that the reason is not certain. */
  readonly placeholder?: Placeholder;
}

const TYPES: Readonly<Record<string, Readonly<Record<string, string>>>> = data.types;
const ROOTS: Readonly<Record<string, Readonly<Record<string, string>>>> = data.roots;
const folded = new Map<string, ReadonlyMap<string, string>>();

/** The name of the Go type that decodes an apiVersion and kind, if it is known. */
export function rootType(apiVersion: string, kind: string): string | undefined {
  const kinds = Object.hasOwn(ROOTS, apiVersion) ? ROOTS[apiVersion] : undefined;
  return kinds !== undefined && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
}

/** How a decoder compares names and what else it meets. */
interface Decoding {
  /** Whether field names match in any case. */
  readonly anyCase?: boolean;
  /** What a decoder of JSON meets besides the value. */
  readonly attempts?: Attempts | undefined;
}

/**
 * Finds the first place at which a decoder rejects a value.
 *
 * @param type a type's name, or a form such as `[]string`
 */
export function findMismatch(type: string, value: unknown, how: Decoding = {}, pointer = ''): Mismatch | undefined {
  if (type.startsWith('*')) return value === null ? undefined : findMismatch(type.slice(1), value, how, pointer);
  if (type.startsWith('[]')) return inArray(type, value, how, pointer);
  if (type.startsWith('map[')) return inMap(type, value, how, pointer);
  const fields = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (fields === undefined) return accepts(type, value) ? undefined : mismatch(type, value, pointer);
  if (value === null) return undefined;
  if (!isRecord(value)) return mismatch(type, value, pointer);
  const known = how.anyCase === true ? foldedFields(type, fields) : undefined;
  return inEntries(value, how, pointer, (name) =>
    known ? known.get(fold(name)) : Object.hasOwn(fields, name) ? fields[name] : undefined,
  );
}

/** The same for a document as it was written, with what its decoder meets besides the value. */
export function findMismatchIn(
  type: string,
  { value, attempts }: { readonly value: unknown; readonly attempts?: Attempts },
): Mismatch | undefined {
  return findMismatch(type, value, { attempts });
}

/** The value that a struct has after decoding: without the fields that it does not know. */
export function keepKnown(type: string, value: unknown): unknown {
  if (type.startsWith('*')) return keepKnown(type.slice(1), value);
  if (type.startsWith('[]'))
    return Array.isArray(value) ? value.map((entry) => keepKnown(type.slice(2), entry)) : value;
  const fields = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (fields === undefined || !isRecord(value)) return value;
  const known = Object.entries(value).filter(([name]) => Object.hasOwn(fields, name));
  return Object.fromEntries(known.map(([name, entry]) => [name, keepKnown(fields[name] ?? '', entry)]));
}

/** The type of a field, by the names on the way to it from a struct; undefined if there is no such field. */
export function fieldType(type: string, [name, ...rest]: readonly string[]): string | undefined {
  if (name === undefined) return type;
  const struct = type.replace(/^\*/, '');
  const fields = Object.hasOwn(TYPES, struct) ? TYPES[struct] : undefined;
  const found = fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
  return found === undefined ? undefined : fieldType(found, rest);
}

/** A field's name as encoding/json compares it (fold.go): besides ASCII letters, two signs are letters to it. */
export function fold(name: string): string {
  return name.toLowerCase().replaceAll('\u017f', 's');
}

function foldedFields(type: string, fields: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const known =
    folded.get(type) ?? new Map(Object.entries(fields).map(([name, fieldType]) => [name.toLowerCase(), fieldType]));
  folded.set(type, known);
  return known;
}

function inArray(type: string, value: unknown, how: Decoding, pointer: string): Mismatch | undefined {
  if (value === null) return undefined;
  if (!Array.isArray(value)) return mismatch(type, value, pointer);
  const elementType = type.slice(2);
  const attempts = how.attempts?.get(value)?.map(([, attempt]) => attempt) ?? [];
  for (const [index, element] of [...attempts, ...(value as unknown[])].entries()) {
    const at = Math.max(0, index - attempts.length);
    const found = findMismatch(elementType, element, how, `${pointer}/${String(at)}`);
    if (found) return found;
  }
  return undefined;
}

function inMap(type: string, value: unknown, how: Decoding, pointer: string): Mismatch | undefined {
  if (value === null) return undefined;
  const valueType = type.slice(type.indexOf(']') + 1);
  if (!isRecord(value)) return mismatch(`map[string]${valueType}`, value, pointer);
  return inEntries(value, how, pointer, () => valueType);
}

function inEntries(
  value: Readonly<Record<string, unknown>>,
  how: Decoding,
  pointer: string,
  typeOf: (name: string) => string | undefined,
): Mismatch | undefined {
  for (const entries of [how.attempts?.get(value) ?? [], Object.entries(value)]) {
    for (const [name, entry] of entries) {
      const type = typeOf(name);
      const found = type === undefined ? undefined : findMismatch(type, entry, how, `${pointer}/${name}`);
      if (found) return found;
    }
  }
  return undefined;
}

function mismatch(type: string, value: unknown, pointer: string): Mismatch {
  const found =
    value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'bigint' ? 'number' : typeof value;
  const placeholder = typeof value === 'string' ? placeholderIn(value) : undefined;
  return {
    pointer,
    reason: `cannot unmarshal ${found} into a field of type ${type}`,
    ...(placeholder && { placeholder }),
  };
}

const INTEGER_TYPES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  int32: [-(1n << 31n), (1n << 31n) - 1n],
  uint32: [0n, (1n << 32n) - 1n],
  int64: [-(1n << 63n), (1n << 63n) - 1n],
  int: [-(1n << 63n), (1n << 63n) - 1n],
};

/** Whether a scalar type accepts a value. It may accept what a template fills in. */
function accepts(type: string, value: unknown): boolean {
  if (typeof value === 'string' && type !== 'string' && placeholderIn(value)) return true;
  const range = INTEGER_TYPES[type];
  if (range) return value === null || isIntegerWithin(value, range);
  switch (type) {
    case 'string':
      return value === null || typeof value === 'string';
    case 'bool':
      return value === null || typeof value === 'boolean';
    case 'float64':
      return value === null || Number.isFinite(value) || typeof value === 'bigint';
    case 'bytes':
      return value === null || (typeof value === 'string' && isBase64(value.replace(/[\r\n]/g, '')));
    case 'duration':
      return typeof value === 'string' && isDuration(value);
    case 'time':
      return value === null || (typeof value === 'string' && isTime(value));
    case 'quantity':
      return (
        value === null ||
        ((typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') &&
          isQuantity(String(value).trim()))
      );
    case 'intOrString':
      return value === null || typeof value === 'string' || isIntegerWithin(value, INTEGER_TYPES.int32 ?? [0n, 0n]);
    case 'timeOrDuration':
      return (
        value === null ||
        isIntegerWithin(value, INTEGER_TYPES.int64 ?? [0n, 0n]) ||
        (typeof value === 'string' && isDuration(value))
      );
    case 'bootstrapToken':
      return value === null || (typeof value === 'string' && /^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(value));
    default:
      return true;
  }
}

function isIntegerWithin(value: unknown, [low, high]: readonly [bigint, bigint]): boolean {
  if (typeof value !== 'bigint' && !Number.isInteger(value)) return false;
  const integer = BigInt(value as number | bigint);
  return integer >= low && integer <= high;
}
