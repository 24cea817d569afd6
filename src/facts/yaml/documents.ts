// Reads YAML and JSON texts as the Kubernetes components do: YAML with a port of go.yaml.in/yaml/v2 (scanner, parser, conversion), and a
// text that begins with a brace as JSON.

import type { Origin, Problem } from '../../policy/reading.ts';
import { Exhausted, type Budget } from '../budget.ts';
import { Conversion } from './conversion.ts';
import { Cursor, withTail } from './scan/cursor.ts';
import type { Attempts } from './duplicates.ts';
import { parseJsonNodes } from './json.ts';
import { lineOf } from './locate.ts';
import { Refused, type Node } from './nodes.ts';
import { Parser } from './parser.ts';
import { Scanner } from './scan/scanner.ts';
import { NodeTree } from './tree.ts';

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
  /** What a decoder of JSON meets besides the value. It has to accept that too. */
  readonly attempts?: Attempts;
  /** The line that an origin is on. */
  readonly locate: (origin: Origin) => number | undefined;
}

/** An object that an API server has decoded already. */
export function decodedDocument(value: unknown): ParsedDocument {
  return { value, index: 0, syntax: 'decoded', locate: () => undefined };
}

/** A document that cannot be read. */
export interface BrokenDocument {
  readonly problem: Problem;
  readonly index: number;
}

/** Characters that the components' YAML reader refuses (go.yaml.in/yaml/v2 readerc.go). */
// eslint-disable-next-line no-control-regex -- control characters are the point
const REFUSED_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]/;

