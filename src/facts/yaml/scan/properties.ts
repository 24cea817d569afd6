// Anchors, tags and directives (scannerc.go of go.yaml.in/yaml v2.4.4).

import { isAlpha, isBlank, isBlankOrEnd, isBreakOrEnd, isDigit, type Cursor } from './cursor.ts';

const BANG = 0x21;
const PERCENT = 0x25;

/** Signs that can follow an anchor, besides blanks. */
const AFTER_ANCHOR = '?:,]}%@`';
/** Signs that a tag can contain, besides letters. */
const IN_TAG = ";/?:@&=+$,.!~*'()[]%";

/** Reads the name after `&` or `*`. */
export function scanAnchor(cursor: Cursor): string {
  cursor.position += 1;
  const name = alphas(cursor);
  const code = cursor.peek();
  if (name === '' || !(isBlankOrEnd(code) || AFTER_ANCHOR.includes(String.fromCharCode(code))))
    cursor.fail('did not find expected alphabetic or numeric character');
  return name;
}

/** A tag as it is written. A directive defines its handle. Without a handle, the suffix is the whole tag. */
export interface Tag {
  readonly handle: string;
  readonly suffix: string;
}

/** Reads a tag: `!<verbatim>`, `!!suffix`, `!handle!suffix`, `!suffix` or `!`. */
export function scanTag(cursor: Cursor): Tag {
  const tag = cursor.peek(1) === 0x3c ? verbatimTag(cursor) : shortTag(cursor);
  if (!isBlankOrEnd(cursor.peek())) cursor.fail('did not find expected whitespace or line break');
  return tag;
}

function verbatimTag(cursor: Cursor): Tag {
  cursor.position += 2;
  const suffix = tagUri(cursor, '');
  if (cursor.peek() !== 0x3e) cursor.fail("did not find the expected '>'");
  cursor.position += 1;
  return { handle: '', suffix };
}

function shortTag(cursor: Cursor): Tag {
  const handle = tagHandle(cursor);
  if (handle.length > 1 && handle.endsWith('!')) return { handle, suffix: tagUri(cursor, '') };
  const suffix = tagUri(cursor, handle);
  return suffix === '' ? { handle: '', suffix: '!' } : { handle: '!', suffix };
}

function tagHandle(cursor: Cursor): string {
  const start = cursor.position;
  if (cursor.peek() !== BANG) cursor.fail("did not find expected '!'");
  cursor.position += 1;
  alphas(cursor);
  if (cursor.peek() === BANG) cursor.position += 1;
  return cursor.since(start);
}

function tagUri(cursor: Cursor, head: string): string {
  let uri = head.slice(1);
  let found = head !== '';
  for (let code = cursor.peek(); isInTag(code); code = cursor.peek()) {
    found = true;
    if (code === PERCENT) uri += escapedSign(cursor);
    else {
      uri += String.fromCharCode(code);
      cursor.position += 1;
    }
  }
  if (!found) cursor.fail('did not find expected tag URI');
  return uri;
}

function isInTag(code: number): boolean {
  return isAlpha(code) || (code > 0x20 && IN_TAG.includes(String.fromCharCode(code)));
}

/** The octets of one sign. What it is does not matter: no tag that means something holds others than ASCII. */
function escapedSign(cursor: Cursor): string {
  const first = escapedOctet(cursor);
  const width = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;
  if (width === 0) cursor.fail('found an incorrect leading UTF-8 octet');
  let text = String.fromCharCode(first);
  for (let index = 1; index < width; index += 1) {
    const octet = escapedOctet(cursor);
    if ((octet & 0xc0) !== 0x80) cursor.fail('found an incorrect trailing UTF-8 octet');
    text += String.fromCharCode(octet);
  }
  return text;
}

function escapedOctet(cursor: Cursor): number {
  const start = cursor.position;
  cursor.position += 3;
  const text = cursor.since(start);
  if (!/^%[0-9a-fA-F]{2}$/.test(text)) cursor.fail('did not find URI escaped octet');
  return Number.parseInt(text.slice(1), 16);
}

/** A `%YAML` directive, or the handle and prefix of a `%TAG` directive. */
export type Directive = { readonly version: string } | { readonly handle: string; readonly prefix: string };

/** Reads the line of a directive. */
export function scanDirective(cursor: Cursor): Directive {
  const { line } = cursor;
  cursor.position += 1;
  const name = alphas(cursor);
  if (name === '') cursor.fail('could not find expected directive name');
  if (!isBlankOrEnd(cursor.peek())) cursor.fail('found unexpected non-alphabetical character');
  cursor.skipBlanks();
  const directive =
    name === 'YAML'
      ? { version: version(cursor) }
      : name === 'TAG'
        ? tagDirective(cursor)
        : cursor.fail('found unknown directive name', line);
  cursor.skipBlanks();
  if (cursor.peek() === 0x23) cursor.skipToBreak();
  if (!isBreakOrEnd(cursor.peek())) cursor.fail('did not find expected comment or line break', line);
  cursor.readBreak();
  return directive;
}

function version(cursor: Cursor): string {
  const major = versionNumber(cursor);
  if (cursor.peek() !== 0x2e) cursor.fail("did not find expected digit or '.' character");
  cursor.position += 1;
  return `${major}.${versionNumber(cursor)}`;
}

function versionNumber(cursor: Cursor): string {
  const start = cursor.position;
  while (isDigit(cursor.peek())) cursor.position += 1;
  const digits = cursor.since(start);
  if (digits.length > 2) cursor.fail('found extremely long version number');
  if (digits === '') cursor.fail('did not find expected version number');
  return String(Number(digits));
}

function tagDirective(cursor: Cursor): Directive {
  const handle = tagHandle(cursor);
  if (handle !== '!' && !handle.endsWith('!')) cursor.fail("did not find expected '!'");
  if (!isBlank(cursor.peek())) cursor.fail('did not find expected whitespace');
  cursor.skipBlanks();
  const prefix = tagUri(cursor, '');
  if (!isBlankOrEnd(cursor.peek())) cursor.fail('did not find expected whitespace or line break');
  return { handle, prefix };
}

function alphas(cursor: Cursor): string {
  const start = cursor.position;
  while (isAlpha(cursor.peek())) cursor.position += 1;
  return cursor.since(start);
}
