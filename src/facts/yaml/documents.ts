// YAML and JSON texts to values, as the Kubernetes components understand them: duplicate keys, merges, anchors and plain
// scalars follow go.yaml.in/yaml/v2 (decode.go of v2.4.4), which differs from what YAML libraries do by default.

import {
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseAllDocuments,
  Scalar,
  type Document,
  type Node,
  type YAMLError,
} from 'yaml';

import type { Origin, Problem } from '../../policy/types.ts';
import { Exhausted, type Budget } from '../budget.ts';
import { Conversion } from './conversion.ts';
import { trimSpace } from '../values/go-values.ts';
import { columnAt, findQuirk, indentAt } from './yaml-quirks.ts';

/** How a document was written, where that decides what a component makes of it. */
export type Syntax = 'yaml' | 'json' | 'broken-json' | 'decoded';

/** One document, understood as the components understand it. */
export interface ParsedDocument {
  readonly value: unknown;
  readonly index: number;
  /** `broken-json` begins with a brace and is no JSON; `decoded` was decoded by an API server. */
  readonly syntax: Syntax;
  /** Pointer of the first key that is set twice, which strict readers refuse. */
  readonly duplicate?: string;
  /**
   * What a decoder of JSON meets besides the value, each in a document of its own: values that a second key of the same
   * name replaces, and 0.5 for numbers written with a point or an exponent. It has to accept them too.
   */
  readonly attempts?: readonly unknown[];
  /** The line that an origin is on. */
  readonly locate: (origin: Origin) => number | undefined;
}

/** An object that an API server has decoded already. */
export function decodedDocument(value: unknown): ParsedDocument {
  return { value, index: 0, syntax: 'decoded', locate: () => undefined };
}

/** A document that can not be read. */
export interface BrokenDocument {
  readonly problem: Problem;
  readonly index: number;
}

/** Characters that the components' YAML reader refuses (go.yaml.in/yaml/v2 readerc.go). */
// eslint-disable-next-line no-control-regex -- control characters are the point
const REFUSED_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]/;

/** Line breaks of YAML 1.1 that the parser does not know; U+2028 and U+2029 would be further ones. */
const YAML_1_1_BREAK = /\r\n?|\u0085/g;

/**
 * Reads a stream of YAML or JSON documents. Total: whatever is wrong becomes a broken document.
 *
 * @param text the whole stream
 * @param budget what may be spent on it; throws `Exhausted` where that is not enough
 * @returns its documents in order, without those that hold nothing
 */
export function parseStream(text: string, budget: Budget): (ParsedDocument | BrokenDocument)[] {
  budget.characters(text.length);
  const refused = REFUSED_CHARACTER.exec(text);
  if (refused) return [broken(`control characters are not allowed (line ${lineAt(text, refused.index)})`, 0)];
  return beginsWithBrace(text)
    ? readStream(text, true, budget)
    : readStream(text.replace(YAML_1_1_BREAK, '\n').replace(/^\uFEFF/, ''), false, budget);
}

function readStream(text: string, braced: boolean, budget: Budget): (ParsedDocument | BrokenDocument)[] {
  try {
    const documents = parseAllDocuments(text, {
      version: '1.1',
      schema: 'failsafe',
      uniqueKeys: false,
      prettyErrors: false,
    });
    return [...documents].flatMap(
      (document, index) =>
        understand(
          document,
          text,
          index,
          braced,
          [documents[index - 1]?.range[2] ?? 0, documents[index + 1]?.range[0] ?? text.length],
          budget,
        ) ?? [],
    );
  } catch (cause) {
    if (cause instanceof Exhausted) throw cause;
    return [broken(cause instanceof RangeError ? 'the document is nested too deeply' : reasonOf(cause), 0)];
  }
}

