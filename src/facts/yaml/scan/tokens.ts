// The tokens of a YAML text (yamlh.go of go.yaml.in/yaml v2.4.4).

import type { Directive, Tag } from './properties.ts';

export type TokenType =
  | 'stream-end'
  | 'directive'
  | 'document-start'
  | 'document-end'
  | 'block-sequence-start'
  | 'block-mapping-start'
  | 'block-end'
  | 'flow-sequence-start'
  | 'flow-sequence-end'
  | 'flow-mapping-start'
  | 'flow-mapping-end'
  | 'block-entry'
  | 'flow-entry'
  | 'key'
  | 'value'
  | 'alias'
  | 'anchor'
  | 'tag'
  | 'plain'
  | 'quoted'
  | 'block';

export interface YamlToken {
  readonly type: TokenType;
  /** Counted from 0. */
  readonly line: number;
  readonly position: number;
  /** A scalar's text, or an anchor's name. */
  readonly text?: string;
  readonly tag?: Tag;
  readonly directive?: Directive;
}
