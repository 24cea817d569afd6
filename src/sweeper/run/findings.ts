import type { Finding } from '../../policy/finding.ts';
import type { Source } from '../../policy/reading.ts';

/** The findings of a run. What nodes have in common is kept once: thousands of them differ in nothing but their names. */
export interface Ledger {
  /** Notes the findings that are about no node. */
  readonly add: (findings: readonly Finding[]) => void;
  readonly addNode: (node: string, findings: readonly Finding[]) => void;
  /** All findings, one after the other, those that are about no node first. */
  readonly findings: () => Iterable<Finding>;
  readonly hasNode: (node: string) => boolean;
}

/** Opens a ledger. */
export function openLedger(): Ledger {
  const general: Finding[] = [];
  const shapes = new Map<string, readonly Finding[]>();
  const nodes = new Map<string, readonly Finding[]>();
  return {
    add: (findings) => {
      general.push(...findings);
    },
    addNode: (node, findings) => {
      const key = JSON.stringify(findings.map((finding) => shapeOf(finding, node)));
      const shape = shapes.get(key) ?? findings;
      shapes.set(key, shape);
      nodes.set(node, shape);
    },
    *findings() {
      yield* general;
      for (const [node, shape] of nodes) for (const finding of shape) yield renamed(finding, node);
    },
    hasNode: (node) => nodes.has(node),
  };
}

/** A finding without what only names its node, and with its control by name. */
function shapeOf({ control, subject, source, others, ...rest }: Finding, node: string): unknown {
  return [
    control.slug,
    { ...subject, name: subject.name === node, node: subject.node === node },
    withoutNode(source, node),
    others?.map(({ source: place, ...other }) => [other, withoutNode(place, node)]),
    rest,
  ];
}

function withoutNode(source: Source, node: string): unknown {
  return 'node' in source && source.node === node ? { via: source.via } : source;
}

function renamed(finding: Finding, node: string): Finding {
  const { subject, source, others } = finding;
  if (subject.name === node) return finding;
  const name = (old: Source): Source => ('node' in old && old.node === subject.name ? { ...old, node } : old);
  return {
    ...finding,
    subject: { ...subject, name: node, node },
    source: name(source),
    ...(others && { others: others.map((other) => ({ ...other, source: name(other.source) })) }),
  };
}
