// The places where a key may begin: a `:` decides it later, on the same line (scannerc.go of go.yaml.in/yaml v2.4.4).

import type { Cursor } from './cursor.ts';
import type { TokenQueue } from './token-queue.ts';

const MAX_KEY_LENGTH = 1024;

/** A place where a key may begin, if a `:` follows. */
export interface SimpleKey {
  possible: boolean;
  readonly required: boolean;
  /** The number of its first token. */
  readonly token: number;
  readonly line: number;
  readonly position: number;
  readonly column: number;
}

/** The possible keys of a text, one for each level of brackets. */
export class SimpleKeys {
  readonly #cursor: Cursor;
  readonly #tokens: TokenQueue;
  readonly #keys: SimpleKey[];
  /** The level of each possible key, by the number of its token. */
  readonly #levels = new Map<number, number>();

  constructor(cursor: Cursor, tokens: TokenQueue) {
    this.#cursor = cursor;
    this.#tokens = tokens;
    this.#keys = [this.#newKey(false, false)];
  }

  /** Begins a level of brackets. */
  open(): void {
    this.#keys.push(this.#newKey(false, false));
  }

  /** Ends a level of brackets. */
  close(): void {
    this.#levels.delete(this.#keys.pop()?.token ?? -1);
  }

  /** Tells whether a key may still begin at a token. */
  mayPrecede(token: number): boolean {
    const level = this.#levels.get(token);
    const key = level === undefined ? undefined : this.#keys[level];
    return key !== undefined && this.#isValid(key);
  }

  /** Notes that a key may begin here. */
  save(required: boolean): void {
    const key = this.#newKey(true, required);
    this.remove();
    this.#keys[this.#keys.length - 1] = key;
    this.#levels.set(key.token, this.#keys.length - 1);
  }

  /** Removes the possible key of this level. */
  remove(): void {
    const key = this.#keys.at(-1);
    if (!key?.possible) return;
    if (key.required) this.#cursor.fail("could not find expected ':'", key.line);
    this.#forget(key);
  }

  /** The key of this level, if a `:` here makes it one. */
  take(): SimpleKey | undefined {
    const key = this.#keys.at(-1);
    if (!key || !this.#isValid(key)) return undefined;
    this.#forget(key);
    return key;
  }

  #forget(key: SimpleKey): void {
    key.possible = false;
    this.#levels.delete(key.token);
  }

  #newKey(possible: boolean, required: boolean): SimpleKey {
    const { line, position, column } = this.#cursor;
    return { possible, required, token: this.#tokens.next, line, position, column };
  }

  /** A key is on one line, and not longer than 1,024 characters. */
  #isValid(key: SimpleKey): boolean {
    const { line, position } = this.#cursor;
    if (key.possible && (key.line < line || key.position + MAX_KEY_LENGTH < position)) {
      if (key.required) this.#cursor.fail("could not find expected ':'", key.line);
      key.possible = false;
    }
    return key.possible;
  }
}