/** A brace, behind nothing but what unicode.IsSpace calls white space (apimachinery pkg/util/yaml/decoder.go, IsJSONBuffer). */
const BRACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*\{/y;

/** Where a document begins: kubectl and kubeadm cut streams there. */
const MARKER = /[\n\r\u0085\u2028\u2029](?=---(?:[ \t\n\r\u0085\u2028\u2029]|$))/g;

/** The rest of a line. */
const BEHIND_LAST = /^[ \t]*(?:#[^\n\r]*)?[\n\r]?$/;

const BYTE_ORDER_MARK = '\uFEFF';

/** What the bookkeeping of one document costs, in steps. */
const STEPS_PER_DOCUMENT = 30;

/** A document, or why it cannot be read. */
export type AnyDocument = ParsedDocument | BrokenDocument;

/**
 * Reads a stream of YAML or JSON documents. Whatever is wrong with one becomes a broken document.
 *
 * @param text the whole stream
 * @param budget what may be spent on it; throws `Exhausted` where that is not enough
 * @returns its documents in order, without those that hold nothing
 */
export function parseStream(text: string, budget: Budget): AnyDocument[] {
  return parseAll(text, budget).filter((document) => !('value' in document) || document.value !== null);
}

/** The same, with documents that hold nothing. */
export function parseAll(text: string, budget: Budget): readonly AnyDocument[] {
  const last = lastRead.get(budget);
  if (last?.text === text) return last.documents;
  const documents = [...documentsOf(text, budget)];
  lastRead.set(budget, { text, documents });
  return documents;
}

/** What was read last with each budget: what recognises a file by its documents and what reads them need the same. */
const lastRead = new WeakMap<Budget, { readonly text: string; readonly documents: readonly AnyDocument[] }>();

/** The first document of a stream, unless it holds nothing: all that most components read. */
export function parseFirst(text: string, budget: Budget): AnyDocument | undefined {
  const [first] = documentsOf(text, budget);
  return first === undefined || ('value' in first && first.value === null) ? undefined : first;
}

/** The documents of a stream, each read when it is asked for. */
function* documentsOf(text: string, budget: Budget): Generator<AnyDocument, void> {
  budget.characters(text.length);
  const json = jsonNode(text, 0, text.length, budget);
  const refused = json ? null : REFUSED_CHARACTER.exec(text);
  if (json) yield understood(json, 'json', 0, budget);
  else if (refused) {
    const line = linesIn(text, 0, refused.index);
    yield broken(new Refused('control characters are not allowed', line), 0);
  } else yield* yamlDocuments(text, budget);
}

function* yamlDocuments(text: string, budget: Budget): Generator<AnyDocument, void> {
  const source = withTail(text);
  let position: number | undefined = text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  let line = 0;
  for (let index = 0; position !== undefined; index += 1) {
    budget.steps(STEPS_PER_DOCUMENT);
    const read = readDocument(source, { position, line }, budget);
    MARKER.lastIndex = read.contentStart;
    const found = MARKER.exec(text);
    const next = found === null ? undefined : found.index + 1;
    // nothing at all behind the last `---` is no document
    if (index === 0 || next !== undefined || !BEHIND_LAST.test(text.slice(read.contentStart)))
      yield documentAt(read, text, next, index, budget);
    if (next !== undefined) line += linesIn(text, position, next);
    position = next;
  }
}

interface Read {
  readonly contentStart: number;
  readonly node?: Node | undefined;
  readonly refused?: Refused;
}

function readDocument(
  source: string,
  { position, line }: { readonly position: number; readonly line: number },
  budget: Budget,
): Read {
  const tree = new NodeTree(budget);
  const parser = new Parser(new Scanner(new Cursor(source, position, line), budget), tree, position);
  try {
    parser.parse();
    return { contentStart: parser.contentStart, node: tree.root };
  } catch (cause) {
    if (cause instanceof Refused) return { contentStart: parser.contentStart, refused: cause };
    throw cause;
  }
}

function documentAt(
  { contentStart, node, refused }: Read,
  text: string,
  end: number | undefined,
  index: number,
  budget: Budget,
): AnyDocument {
  if (index > 0) {
    const json = jsonNode(text, contentStart, end ?? text.length, budget);
    if (json) return understood(json, 'json', index, budget);
  }
  if (refused) return broken(refused, index);
  if (node === undefined) return { value: null, index, syntax: 'yaml', locate: () => undefined };
  const braced = index === 0 ? beginsWithBrace(text, 0) : node.kind === 'mapping' && node.flow === true;
  return understood(node, braced ? 'broken-json' : 'yaml', index, budget);
}

function understood(node: Node, syntax: Syntax, index: number, budget: Budget): AnyDocument {
  const conversion = new Conversion(syntax === 'json', budget);
  try {
    const value = conversion.root(node);
    const { attempts, duplicate } = conversion;
    return {
      value,
      index,
      syntax,
      ...(attempts && { attempts }),
      ...(duplicate !== undefined && { duplicate }),
      locate: (origin) => lineOf(node, origin, (inner) => firstNode(inner, budget)),
    };
  } catch (cause) {
    if (cause instanceof Refused) return broken(cause, index);
    throw cause;
  }
}

/** The content of a text's first document, as far as it can be read. */
function firstNode(text: string, budget: Budget): Node | undefined {
  try {
    return (
      jsonNode(text, 0, text.length, budget) ?? readDocument(withTail(text), { position: 0, line: 0 }, budget).node
    );
  } catch (cause) {
    if (cause instanceof Exhausted) return undefined;
    throw cause;
  }
}

function jsonNode(text: string, start: number, end: number, budget: Budget): Node | undefined {
  return beginsWithBrace(text, start) ? parseJsonNodes(text.slice(start, end), budget) : undefined;
}

/** How the components tell JSON from YAML. */
function beginsWithBrace(text: string, start: number): boolean {
  BRACE.lastIndex = start;
  return BRACE.test(text);
}

function broken({ message, line }: Refused, index: number): BrokenDocument {
  const place = line === undefined ? '' : ` (line ${line + 1})`;
  return { problem: { code: 'malformed', message: `not readable as YAML or JSON: ${message}${place}` }, index };
}

function linesIn(text: string, start: number, end: number): number {
  let lines = 0;
  for (let at = text.indexOf('\n', start); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}
