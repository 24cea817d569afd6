// The tree of one document while a parser builds it.

import type { Budget } from '../budget.ts';
import { Refused, type CollectionNode, type Node, type ScalarNode } from './nodes.ts';

export class NodeTree {
  readonly #budget: Budget;
  readonly #anchors = new Map<string, Node>();
  readonly #open: CollectionNode[] = [];
  #root: Node | undefined;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  get root(): Node | undefined {
    return this.#root;
  }

  scalar(node: ScalarNode, anchor?: string): void {
    this.#add(node, anchor);
  }

  /** An alias means the last anchor of its name that stands before it. */
  alias(name: string, line: number): void {
    const target = this.#anchors.get(name);
    if (target === undefined) throw new Refused(`unknown anchor '${name}' referenced`, line);
    this.#add({ kind: 'alias', name, target, line });
  }

  begin(node: CollectionNode, anchor?: string): void {
    this.#add(node, anchor);
    this.#open.push(node);
    this.#budget.level(this.#open.length);
  }

  end(): void {
    this.#open.pop();
  }

  #add(node: Node, anchor?: string): void {
    this.#budget.nodes();
    if (anchor !== undefined) this.#anchors.set(anchor, node);
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#root = node;
    else parent.children.push(node);
  }
}
