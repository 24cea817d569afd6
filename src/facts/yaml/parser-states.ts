// The states of the parser, and the tokens that decide between them (parserc.go of go.yaml.in/yaml v2.4.4).

import type { TokenType } from './scan/tokens.ts';

/** What the parser reads next. */
export type State =
  | 'end'
  | 'block sequence entry'
  | 'indentless sequence entry'
  | 'block mapping key'
  | 'block mapping value'
  | 'first flow sequence entry'
  | 'flow sequence entry'
  | 'flow sequence mapping key'
  | 'flow sequence mapping value'
  | 'flow sequence mapping end'
  | 'first flow mapping key'
  | 'flow mapping key'
  | 'flow mapping value'
  | 'flow mapping empty value';

/** The first state of each collection that begins with its own token. */
export const FIRST_STATES: ReadonlyMap<TokenType, State> = new Map([
  ['flow-sequence-start', 'first flow sequence entry'],
  ['flow-mapping-start', 'first flow mapping key'],
  ['block-sequence-start', 'block sequence entry'],
  ['block-mapping-start', 'block mapping key'],
]);

/** Tokens after a document without content. */
export const AFTER_DOCUMENT: readonly TokenType[] = ['directive', 'document-start', 'document-end', 'stream-end'];

/** Tokens after a block node without content. */
export const AFTER_BLOCK_NODE: readonly TokenType[] = ['key', 'value', 'block-end'];
