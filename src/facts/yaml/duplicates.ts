// Go decodes a repeated JSON key into the same struct: objects merge and null changes nothing. Its decoder reads both values, and rejects
// the document if either is wrong.

import { isRecord } from '../../json.ts';

/**
 * Values that a decoder of JSON meets besides those of a document, by the object or list that they stand in, with their
 * keys: what a second key of the same name replaces, and 0.5 for numbers that are written with a point or an exponent.
 */
export type Attempts = ReadonlyMap<object, readonly (readonly [name: string, value: unknown])[]>;

/** What null does take away, among what matters, because it is a pointer: in kubeadm's `etcd`, and whether something is on. */
const POINTERS: ReadonlySet<string> = new Set(['external', 'local', 'enabled']);

export class Duplicates {
  #attempts: Map<object, (readonly [name: string, value: unknown])[]> | undefined;

  get attempts(): Attempts | undefined {
    return this.#attempts;
  }

  note(holder: object, name: string, value: unknown): void {
    this.#attempts ??= new Map();
    const noted = this.#attempts.get(holder);
    if (noted) noted.push([name, value]);
    else this.#attempts.set(holder, [[name, value]]);
  }

  /** The value of a key that stands twice. Takes the values apart, so that it costs no more than the second one. */
  merged(holder: object, name: string, before: unknown, after: unknown): unknown {
    if (after === null && !Array.isArray(before) && !POINTERS.has(name)) {
      this.note(holder, name, after);
      return before;
    }
    if (Array.isArray(before) && Array.isArray(after)) return this.#mergedList(before, after);
    if (isRecord(before) && isRecord(after)) return this.#mergedRecord(before, after);
    this.note(holder, name, before);
    return after;
  }

  #mergedList(before: unknown[], after: readonly unknown[]): unknown[] {
    this.#move(after, before);
    for (const element of before.splice(after.length)) this.note(before, '', element);
    for (const [index, element] of after.entries())
      before[index] = index < before.length ? this.merged(before, '', before[index], element) : element;
    return before;
  }

  #mergedRecord(before: Record<string, unknown>, after: Record<string, unknown>): Record<string, unknown> {
    this.#move(after, before);
    for (const name of Object.keys(after)) {
      const value = Object.hasOwn(before, name) ? this.merged(before, name, before[name], after[name]) : after[name];
      Object.defineProperty(before, name, { value, enumerable: true, writable: true, configurable: true });
    }
    return before;
  }

  #move(from: object, to: object): void {
    const noted = this.#attempts?.get(from) ?? [];
    this.#attempts?.delete(from);
    for (const [name, value] of noted) this.note(to, name, value);
  }
}
