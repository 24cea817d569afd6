// Reads a text into tokens: a port of scannerc.go of go.yaml.in/yaml v2.4.4, which all Kubernetes components use. It rejects the same
// texts. Each part of a text is scanned once.

import type { Budget } from '../../budget.ts';
import { isBlank, isBlankOrEnd, isBreak, type Cursor } from './cursor.ts';
import { scanAnchor, scanDirective, scanTag } from './properties.ts';
import { scanQuoted } from './quoted.ts';
import { scanBlock, scanPlain } from './scalars.ts';
import { SimpleKeys, type SimpleKey } from './simple-keys.ts';
import { TokenQueue } from './token-queue.ts';
import type { YamlToken, TokenType } from './tokens.ts';

const MAX_FLOW_LEVEL = 10_000;
const MAX_INDENTS = 10_000;
const TAB = 0x09;
/** Signs that no plain scalar begins with. */
const INDICATORS = new Set(Array.from('-?:,[]{}#&*!|>\'"%@`', (sign) => sign.charCodeAt(0)));
const FLOW_TOKENS: ReadonlyMap<number, TokenType> = new Map([
  [0x5b, 'flow-sequence-start'],
  [0x7b, 'flow-mapping-start'],
  [0x5d, 'flow-sequence-end'],
  [0x7d, 'flow-mapping-end'],
]);

/** Scans a text token by token. */
export class Scanner {
  readonly #cursor: Cursor;
  readonly #budget: Budget;
  readonly #tokens = new TokenQueue();
  #indent = -1;
  readonly #indents: number[] = [];
  #flowLevel = 0;
  #keyAllowed = true;
  readonly #keys: SimpleKeys;

  constructor(cursor: Cursor, budget: Budget) {
    this.#cursor = cursor;
    this.#budget = budget;
    this.#keys = new SimpleKeys(cursor, this.#tokens);
  }

  /** The next token. */
  peek(): YamlToken {
    while (this.#needsMore()) this.#fetch();
    return this.#tokens.peek() ?? this.#cursor.fail('attempted to go past the end of stream');
  }

  /** Removes and returns the next token. */
  take(): YamlToken {
    const token = this.peek();
    this.#tokens.take();
    return token;
  }

  /** Tells whether a key token may still be inserted before the next token. */
  #needsMore(): boolean {
    return this.#tokens.isEmpty || this.#keys.mayPrecede(this.#tokens.taken);
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
      this.#keys.remove();
      this.#keyAllowed = true;
      this.#tokens.push({ type: 'block', line, position, text: scanBlock(cursor, this.#indent) });
      return;
    }
    if (this.#keyAllowed) this.#keys.save(this.#flowLevel === 0 && this.#indent === this.#cursor.column);
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

  /** Adds a token of some signs. */
  #add(type: TokenType, length: number): void {
    const { line, position } = this.#cursor;
    this.#cursor.position += length;
    this.#tokens.push({ type, line, position });
  }

  #fetchStreamEnd(): void {
    this.#cursor.endLine();
    this.#unrollIndent(-1);
    this.#keys.remove();
    this.#keyAllowed = false;
    this.#add('stream-end', 0);
  }

  #fetchDirective(): void {
    this.#unrollIndent(-1);
    this.#keys.remove();
    this.#keyAllowed = false;
    const { line, position } = this.#cursor;
    this.#tokens.push({ type: 'directive', line, position, directive: scanDirective(this.#cursor) });
  }

  #fetchMarker(type: TokenType): void {
    this.#unrollIndent(-1);
    this.#keys.remove();
    this.#keyAllowed = false;
    this.#add(type, 3);
  }

  #fetchBracket(code: number): void {
    const opens = code === 0x5b || code === 0x7b;
    if (opens) {
      if (this.#keyAllowed) this.#keys.save(this.#flowLevel === 0 && this.#indent === this.#cursor.column);
      this.#keys.open();
      this.#flowLevel += 1;
      if (this.#flowLevel > MAX_FLOW_LEVEL) this.#cursor.fail(`exceeded max depth of ${MAX_FLOW_LEVEL}`);
    } else {
      this.#keys.remove();
      if (this.#flowLevel > 0) {
        this.#flowLevel -= 1;
        this.#keys.close();
      }
    }
    this.#keyAllowed = opens;
    this.#add(FLOW_TOKENS.get(code) ?? 'flow-entry', 1);
  }

  #fetchFlowEntry(): void {
    this.#keys.remove();
    this.#keyAllowed = true;
    this.#add('flow-entry', 1);
  }

  #fetchBlockEntry(): void {
    if (this.#flowLevel === 0) {
      if (!this.#keyAllowed) this.#cursor.fail('block sequence entries are not allowed in this context');
      this.#rollIndent('block-sequence-start');
    }
    this.#keys.remove();
    this.#keyAllowed = true;
    this.#add('block-entry', 1);
  }

  #fetchKey(): void {
    if (this.#flowLevel === 0) {
      if (!this.#keyAllowed) this.#cursor.fail('mapping keys are not allowed in this context');
      this.#rollIndent('block-mapping-start');
    }
    this.#keys.remove();
    this.#keyAllowed = this.#flowLevel === 0;
    this.#add('key', 1);
  }

  #fetchValue(): void {
    const key = this.#keys.take();
    if (key) {
      const { line, position } = key;
      this.#tokens.insert({ type: 'key', line, position }, key.token);
      this.#rollIndent('block-mapping-start', key);
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

  /** Begins a block collection if the column, or that of a key, is further right than the indent. */
  #rollIndent(type: TokenType, key?: SimpleKey): void {
    const { line, position, column } = key ?? this.#cursor;
    if (this.#flowLevel > 0 || this.#indent >= column) return;
    this.#indents.push(this.#indent);
    this.#indent = column;
    if (this.#indents.length > MAX_INDENTS) this.#cursor.fail(`exceeded max depth of ${MAX_INDENTS}`);
    if (key) this.#tokens.insert({ type, line, position }, key.token);
    else this.#tokens.push({ type, line, position });
  }

  #unrollIndent(column: number): void {
    if (this.#flowLevel > 0) return;
    while (this.#indent > column) {
      this.#add('block-end', 0);
      this.#indent = this.#indents.pop() ?? -1;
    }
  }
}