function understand(
  document: Document.Parsed,
  text: string,
  index: number,
  braced: boolean,
  range: readonly [number, number],
  budget: Budget,
): ParsedDocument | BrokenDocument | undefined {
  const [error] = document.errors;
  if (error && !isBehindFirst(document, error, index, text))
    return broken(`${error.message} (line ${lineAt(text, error.pos[0])})`, index);
  const { contents } = document as { contents: Node | null };
  if (contents === null) return undefined;
  const isBraced = (braced || index > 0) && text.charAt(spanOf(contents)[0]) === '{';
  const syntax = !isBraced ? 'yaml' : isJson(text) ? 'json' : 'broken-json';
  const quirk = syntax === 'json' ? undefined : findQuirk(contents, text, range);
  if (quirk && quirk.offset < (error?.pos[0] ?? Infinity))
    return broken(`${quirk.reason} (line ${lineAt(text, quirk.offset)})`, index);
  const conversion = new Conversion(contents, text, syntax === 'json');
  try {
    const value = conversion.root(contents);
    if (value === null) return undefined;
    return {
      value,
      index,
      syntax,
      ...(conversion.attempts.length > 0 && { attempts: conversion.attempts }),
      ...(conversion.duplicate !== undefined && { duplicate: conversion.duplicate }),
      locate: (origin) => locate(contents, text, origin, budget),
    };
  } catch (cause) {
    if (cause instanceof Exhausted) throw cause;
    return broken(cause instanceof RangeError ? 'the document is nested too deeply' : reasonOf(cause), index);
  }
}

/** How the components tell JSON from YAML (apimachinery pkg/util/yaml/decoder.go, IsJSONBuffer). */
function beginsWithBrace(text: string): boolean {
  return trimSpace(text).startsWith('{');
}

/** The components read the first document only, and stop where its braces close or its indentation ends. */
function isBehindFirst({ contents }: Document.Parsed, error: YAMLError, index: number, text: string): boolean {
  if (index > 0 || error.code !== 'UNEXPECTED_TOKEN' || !isCollection(contents)) return false;
  const [position] = error.pos;
  const [start, end] = spanOf(contents);
  return (
    position >= end &&
    (contents.flow === true ? /[\]}]/.test(text.charAt(end - 1)) : columnAt(text, position) < indentAt(text, start))
  );
}

function broken(reason: string, index: number): BrokenDocument {
  return { problem: { code: 'malformed', message: `not readable as YAML or JSON: ${reason}` }, index };
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'no reason given';
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function spanOf(node: Node): [number, number] {
  const [start = 0, end = 0] = node.range ?? [];
  return [start, end];
}

/** Line of the innermost node on the pointer's way that exists. */
function locate(root: Node, text: string, { pointer, within }: Origin, budget: Budget): number | undefined {
  if (pointer === undefined) return undefined;
  let node: unknown = root;
  let [offset] = spanOf(root);
  for (const segment of pointer.split('/').slice(1)) {
    const name = segment.replaceAll('~1', '/').replaceAll('~0', '~');
    const child = isMap(node)
      ? node.items.findLast(({ key }) => isScalar(key) && key.value === name)
      : isSeq(node)
        ? node.items[Number(name)]
        : undefined;
    if (child === undefined) break;
    const place: unknown = isPair(child) ? child.key : child;
    offset = isScalar(place) || isMap(place) || isSeq(place) || isAlias(place) ? spanOf(place)[0] : offset;
    node = isPair(child) ? child.value : child;
  }
  const line = lineAt(text, offset);
  if (
    within === undefined ||
    !isScalar(node) ||
    (node.type !== Scalar.BLOCK_LITERAL && node.type !== Scalar.BLOCK_FOLDED)
  )
    return line;
  const [inner] = parseStream(String(node.value), budget);
  const innerLine = inner && 'locate' in inner ? inner.locate({ layer: 'file', pointer: within }) : undefined;
  return innerLine === undefined ? line : lineAt(text, spanOf(node)[0]) + innerLine;
}

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let index = text.indexOf('\n'); index !== -1 && index < offset; index = text.indexOf('\n', index + 1)) line += 1;
  return line;
}
