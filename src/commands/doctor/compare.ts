// Compares objects of the cluster with the shipped ones.

import { asArray, asRecord, stringOrEmpty } from '../../json.ts';

/** JSON in which the order of keys and items and the number of spaces do not matter, as in the objects that are compared. */
export function plain(value: unknown): string {
  return JSON.stringify(canonical(value));
}

function canonical(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\s+/g, ' ').trim();
  if (Array.isArray(value))
    return value.map(canonical).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, canonical(item)]));
}

/** The beginning of a JSON text, for one line. */
export function short(json: string): string {
  const text = json.replace(/^"(.*)"$/, '$1');
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}

/** The differences between a list of named CEL expressions and the shipped one. */
export function namedDifferences(field: string, actual: unknown, wanted: unknown): string[] {
  const expressions = (list: unknown): ReadonlyMap<string, string> =>
    new Map(asArray(list).map((item) => [stringOrEmpty(asRecord(item).name), plain(asRecord(item).expression)]));
  const [is, was] = [expressions(actual), expressions(wanted)];
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((name) => {
    if (is.get(name) === was.get(name)) return [];
    const how = !is.has(name) ? 'is missing' : was.has(name) ? 'has another expression' : 'is not shipped';
    return [`${field}: ${name} ${how}`];
  });
}
