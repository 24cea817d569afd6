// From text to tokens, a port of scannerc.go of go.yaml.in/yaml v2.4.4, the reader of all Kubernetes components: which texts
// it refuses, and what it makes of the others, decides what a component reads. Each token is scanned once, and no part of a
// text twice.

import type { Budget } from '../../budget.ts';
import { isBlank, isBlankOrEnd, isBreak, type Cursor } from './cursor.ts';
import { scanAnchor, scanDirective, scanTag } from './properties.ts';
import { scanQuoted } from './quoted.ts';
import { scanBlock, scanPlain } from './scalars.ts';
import type { Token, TokenType } from './tokens.ts';

/** Something that a `:` may still make a key. */
interface SimpleKey {
  possible: boolean;
  readonly required: boolean;
  /** The token that it begins with. */
  readonly token: number;
  readonly line: number;
  readonly position: number;
  readonly column: number;
}

const MAX_KEY_LENGTH = 1024;
const MAX_FLOW_LEVEL = 10_000;
const MAX_INDENTS = 10_000;
const TAB = 0x09;
/** What no plain scalar begins with, blanks aside. */
const INDICATORS = new Set(Array.from('-?:,[]{}#&*!|>\'"%@`', (sign) => sign.charCodeAt(0)));
const FLOW_TOKENS: ReadonlyMap<number, TokenType> = new Map([
  [0x5b, 'flow-sequence-start'],
  [0x7b, 'flow-mapping-start'],
  [0x5d, 'flow-sequence-end'],
  [0x7d, 'flow-mapping-end'],
]);

export class Scanner {
  readonly #cursor: Cursor;
  readonly #budget: Budget;
  readonly #tokens: Token[] = [];
  #head = 0;
  /** So many tokens were taken. */
  #taken = 0;
  #indent = -1;
  readonly #indents: number[] = [];
  #flowLevel = 0;
  #keyAllowed = true;
  /** One for each level of brackets. */
  readonly #keys: SimpleKey[];
  /** By the number of their token: the level of keys that are still possible. */
  readonly #keyLevels = new Map<number, number>();

  constructor(cursor: Cursor, budget: Budget) {
    this.#cursor = cursor;
    this.#budget = budget;
    this.#keys = [this.#newKey(false, false)];
  }

