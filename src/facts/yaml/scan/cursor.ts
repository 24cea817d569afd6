// A position in a text, with blanks, breaks and letters as go-yaml defines them (yamlprivateh.go of go.yaml.in/yaml v2.4.4).

import { Refused } from '../nodes.ts';

/** Follows a text, so that looking ahead needs no check. No text contains it. */
const END = 0;
const TAIL = '\0\0\0\0';

/** A text that cursors can read. */
export function withTail(text: string): string {
  return text + TAIL;
}

export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

export function isBreak(code: number): boolean {
  return code === 0x0a || code === 0x0d || code === 0x85 || code === 0x2028 || code === 0x2029;
}

export function isBreakOrEnd(code: number): boolean {
  return code === END || isBreak(code);
}

/** A blank, a break or the end. No text contains other control characters. */
export function isBlankOrEnd(code: number): boolean {
  return code <= 0x20 || isBreak(code);
}

/** Letters of anchors, tags and directives. */
export function isAlpha(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f ||
    code === 0x2d
  );
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Breaks between two lines of a text. A single break becomes a space. */
export function folded(first: string, others: string): string {
  if (first !== '\n') return first + others;
  return others === '' ? ' ' : others;
}

/** A position that moves forward through a text. */
export class Cursor {
  /** Counted from 0. */
  line: number;
  position: number;
  #lineStart: number;
  readonly #text: string;

  /** @param text made readable; a line begins at the position */
  constructor(text: string, position: number, line: number) {
    this.#text = text;
    this.position = position;
    this.line = line;
    this.#lineStart = position;
  }

  get column(): number {
    return this.position - this.#lineStart;
  }

  /** The code of the sign at the position, or `ahead` signs after it. */
  peek(ahead = 0): number {
    return this.#text.charCodeAt(this.position + ahead);
  }

  get atEnd(): boolean {
    return this.peek() === END;
  }

  /** The text from a position to here. */
  since(position: number): string {
    return this.#text.slice(position, this.position);
  }

  skipBlanks(): void {
    while (isBlank(this.peek())) this.position += 1;
  }

  /** Moves to the end of the line. */
  skipToBreak(): void {
    while (!isBreakOrEnd(this.peek())) this.position += 1;
  }

  /** Moves past a line break, if there is one, and returns it as the text contains it. */
  readBreak(): string {
    const code = this.peek();
    if (!isBreak(code)) return '';
    this.position += code === 0x0d && this.peek(1) === 0x0a ? 2 : 1;
    this.line += 1;
    this.#lineStart = this.position;
    return code === 0x2028 || code === 0x2029 ? String.fromCharCode(code) : '\n';
  }

  /** Ends the last line of the text, with or without a break. */
  endLine(): void {
    if (this.column === 0) return;
    this.line += 1;
    this.#lineStart = this.position;
  }

  /** Tells whether the line begins with three of the sign: `---` or `...`. */
  atMarker(sign: number): boolean {
    return (
      this.peek() === sign &&
      this.column === 0 &&
      this.peek(1) === sign &&
      this.peek(2) === sign &&
      isBlankOrEnd(this.peek(3))
    );
  }

  atAnyMarker(): boolean {
    return this.column === 0 && (this.atMarker(0x2d) || this.atMarker(0x2e));
  }

  fail(reason: string, line = this.line): never {
    throw new Refused(reason, line);
  }
}
