// The ids of blocks, which links name: from what their findings say, so that they stay the same over sweeps.

import type { PageInput } from '../section.ts';
import type { Block, Kind } from './blocks.ts';

type Digest = PageInput['context']['digest'];

/** The id of a block of one kind of findings, or of several that share it. */
export function blockId(kinds: readonly Pick<Kind, 'key'>[], digest: Digest): string {
  return `f-${digest(kinds.map(({ key }) => key).join('\n')).slice(0, 12)}`;
}

/** The ids of a page. Each kind has one, wherever its findings are. */
export class BlockIds {
  readonly #digest: Digest;
  readonly #used: Set<Kind>;

  constructor(blocks: readonly Block[], digest: Digest) {
    this.#digest = digest;
    this.#used = new Set(blocks.flatMap(({ kinds }) => (kinds.length === 1 ? kinds : [])));
  }

  of(kinds: readonly Kind[]): string {
    return blockId(kinds, this.#digest);
  }

  /** The id of a kind inside a block that it shares; undefined if another place has it. */
  inside(kind: Kind): string | undefined {
    if (this.#used.has(kind)) return undefined;
    this.#used.add(kind);
    return this.of([kind]);
  }
}
