// Reads tokens into nodes: a port of parserc.go of go.yaml.in/yaml v2.4.4. It has its own stack of states, so no nesting can exhaust
// the program's stack.

import { fail, TagPrefixes } from './directives.ts';
import { AFTER_BLOCK_NODE, AFTER_DOCUMENT, FIRST_STATES, type State } from './parser-states.ts';
import type { Scanner } from './scan/scanner.ts';
import type { YamlToken, TokenType } from './scan/tokens.ts';
import type { NodeTree } from './tree.ts';

const MARKER_LENGTH = 3;
/** Reads one document into a tree. */
export class Parser {
  readonly #scanner: Scanner;
  readonly #tree: NodeTree;
  readonly #states: State[] = [];
  readonly #tagPrefixes = new TagPrefixes();
  /** The position of the content, after directives and `---`. */
  contentStart: number;

  constructor(scanner: Scanner, tree: NodeTree, position: number) {
    this.#scanner = scanner;
    this.#tree = tree;
    this.contentStart = position;
  }

  parse(): void {
    if (this.#nextIs('stream-end')) return;
    const explicit = this.#nextIs('directive') || this.#nextIs('document-start');
    if (explicit) {
      this.#tagPrefixes.read(this.#scanner);
      this.contentStart = this.#next.position + MARKER_LENGTH;
      this.#take('document-start', 'did not find expected <document start>');
    }
    this.#tagPrefixes.addDefaults();
    const empty = explicit && AFTER_DOCUMENT.includes(this.#next.type);
    let state = empty ? this.#empty('end') : this.#child('end', true, false);
    while (state !== 'end') state = this.#step(state);
    // go-yaml scans the next token too, and rejects the document if there is none
    this.#scanner.peek();
  }

  get #next(): YamlToken {
    return this.#scanner.peek();
  }

  #nextIs(type: TokenType): boolean {
    return this.#next.type === type;
  }

  #take(type: TokenType, otherwise: string): void {
    if (!this.#nextIs(type)) fail(otherwise, this.#next);
    this.#scanner.take();
  }

