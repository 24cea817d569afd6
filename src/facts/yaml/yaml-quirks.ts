// Where the components' YAML reader (go.yaml.in/yaml/v2 v2.4.4, scannerc.go) refuses or reads differently what the parser
// that is used here takes. Such documents count as not readable.

import { isCollection, isScalar, visit, Scalar, type Node } from 'yaml';

/** A part of a text that the two readers do not understand alike. */
export interface Quirk {
  readonly offset: number;
  readonly reason: string;
}

const ANCHOR = /^[\w-]+$/;
const TAG = /^[\w;/?:@&=+$,.!~*'()[\]%-]*$/;
const BAD_ANCHOR = 'the name of an anchor holds other signs than letters, digits, - and _';

/** A line that no quirk can be in: empty, a comment, `key:`, `key: value`, `- value`, of harmless signs. */
const PLAIN_LINE =
  /^(?: *(?:#[^\t]*)?| *(?:- +)*[\w./-]+:(?: +(?:\{\}|\[\]|[\w./-](?:[\w./=,+@~;-]|:(?=\S)| +(?=[\w./=,+@~;-]))*))?| *(?:- +)+[\w./-](?:[\w./=,+@~;-]|:(?=\S)| +(?=[\w./=,+@~;-]))*|---)$/;

/** Longer lines are not worth the search, whose cost grows faster than they do. */
const LONG_LINE = 500;

interface Span {
  readonly start: number;
  readonly end: number;
  /** For plain scalars, behind which the reader still looks for a next line: tabs are fine from this column on. */
  readonly column?: number;
}

/**
 * The first of a document's quirks.
 *
 * @param range where the document begins and ends in the text
 */
export function findQuirk(root: Node, text: string, range: readonly [number, number]): Quirk | undefined {
  // Most documents are plain, and looking at every node of one costs as much as parsing it.
  if (
    text
      .slice(...range)
      .split('\n')
      .every((line) => line.length < LONG_LINE && PLAIN_LINE.test(line))
  )
    return undefined;
  const spans: Span[] = [];
  let quirk: Quirk | undefined;
  visit(root, {
    Pair: (_, { key }, path) => {
      const parent = path.at(-1);
      if (isScalar(key)) quirk ??= brokenKey(key, text, isCollection(parent) && parent.flow === true);
    },
    Alias: (_, { source, range }) => {
      if (!ANCHOR.test(source)) quirk ??= { offset: range?.[0] ?? 0, reason: BAD_ANCHOR };
    },
    Value: (_, node, path) => {
      const [start = 0, end = 0] = node.range ?? [];
      if (node.anchor !== undefined && !ANCHOR.test(node.anchor)) quirk ??= { offset: start, reason: BAD_ANCHOR };
      if (node.tag !== undefined && !TAG.test(node.tag)) quirk ??= { offset: start, reason: 'a tag holds other signs' };
      const parent = path.findLast((ancestor) => isCollection(ancestor));
      if (isCollection(node) && node.flow === true) spans.push({ start, end });
      if (!isScalar(node)) return;
      const plain = node.type === Scalar.PLAIN;
      if (plain && /[,[\]{}#&*!|>'"%@`]/.test(text.slice(start, Math.min(end, start + 1))))
        quirk ??= { offset: start, reason: 'a text has to be quoted because of its first sign' };
      if (node.tag !== undefined && parent?.flow === true && start === end && /[,[\]{}]/.test(text.charAt(end)))
        quirk ??= { offset: start, reason: 'between brackets, a tag runs on over commas and brackets' };
      if (plain && parent?.flow === true) quirk ??= flowQuirk(text, start, end);
      spans.push({ start, end, ...(plain && { column: parent ? columnAt(text, parent.range?.[0] ?? 0) : 0 }) });
    },
  });
  const own = ({ offset }: Quirk): boolean => offset >= range[0] && offset < range[1];
  const directive = oddDirective(text.slice(range[0], root.range?.[0] ?? range[0]));
  if (directive !== undefined) return { offset: range[0] + directive, reason: 'a directive is not %YAML 1.1' };
  return quirk ?? misplacedTab(text, spans).find(own) ?? oddKey(text, spans).find(own);
}

/** The reader knows %TAG too, whose rules are not followed here. */
function oddDirective(head: string): number | undefined {
  const [first, second] = head.matchAll(/^%.*/gm);
  if (second) return second.index;
  return first === undefined || /^%YAML[ \t]+1\.1[ \t]*(?:#.*)?$/.test(first[0]) ? undefined : first.index;
}

/** A key stands in one line, with its anchor, tag and colon (yaml_simple_key_is_valid). */
function brokenKey({ range, anchor, tag }: Scalar, text: string, flow: boolean): Quirk | undefined {
  const [start = 0, end = 0] = range ?? [];
  const marked = anchor !== undefined || tag !== undefined;
  const apart = flow && /^\s*\n\s*:/.test(text.slice(end, end + 200));
  if (!apart && !text.slice(start, end).includes('\n') && !(marked && /\n\s*$/.test(text.slice(0, start))))
    return undefined;
  return { offset: start, reason: 'a key stands in several lines' };
}

/** Between brackets `?` and a leading `:` are indicators, and a `:` inside a word is none (yaml_parser_scan_plain_scalar). */
function flowQuirk(text: string, start: number, end: number): Quirk | undefined {
  const scalar = text.slice(start, end);
  if (!/^:|\?/.test(scalar) && !/^:[,[\]{}]/.test(text.slice(end, end + 2))) return undefined;
  return { offset: start, reason: 'between brackets, a text with ? or : has to be quoted' };
}

/** A key with `?` is one line, and its `:` stands below the `?`; everything else that the two readers make of it differs. */
function oddKey(text: string, spans: readonly Span[]): Quirk[] {
  const quirks: Quirk[] = [];
  for (const match of text.matchAll(/^( *(?:- +)*)\?(?=\s)(.*)/gm)) {
    const [line, before = ''] = match;
    const offset = match.index + before.length;
    if (spans.some(({ start, end }) => start < offset && offset < end)) continue;
    const colon = /^\n(?: *(?:#.*)?\n)*( *):(?=\s|$)/.exec(text.slice(match.index + line.length));
    if (colon?.[1]?.length !== before.length || /: |:$/.test(line))
      quirks.push({ offset, reason: 'a key with a question mark is not a line followed by its colon' });
  }
  return quirks;
}

/** The column of the first sign of an offset's line, before any anchor or tag. */
export function indentAt(text: string, offset: number): number {
  return text.slice(text.lastIndexOf('\n', offset - 1) + 1).search(/\S/) + 1;
}

/** The column of an offset, counted from 1. */
export function columnAt(text: string, offset: number): number {
  return offset - text.lastIndexOf('\n', offset - 1);
}

/** Tabs may not indent (yaml_parser_scan_to_next_token). */
function misplacedTab(text: string, spans: readonly Span[]): Quirk[] {
  const quirks: Quirk[] = [];
  if (!text.includes('\t')) return quirks;
  for (const match of text.matchAll(/^ *\t|^ *[-?:](?: +[-?])* *\t/gm)) {
    const offset = match.index + match[0].length - 1;
    const indents = /^ *\t$/.test(match[0]);
    const allowed = spans.some(({ start, end, column }) => {
      if (start >= offset) return false;
      if (column === undefined) return offset < end;
      return offset - match.index >= column && (offset < end || (indents && text.slice(end, offset).trim() === ''));
    });
    if (!allowed) quirks.push({ offset, reason: 'a tab stands where only spaces may' });
  }
  return quirks;
}
