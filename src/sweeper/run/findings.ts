// The findings of a sweep. Nodes with the same findings share one list: thousands of nodes differ only in their names.

import type { Finding } from '../../policy/finding.ts';
import type { Source } from '../../policy/reading.ts';

/** The findings of a sweep, in little memory. */
export class SweepFindings {
  readonly #general: Finding[] = [];
  readonly #shared = new Map<string, readonly Finding[]>();
  readonly #nodes = new Map<string, readonly Finding[]>();

  /** Adds findings that belong to no node. */
  add(findings: readonly Finding[]): void {
    this.#general.push(...findings);
  }

  /** Adds all findings of a node. */
  addNode(node: string, findings: readonly Finding[]): void {
    const key = JSON.stringify(findings.map((finding) => withoutName(finding, node)));
    const shared = this.#shared.get(key) ?? findings;
    this.#shared.set(key, shared);
    this.#nodes.set(node, shared);
  }

  /** Gives all findings one by one, those that belong to no node first. */
  *all(): Generator<Finding> {
    yield* this.#general;
    for (const [node, shared] of this.#nodes) for (const finding of shared) yield renamed(finding, node);
  }

  hasNode(node: string): boolean {
    return this.#nodes.has(node);
  }
}

/** Gives a finding without the name of its node, and with the slug of its control. */
function withoutName({ control, subject, source, others, ...rest }: Finding, node: string): unknown {
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