  /** The next token. */
  peek(): Token {
    while (this.#needsMore()) this.#fetch();
    const token = this.#tokens[this.#head];
    return token ?? this.#cursor.fail('attempted to go past the end of stream');
  }

  /** Takes the next token away. */
  take(): Token {
    const token = this.peek();
    this.#head += 1;
    this.#taken += 1;
    if (this.#head === this.#tokens.length || this.#head > MAX_KEY_LENGTH) {
      this.#tokens.splice(0, this.#head);
      this.#head = 0;
    }
    return token;
  }

  /** Whether the next token may turn out to be behind another one, of a key that it begins. */
  #needsMore(): boolean {
    if (this.#head === this.#tokens.length) return true;
    const level = this.#keyLevels.get(this.#taken);
    const key = level === undefined ? undefined : this.#keys[level];
    return key !== undefined && this.#isValid(key);
  }

  #fetch(): void {
    const cursor = this.#cursor;
    this.#budget.steps();
    this.#skipToToken();
    this.#unrollIndent(cursor.column);
    const code = cursor.peek();
    if (cursor.atEnd) this.#fetchStreamEnd();
    else if (code === 0x25 && cursor.column === 0) this.#fetchDirective();
    else if (cursor.atMarker(0x2d)) this.#fetchMarker('document-start');
    else if (cursor.atMarker(0x2e)) this.#fetchMarker('document-end');
    else if (FLOW_TOKENS.has(code)) this.#fetchBracket(code);
    else if (code === 0x2c) this.#fetchFlowEntry();
    else if (code === 0x2d && isBlankOrEnd(cursor.peek(1))) this.#fetchBlockEntry();
    else if (code === 0x3f && (this.#flowLevel > 0 || isBlankOrEnd(cursor.peek(1)))) this.#fetchKey();
    else if (code === 0x3a && (this.#flowLevel > 0 || isBlankOrEnd(cursor.peek(1)))) this.#fetchValue();
    else this.#fetchNode(code);
  }

  #fetchNode(code: number): void {
    const cursor = this.#cursor;
    const { line, position } = cursor;
    if (this.#flowLevel === 0 && (code === 0x7c || code === 0x3e)) {
      this.#removeKey();
      this.#keyAllowed = true;
      this.#tokens.push({ type: 'block', line, position, text: scanBlock(cursor, this.#indent) });
      return;
    }
    this.#saveKey();
    this.#keyAllowed = false;
    if (code === 0x2a) this.#tokens.push({ type: 'alias', line, position, text: scanAnchor(cursor) });
    else if (code === 0x26) this.#tokens.push({ type: 'anchor', line, position, text: scanAnchor(cursor) });
    else if (code === 0x21) this.#tokens.push({ type: 'tag', line, position, tag: scanTag(cursor) });
    else if (code === 0x27 || code === 0x22)
      this.#tokens.push({ type: 'quoted', line, position, text: scanQuoted(cursor) });
    else {
      if (!this.#beginsPlain(code)) cursor.fail('found character that cannot start any token');
      const { text, endsLine } = scanPlain(cursor, this.#indent + 1, this.#flowLevel > 0);
      if (endsLine) this.#keyAllowed = true;
      this.#tokens.push({ type: 'plain', line, position, text });
    }
  }

  #beginsPlain(code: number): boolean {
    if (!INDICATORS.has(code)) return !isBlankOrEnd(code);
    const next = this.#cursor.peek(1);
    if (code === 0x2d) return !isBlank(next);
    return this.#flowLevel === 0 && (code === 0x3f || code === 0x3a) && !isBlankOrEnd(next);
  }

  #skipToToken(): void {
    const cursor = this.#cursor;
    for (;;) {
      const tabs = this.#flowLevel > 0 || !this.#keyAllowed;
      while (cursor.peek() === 0x20 || (tabs && cursor.peek() === TAB)) cursor.position += 1;
      if (cursor.peek() === 0x23) cursor.skipToBreak();
      if (!isBreak(cursor.peek())) return;
      cursor.readBreak();
      if (this.#flowLevel === 0) this.#keyAllowed = true;
    }
  }

  /** Adds a token that so many signs stand for. */
  #add(type: TokenType, length: number): void {
    const { line, position } = this.#cursor;
    this.#cursor.position += length;
    this.#tokens.push({ type, line, position });
  }

  #fetchStreamEnd(): void {
    this.#cursor.endLine();
    this.#unrollIndent(-1);
    this.#removeKey();
    this.#keyAllowed = false;
    this.#add('stream-end', 0);
  }

  #fetchDirective(): void {
    this.#unrollIndent(-1);
    this.#removeKey();
    this.#keyAllowed = false;
    const { line, position } = this.#cursor;
    this.#tokens.push({ type: 'directive', line, position, directive: scanDirective(this.#cursor) });
  }

  #fetchMarker(type: TokenType): void {
    this.#unrollIndent(-1);
    this.#removeKey();
    this.#keyAllowed = false;
    this.#add(type, 3);
  }

  #fetchBracket(code: number): void {
    const opens = code === 0x5b || code === 0x7b;
    if (opens) {
      this.#saveKey();
      this.#keys.push(this.#newKey(false, false));
      this.#flowLevel += 1;
      if (this.#flowLevel > MAX_FLOW_LEVEL) this.#cursor.fail(`exceeded max depth of ${MAX_FLOW_LEVEL}`);
    } else {
      this.#removeKey();
      if (this.#flowLevel > 0) {
        this.#flowLevel -= 1;
        this.#keyLevels.delete(this.#keys.pop()?.token ?? -1);
      }
    }
    this.#keyAllowed = opens;
    this.#add(FLOW_TOKENS.get(code) ?? 'flow-entry', 1);
  }

