// Drift: what is new, what persists, and what is resolved, with the newest change first.

import { compareTexts } from '../../text/natural.ts';
import { isListed } from '../../shown-result.ts';
import { PageBlocks, type Block, type Member } from '../findings/blocks.ts';
import { driftOfMember, rangeOf, subjectsLink } from '../findings/rows.ts';
import { html, type Html } from '../html.ts';
import { resultWord } from '../marks.ts';
import type { PageInput, Section } from '../section.ts';

const STATES = ['new', 'persisting', 'resolved'] as const;

/** Makes the section. */
export function driftSection({ head, context: { digest } }: PageInput): Section {
  const results = head?.run.selection?.results;
  const blocks = new PageBlocks({ joins: false });
  return {
    add: (finding) => {
      const { drift } = finding;
      if (drift !== undefined && drift.state !== 'pending' && isListed(finding, results)) blocks.add(finding);
    },
    render: () => {
      const rows = blocks.sorted().flatMap((block) => rowsOf(block, digest));
      if (rows.length === 0) return undefined;
      const counts = STATES.map((state) => {
        const count = rows.reduce((sum, row) => sum + (row.state === state ? row.count : 0), 0);
        return html`<li><b>${count}</b> ${state}</li>`;
      });
      return html`<section id="drift">
        <h2>Drift</h2>
        <ul class="counts">${counts}</ul>
        <div class="scroll"><table class="rows">
          <thead><tr><th scope="col">Since</th><th scope="col">Drift</th><th scope="col">Result</th><th scope="col">Subjects</th><th scope="col">Control</th></tr></thead>
          <tbody>${rows.sort((a, b) => compareTexts(b.latest, a.latest)).map(({ row }) => row)}</tbody>
        </table></div>
      </section>`;
    },
  };
}

interface Row {
  readonly state: string;
  readonly count: number;
  readonly latest: string;
  readonly row: Html;
}

/** A row for each state that subjects of the block are in. */
function rowsOf({ kinds: [kind], members }: Block, digest: PageInput['context']['digest']): readonly Row[] {
  return STATES.flatMap((state) => {
    const times: string[] = [];
    const changed = members.filter((member: Member) => {
      const drift = driftOfMember(member);
      if (drift?.state !== state) return false;
      times.push(drift.since);
      return true;
    });
    if (changed.length === 0) return [];
    const row = html`<tr>
      <td>${rangeOf(times)}</td>
      <td>${state}</td>
      <td>${resultWord(kind.result)}</td>
      <td>${subjectsLink(kind, changed, digest)}</td>
      <td><code>${kind.first.control}</code></td>
    </tr>
    `;
    return [{ state, count: changed.length, latest: times.toSorted().at(-1) ?? '', row }];
  });
}
