// The findings: what failed or is unknown first, with its evidence, and how to fix it.

import { html, isolated, type Html } from '../html.ts';
import { subjectOf } from '../../text/names.ts';
import { shownResultOf } from '../../shown-result.ts';
import type { PageInput, Section } from '../section.ts';

/** Makes the section. */
export function findingsSection(_input: PageInput): Section {
  const items: Html[] = [];
  return {
    add: (finding) => {
      const result = shownResultOf(finding);
      items.push(
        html`<article class="finding ${result}" data-result="${result}" data-control="${finding.control}">
          <h3>${isolated(subjectOf(finding))}</h3>
        </article> `,
      );
    },
    render: () =>
      items.length === 0
        ? undefined
        : html`<section id="findings">
            <h2>Findings</h2>
            ${items}
          </section>`,
  };
}
