// Reads JSON as Go's encoding/json does, into the same nodes as YAML. It has its own stack, so no nesting can exhaust the program's stack.

import type { Budget } from '../budget.ts';
import { Refused, type Node } from './nodes.ts';
import { NodeTree } from './tree.ts';

const SPACE = /[ \t\n\r]*/y;
const NUMBER_OR_WORD = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null/y;

type Expected = 'value' | 'first element' | 'first key' | 'key' | 'colon' | 'end of value';

/**
 * Reads a text of JSON.
 *
 * @returns undefined if it is none
 */
export function parseJsonNodes(text: string, budget: Budget): Node | undefined {
  const tree = new NodeTree(budget);
  try {
    new JsonReader(text, tree).read();
  } catch (cause) {
    if (cause instanceof Refused || cause instanceof SyntaxError) return undefined;
    throw cause;
  }
  return tree.root;
}

class JsonReader {
  readonly #text: string;
  readonly #tree: NodeTree;
  readonly #closing: string[] = [];
  #position = 0;
  #line = 0;

  constructor(text: string, tree: NodeTree) {
    this.#text = text;
    this.#tree = tree;
  }

  read(): void {
    let expected: Expected = 'value';
    do {
      this.#skipSpace();
      expected = this.#step(expected, this.#text.charAt(this.#position));
    } while (expected !== 'end of value' || this.#closing.length > 0);
    this.#skipSpace();
    if (this.#position < this.#text.length) throw new Refused('text behind the value');
  }

  #step(expected: Expected, sign: string): Expected {
    const closing = this.#closing.at(-1);
    switch (expected) {
      case 'colon':
        return this.#skip(sign === ':', 'value');
      case 'end of value':
        if (sign === ',') return this.#skip(true, closing === '}' ? 'key' : 'value');
        return this.#close(sign === closing);
      case 'first element':
        return sign === ']' ? this.#close(true) : this.#value(sign);
      case 'first key':
        if (sign === '}') return this.#close(true);
        return this.#key(sign);
      case 'key':
        return this.#key(sign);
      case 'value':
        return this.#value(sign);
    }
  }

  #skip(right: boolean, then: Expected): Expected {
    if (!right) throw new Refused('another sign was expected');
    this.#position += 1;
    return then;
  }

  #close(right: boolean): Expected {
    this.#closing.pop();
    this.#tree.end();
    return this.#skip(right, 'end of value');
  }

  #key(sign: string): Expected {
    if (sign !== '"') throw new Refused('a key is no text');
    this.#value(sign);
    return 'colon';
  }

  #value(sign: string): Expected {
    const line = this.#line;
    if (sign === '{' || sign === '[') {
      this.#tree.begin({ kind: sign === '{' ? 'mapping' : 'sequence', children: [], line, flow: true });
      this.#closing.push(sign === '{' ? '}' : ']');
      return this.#skip(true, sign === '{' ? 'first key' : 'first element');
    }
    const implicit = sign !== '"';
    const value = implicit ? this.#match(NUMBER_OR_WORD) : this.#string();
    if (implicit && value === '') throw new Refused('no value');
    this.#tree.scalar({ kind: 'scalar', value, tag: '', implicit, line });
    return 'end of value';
  }

  #string(): string {
    const start = this.#position + 1;
    let end = start;
    let escapes = false;
    for (let code = this.#text.charCodeAt(end); code !== 0x22; code = this.#text.charCodeAt(end)) {
      if (!(code >= 0x20)) throw new Refused('a text that does not end');
      if (code === 0x5c) escapes = true;
      end += code === 0x5c ? 2 : 1;
    }
    this.#position = end + 1;
    return escapes
      ? (JSON.parse(this.#text.slice(start - 1, end + 1)) as string).toWellFormed()
      : this.#text.slice(start, end);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#position += found.length;
    return found;
  }

  #skipSpace(): void {
    const space = this.#match(SPACE);
    for (let at = space.indexOf('\n'); at !== -1; at = space.indexOf('\n', at + 1)) this.#line += 1;
  }
}
