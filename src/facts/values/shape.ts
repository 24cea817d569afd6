// Looks at values of unknown shape without throwing. A value of another shape reads as empty; where the shape decides a
// verdict, `decode.ts` has refused the document before.

const NOTHING: Readonly<Record<string, unknown>> = Object.freeze({});

/** The value if it is an object, else an empty one. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : NOTHING;
}

/** Tells whether the value is an object, and neither an array nor null. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path of names; undefined where nothing is there. */
export function valueAt(value: unknown, names: readonly string[]): unknown {
  return names.reduce<unknown>((at, name) => asRecord(at)[name], value);
}

/** JSON Pointer of a path of names. */
export function pointerOf(names: readonly string[]): string {
  return names.map((name) => `/${name}`).join('');
}

/** The value if it is an array, else an empty one. */
export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The value if it is a string. */
export function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The value if it is a string with at least one character. */
export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