  /** Reads one step, and returns the next state. */
  #step(state: Exclude<State, 'end'>): State {
    switch (state) {
      case 'block sequence entry':
        return this.#blockSequenceEntry();
      case 'indentless sequence entry':
        return this.#indentlessSequenceEntry();
      case 'block mapping key':
        return this.#blockMappingKey();
      case 'block mapping value':
        return this.#blockMappingValue();
      case 'first flow sequence entry':
      case 'flow sequence entry':
        return this.#flowSequenceEntry(state === 'first flow sequence entry');
      case 'flow sequence mapping key':
        return this.#flowSequenceMappingKey();
      case 'flow sequence mapping value':
        return this.#flowSequenceMappingValue();
      case 'flow sequence mapping end':
        this.#tree.end();
        return 'flow sequence entry';
      case 'first flow mapping key':
      case 'flow mapping key':
        return this.#flowMappingKey(state === 'first flow mapping key');
      case 'flow mapping value':
        return this.#flowMappingValue();
      case 'flow mapping empty value':
        return this.#empty('flow mapping key');
    }
  }

  /** An empty node where none is written. */
  #empty(then: State): State {
    this.#tree.scalar({ kind: 'scalar', value: '', tag: '', implicit: true, line: this.#next.line });
    return then;
  }

  /**
   * A node.
   *
   * @param block it may be a block collection
   * @param indentless a sequence may begin in the column of its key
   */
  #child(then: State, block: boolean, indentless: boolean): State {
    const start = this.#next;
    if (start.type === 'alias') {
      this.#scanner.take();
      this.#tree.alias(start.text ?? '', start.line);
      return then;
    }
    const { anchor, tag } = this.#properties();
    const { type, line, text = '' } = this.#next;
    if (type === 'plain' || type === 'quoted' || type === 'block') {
      this.#scanner.take();
      const implicit = tag === '!' || (tag === '' && type === 'plain');
      const scalar = { kind: 'scalar', value: text, tag, implicit, line } as const;
      this.#tree.scalar(type === 'block' ? { ...scalar, block: true } : scalar, anchor);
      return then;
    }
    const first = indentless && type === 'block-entry' ? 'indentless sequence entry' : FIRST_STATES.get(type);
    if (first !== undefined && (block || type.startsWith('flow'))) return this.#begin(first, then, anchor);
    if (anchor === undefined && tag === '') fail('did not find expected node content', start);
    this.#tree.scalar({ kind: 'scalar', value: '', tag, implicit: tag === '', line }, anchor);
    return then;
  }

  /** The anchor and the tag before a node, in either order. */
  #properties(): { readonly anchor: string | undefined; readonly tag: string } {
    let anchor: string | undefined;
    let tag: string | undefined;
    for (let token = this.#next; ; token = this.#next) {
      if (token.type === 'anchor' && anchor === undefined) anchor = token.text;
      else if (token.type === 'tag' && tag === undefined) tag = this.#tagPrefixes.resolve(token);
      else return { anchor, tag: tag ?? '' };
      this.#scanner.take();
    }
  }

  #begin(first: State, then: State, anchor: string | undefined): State {
    const { type, line } = this.#next;
    const kind = first.includes('mapping') ? 'mapping' : 'sequence';
    this.#tree.begin({ kind, children: [], line, ...(type.startsWith('flow') && { flow: true }) }, anchor);
    this.#states.push(then);
    // an indentless sequence has no start token
    if (type !== 'block-entry') this.#scanner.take();
    return first;
  }

  #end(): State {
    this.#tree.end();
    return this.#states.pop() ?? 'end';
  }

  /** The end of a collection with an end token. */
  #close(): State {
    this.#scanner.take();
    return this.#end();
  }

  #blockSequenceEntry(): State {
    if (this.#nextIs('block-end')) return this.#close();
    this.#take('block-entry', "did not find expected '-' indicator");
    if (this.#nextIs('block-entry') || this.#nextIs('block-end')) return this.#empty('block sequence entry');
    return this.#child('block sequence entry', true, false);
  }

  #indentlessSequenceEntry(): State {
    if (!this.#nextIs('block-entry')) return this.#end();
    this.#scanner.take();
    if (this.#nextIs('block-entry') || AFTER_BLOCK_NODE.includes(this.#next.type))
      return this.#empty('indentless sequence entry');
    return this.#child('indentless sequence entry', true, false);
  }

  #blockMappingKey(): State {
    if (this.#nextIs('block-end')) return this.#close();
    this.#take('key', 'did not find expected key');
    return this.#blockNode('block mapping value');
  }

  #blockMappingValue(): State {
    if (!this.#nextIs('value')) return this.#empty('block mapping key');
    this.#scanner.take();
    return this.#blockNode('block mapping key');
  }

  #blockNode(then: State): State {
    return AFTER_BLOCK_NODE.includes(this.#next.type) ? this.#empty(then) : this.#child(then, true, true);
  }

  #flowSequenceEntry(first: boolean): State {
    if (!first && !this.#nextIs('flow-sequence-end')) this.#take('flow-entry', "did not find expected ',' or ']'");
    if (this.#nextIs('flow-sequence-end')) return this.#close();
    if (!this.#nextIs('key')) return this.#child('flow sequence entry', false, false);
    // `[a: b]` is a sequence that holds a mapping
    this.#tree.begin({ kind: 'mapping', children: [], line: this.#scanner.take().line });
    return 'flow sequence mapping key';
  }

  #flowSequenceMappingKey(): State {
    if (!this.#nextIs('value') && !this.#endsFlowNode('flow-sequence-end'))
      return this.#child('flow sequence mapping value', false, false);
    const then = this.#empty('flow sequence mapping value');
    // go-yaml skips the colon too, so the next node is not its value
    this.#scanner.take();
    return then;
  }

  #flowSequenceMappingValue(): State {
    if (this.#nextIs('value')) {
      this.#scanner.take();
      if (!this.#endsFlowNode('flow-sequence-end')) return this.#child('flow sequence mapping end', false, false);
    }
    return this.#empty('flow sequence mapping end');
  }

  #flowMappingKey(first: boolean): State {
    if (!first && !this.#nextIs('flow-mapping-end')) this.#take('flow-entry', "did not find expected ',' or '}'");
    if (this.#nextIs('flow-mapping-end')) return this.#close();
    if (!this.#nextIs('key')) return this.#child('flow mapping empty value', false, false);
    this.#scanner.take();
    if (this.#nextIs('value') || this.#endsFlowNode('flow-mapping-end')) return this.#empty('flow mapping value');
    return this.#child('flow mapping value', false, false);
  }

  #flowMappingValue(): State {
    if (this.#nextIs('value')) {
      this.#scanner.take();
      if (!this.#endsFlowNode('flow-mapping-end')) return this.#child('flow mapping key', false, false);
    }
    return this.#empty('flow mapping key');
  }

  #endsFlowNode(end: TokenType): boolean {
    return this.#nextIs('flow-entry') || this.#nextIs(end);
  }
}
