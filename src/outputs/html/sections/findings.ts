// The findings: what failed or is unknown first, with its evidence, and how to fix it.

import { renderBlock } from '../findings/block.ts';
import { PageBlocks } from '../findings/blocks.ts';
import { BlockIds } from '../findings/ids.ts';
import { PageRemedies } from '../findings/remedies.ts';
import { isListed } from '../../shown-result.ts';
import { html, type Html } from '../html.ts';
import type { PageInput, Section } from '../section.ts';

/** Makes the section. */
export function findingsSection({ head, context: { controls, digest } }: PageInput): Section {
  const results = head?.run.selection?.results;
  let notListed = 0;
  const blocks = new PageBlocks({ joins: true });
  return {
    add: (finding) => {
      if (isListed(finding, results)) blocks.add(finding);
      else notListed += 1;
    },
    render: () => {
      const sorted = blocks.sorted();
      if (sorted.length + notListed === 0) return undefined;
      const bySlug = new Map(controls.map((control) => [control.slug, control]));
      const deps = { controls: bySlug, ids: new BlockIds(sorted, digest), remedies: new PageRemedies(digest) };
      const parts: Html[] = sorted.map((block) => renderBlock(block, deps));
      return html`<section id="findings">
        <h2>Findings</h2>
        ${results !== undefined && html`<p class="part">Only findings with the result ${results.join(', ')} are listed. ${notListed} more are not listed.</p>`}
        ${parts}
      </section>`;
    },
  };
}
