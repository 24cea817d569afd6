// The tokens that were scanned and not taken yet. A key is found only at its `:`, so its token is inserted later.

import type { YamlToken } from './tokens.ts';

/** Taken tokens are removed in portions of this size. */
const MAX_TAKEN = 1024;

/** A queue of tokens that are numbered from 0. */
export class TokenQueue {
  readonly #tokens: YamlToken[] = [];
  #head = 0;
  /** The number of the next token that is taken. */
  taken = 0;

  get isEmpty(): boolean {
    return this.#head === this.#tokens.length;
  }

  /** The number that the next added token gets. */
  get next(): number {
    return this.taken + this.#tokens.length - this.#head;
  }

  peek(): YamlToken | undefined {
    return this.#tokens[this.#head];
  }

  /** Removes the next token. */
  take(): void {
    this.#head += 1;
    this.taken += 1;
    if (this.#head === this.#tokens.length || this.#head > MAX_TAKEN) {
      this.#tokens.splice(0, this.#head);
      this.#head = 0;
    }
  }

  push(token: YamlToken): void {
    this.#tokens.push(token);
  }

  /** Inserts a token before the one with a number; at the end if that one was taken. */
  insert(token: YamlToken, number: number): void {
    if (number < this.taken) this.#tokens.push(token);
    else this.#tokens.splice(this.#head + number - this.taken, 0, token);
  }
}
