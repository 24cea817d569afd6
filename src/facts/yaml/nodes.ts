// The nodes of a YAML or JSON text, before their scalars are resolved.

interface Placed {
  /** Counted from 0. */
  readonly line: number;
}

export interface ScalarNode extends Placed {
  readonly kind: 'scalar';
  readonly value: string;
  /** In its long form; empty where there is none. */
  readonly tag: string;
  /** Whether the text itself tells the type: plain, or tagged with a lone `!`. */
  readonly implicit: boolean;
  /** Whether its text stands below its mark, line by line. */
  readonly block?: true;
}

export interface CollectionNode extends Placed {
  /** The children of a mapping are its keys and values in turn. */
  readonly kind: 'mapping' | 'sequence';
  readonly children: Node[];
  /** Whether it is written with brackets. */
  readonly flow?: true;
}

export interface AliasNode extends Placed {
  readonly kind: 'alias';
  readonly name: string;
  readonly target: Node;
}

export type Node = ScalarNode | CollectionNode | AliasNode;

/** A document that the components refuse, in their words. */
export class Refused extends Error {
  readonly line: number | undefined;

  /** @param line counted from 0 */
  constructor(reason: string, line?: number) {
    super(reason);
    this.line = line;
  }
}
