// The findings: what failed or is unknown first, with its evidence, and how to fix it.

import { renderBlock } from '../findings/block.ts';
import { PageBlocks } from '../findings/blocks.ts';
import { BlockIds } from '../findings/ids.ts';
import { PageRemedies } from '../findings/remedies.ts';
import { html, type Html } from '../html.ts';
import type { PageInput, Section } from '../section.ts';

/** Makes the section. */
export function findingsSection({ context: { controls, digest } }: PageInput): Section {
  const blocks = new PageBlocks({ joins: true });
  return {
    add: (finding) => {
      blocks.add(finding);
    },
    render: () => {
      const sorted = blocks.sorted();
      if (sorted.length === 0) return undefined;
      const bySlug = new Map(controls.map((control) => [control.slug, control]));
      const deps = { controls: bySlug, ids: new BlockIds(sorted, digest), remedies: new PageRemedies(digest) };
      const parts: Html[] = sorted.map((block) => renderBlock(block, deps));
      return html`<section id="findings">
        <h2>Findings</h2>
        ${parts}
      </section>`;
    },
  };
}