  #fetchFlowEntry(): void {
    this.#removeKey();
    this.#keyAllowed = true;
    this.#add('flow-entry', 1);
  }

  #fetchBlockEntry(): void {
    if (this.#flowLevel === 0) {
      if (!this.#keyAllowed) this.#cursor.fail('block sequence entries are not allowed in this context');
      this.#rollIndent('block-sequence-start');
    }
    this.#removeKey();
    this.#keyAllowed = true;
    this.#add('block-entry', 1);
  }

  #fetchKey(): void {
    if (this.#flowLevel === 0) {
      if (!this.#keyAllowed) this.#cursor.fail('mapping keys are not allowed in this context');
      this.#rollIndent('block-mapping-start');
    }
    this.#removeKey();
    this.#keyAllowed = this.#flowLevel === 0;
    this.#add('key', 1);
  }

  #fetchValue(): void {
    const key = this.#keys.at(-1);
    if (key && this.#isValid(key)) {
      const { line, position } = key;
      this.#insert({ type: 'key', line, position }, key.token);
      this.#rollIndent('block-mapping-start', key);
      key.possible = false;
      this.#keyLevels.delete(key.token);
      this.#keyAllowed = false;
    } else {
      if (this.#flowLevel === 0) {
        if (!this.#keyAllowed) this.#cursor.fail('mapping values are not allowed in this context');
        this.#rollIndent('block-mapping-start');
      }
      this.#keyAllowed = this.#flowLevel === 0;
    }
    this.#add('value', 1);
  }

  /** Inserts a token before one that was not taken yet, by its number; behind all where it was. */
  #insert(token: Token, number: number): void {
    if (number < this.#taken) this.#tokens.push(token);
    else this.#tokens.splice(this.#head + number - this.#taken, 0, token);
  }

  /** Begins a block collection where something stands further to the right than before: here, or at a key. */
  #rollIndent(type: TokenType, key?: SimpleKey): void {
    const { line, position, column } = key ?? this.#cursor;
    if (this.#flowLevel > 0 || this.#indent >= column) return;
    this.#indents.push(this.#indent);
    this.#indent = column;
    if (this.#indents.length > MAX_INDENTS) this.#cursor.fail(`exceeded max depth of ${MAX_INDENTS}`);
    if (key) this.#insert({ type, line, position }, key.token);
    else this.#tokens.push({ type, line, position });
  }

  #unrollIndent(column: number): void {
    if (this.#flowLevel > 0) return;
    while (this.#indent > column) {
      this.#add('block-end', 0);
      this.#indent = this.#indents.pop() ?? -1;
    }
  }

  #newKey(possible: boolean, required: boolean): SimpleKey {
    const { line, position, column } = this.#cursor;
    return { possible, required, token: this.#taken + this.#tokens.length - this.#head, line, position, column };
  }

  /** A key stands in one line, and is not long. */
  #isValid(key: SimpleKey): boolean {
    const { line, position } = this.#cursor;
    if (key.possible && (key.line < line || key.position + MAX_KEY_LENGTH < position)) {
      if (key.required) this.#cursor.fail("could not find expected ':'", key.line);
      key.possible = false;
    }
    return key.possible;
  }

  #saveKey(): void {
    if (!this.#keyAllowed) return;
    const key = this.#newKey(true, this.#flowLevel === 0 && this.#indent === this.#cursor.column);
    this.#removeKey();
    this.#keys[this.#keys.length - 1] = key;
    this.#keyLevels.set(key.token, this.#keys.length - 1);
  }

  #removeKey(): void {
    const key = this.#keys.at(-1);
    if (!key?.possible) return;
    if (key.required) this.#cursor.fail("could not find expected ':'", key.line);
    key.possible = false;
    this.#keyLevels.delete(key.token);
  }
}
