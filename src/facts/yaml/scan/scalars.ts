// Plain and block scalars (scannerc.go of go.yaml.in/yaml v2.4.4).

import { folded, isBlank, isBlankOrEnd, isBreak, isBreakOrEnd, isDigit, type Cursor } from './cursor.ts';

const TAB = 0x09;
const COLON = 0x3a;

/** Between brackets these end a plain scalar: , ? [ ] { } */
function isFlowIndicator(code: number): boolean {
  return code === 0x2c || code === 0x3f || code === 0x5b || code === 0x5d || code === 0x7b || code === 0x7d;
}

/** A text, and whether line breaks follow it. */
export interface Plain {
  readonly text: string;
  readonly endsLine: boolean;
}

/**
 * Reads a plain scalar.
 *
 * @param indent the least column of its further lines
 * @param flow whether it stands between brackets
 */
export function scanPlain(cursor: Cursor, indent: number, flow: boolean): Plain {
  let text = '';
  let between = '';
  let endsLine = false;
  while (!cursor.atAnyMarker() && cursor.peek() !== 0x23) {
    const start = cursor.position;
    skipWord(cursor, flow);
    if (cursor.position > start) {
      text += between + cursor.since(start);
      endsLine = false;
    }
    const code = cursor.peek();
    if (!isBlank(code) && !isBreak(code)) break;
    const blanksFrom = cursor.position;
    cursor.skipBlanks();
    between = cursor.since(blanksFrom);
    if (isBreak(cursor.peek())) {
      endsLine = true;
      between = plainBreaks(cursor, indent);
      if (!flow && cursor.column < indent) break;
    }
  }
  return { text, endsLine };
}

function skipWord(cursor: Cursor, flow: boolean): void {
  for (let code = cursor.peek(); !isBlankOrEnd(code); code = cursor.peek()) {
    if (code === COLON && isBlankOrEnd(cursor.peek(1))) return;
    if (flow && isFlowIndicator(code)) return;
    cursor.position += 1;
  }
}

function plainBreaks(cursor: Cursor, indent: number): string {
  const first = cursor.readBreak();
  let others = '';
  for (let code = cursor.peek(); isBlank(code) || isBreak(code); code = cursor.peek()) {
    if (isBreak(code)) others += cursor.readBreak();
    else if (code === TAB && cursor.column < indent) cursor.fail('found a tab character that violates indentation');
    else cursor.position += 1;
  }
  return folded(first, others);
}

/**
 * Reads a scalar behind `|` or `>`.
 *
 * @param parentIndent the column of what holds it, or -1
 */
export function scanBlock(cursor: Cursor, parentIndent: number): string {
  const literal = cursor.peek() === 0x7c;
  const startLine = cursor.line;
  cursor.position += 1;
  const { chomping, increment } = blockHeader(cursor);
  let indent = increment === 0 ? 0 : Math.max(parentIndent, 0) + increment;
  let trailing: string;
  ({ indent, breaks: trailing } = blockBreaks(cursor, indent, parentIndent, startLine));
  let text = '';
  let leading = '';
  let blankBefore = false;
  while (cursor.column === indent && !cursor.atEnd) {
    const blank = isBlank(cursor.peek());
    text += !literal && !blankBefore && !blank && leading === '\n' ? (trailing === '' ? ' ' : '') : leading;
    text += trailing;
    blankBefore = blank;
    const start = cursor.position;
    cursor.skipToBreak();
    text += cursor.since(start);
    leading = cursor.readBreak();
    ({ breaks: trailing } = blockBreaks(cursor, indent, parentIndent, startLine));
  }
  if (chomping !== '-') text += leading;
  if (chomping === '+') text += trailing;
  return text;
}

function blockHeader(cursor: Cursor): { readonly chomping: string; readonly increment: number } {
  let chomping = '';
  let increment = 0;
  const startLine = cursor.line;
  for (let round = 0; round < 2; round += 1) {
    const code = cursor.peek();
    if (chomping === '' && (code === 0x2b || code === 0x2d)) chomping = String.fromCharCode(code);
    else if (increment === 0 && isDigit(code)) increment = code - 0x30;
    else break;
    if (code === 0x30) cursor.fail('found an indentation indicator equal to 0', startLine);
    cursor.position += 1;
  }
  cursor.skipBlanks();
  if (cursor.peek() === 0x23) cursor.skipToBreak();
  if (!isBreakOrEnd(cursor.peek())) cursor.fail('did not find expected comment or line break', startLine);
  cursor.readBreak();
  return { chomping, increment };
}

/** @param indent 0 where the first line that is not empty decides */
function blockBreaks(
  cursor: Cursor,
  indent: number,
  parentIndent: number,
  startLine: number,
): { readonly indent: number; readonly breaks: string } {
  let text = '';
  let widest = 0;
  for (;;) {
    while ((indent === 0 || cursor.column < indent) && cursor.peek() === 0x20) cursor.position += 1;
    widest = Math.max(widest, cursor.column);
    if ((indent === 0 || cursor.column < indent) && cursor.peek() === TAB)
      cursor.fail('found a tab character where an indentation space is expected', startLine);
    if (!isBreak(cursor.peek())) break;
    text += cursor.readBreak();
  }
  return { indent: indent === 0 ? Math.max(widest, parentIndent + 1, 1) : indent, breaks: text };
}
