// Reads JSON of unknown shape without throwing: a value of another shape reads as empty or undefined.

/** An object of JSON whose fields are not known. */
export type UnknownRecord = Readonly<Record<string, unknown>>;

const EMPTY: UnknownRecord = Object.freeze({});

/** Whether the value is an object, and neither an array nor null. */
export function isRecord(value: unknown): value is UnknownRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value if it is an object, else an empty one. */
export function asRecord(value: unknown): UnknownRecord {
  return isRecord(value) ? value : EMPTY;
}

/** The value if it is an array, else an empty one. */
export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The items of an array, each as by `asRecord`. */
export function asRecords(value: unknown): readonly UnknownRecord[] {
  return asArray(value).map(asRecord);
}

/** The value if it is a string. */
export function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The value if it is a string with at least one character. */
export function asText(value: unknown): string | undefined {
  return value === '' ? undefined : asString(value);
}

/** The value if it is a string, else an empty one. */
export function stringOrEmpty(value: unknown): string {
  return asString(value) ?? '';
}

/** The text of a scalar, as YAML readers give it to a field that is a string: null is an empty one. Undefined if it is no scalar. */
export function scalarText(value: unknown): string | undefined {
  if (value === null) return '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return undefined;
}

/** The strings of an array; its other items are left out. */
export function asStrings(value: unknown): readonly string[] {
  return asArray(value).filter((item) => typeof item === 'string');
}

/** Parses a text; undefined if it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
