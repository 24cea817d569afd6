// Finds the line of a value in a text, by its JSON Pointer.

import type { Origin } from '../../policy/reading.ts';
import type { Node } from './nodes.ts';

/**
 * Line of the innermost node on the pointer's way that exists, counted from 1.
 *
 * @param parse reads a text that is embedded in the document
 */
export function lineOf(
  root: Node,
  { pointer, within, lineWithin }: Origin,
  parse: (text: string) => Node | undefined,
): number | undefined {
  if (pointer === undefined) return undefined;
  const { node, line } = follow(root, pointer);
  if (node?.kind !== 'scalar' || node.block !== true) return line + 1;
  if (lineWithin !== undefined) return node.line + 1 + lineWithin;
  if (within === undefined) return line + 1;
  const inner = parse(node.value);
  return inner === undefined ? line + 1 : node.line + 1 + follow(inner, within).line + 1;
}

function follow(root: Node, pointer: string): { readonly node: Node | undefined; readonly line: number } {
  let node: Node | undefined = root;
  let { line } = root;
  for (const segment of pointer.split('/').slice(1)) {
    const found = childOf(node, segment.replaceAll('~1', '/').replaceAll('~0', '~'));
    if (found === undefined) break;
    ({ line } = found.place);
    node = found.child;
  }
  return { node, line };
}

function childOf(
  node: Node | undefined,
  name: string,
): { readonly place: Node; readonly child: Node | undefined } | undefined {
  if (node?.kind === 'sequence') {
    const child = node.children[Number(name)];
    return child && { place: child, child };
  }
  if (node?.kind !== 'mapping') return undefined;
  const index = node.children.findLastIndex((key, at) => at % 2 === 0 && key.kind === 'scalar' && key.value === name);
  const key = node.children[index];
  return key && { place: key, child: node.children[index + 1] };
}
