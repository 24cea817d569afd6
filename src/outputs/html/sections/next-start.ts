// What the next start of processes brings: their files were changed after they were started.

import { compareTexts } from '../../text/natural.ts';
import { isListed } from '../../shown-result.ts';
import { PageBlocks, type Block } from '../findings/blocks.ts';
import { changesOf } from '../findings/evidence.ts';
import { driftOfMember, rangeOf, subjectsLink } from '../findings/rows.ts';
import { Wording } from '../findings/wording.ts';
import { html, type Html } from '../html.ts';
import { resultWord } from '../marks.ts';
import type { PageInput, Section } from '../section.ts';

/** Makes the section. */
export function nextStartSection({ head, context: { digest } }: PageInput): Section {
  const results = head?.run.selection?.results;
  const blocks = new PageBlocks({ joins: false });
  return {
    add: (finding) => {
      const isPending = finding.otherEvidence?.some(({ pending }) => pending) === true;
      if (isPending && isListed(finding, results)) blocks.add(finding);
    },
    render: () => {
      const rows = blocks.sorted().flatMap((block) => rowsOf(block, digest));
      if (rows.length === 0) return undefined;
      return html`<section id="next-start">
        <h2>Next start</h2>
        <p>The files of these processes have changed since they started. They use the new settings after their next start.</p>
        <div class="scroll"><table class="rows">
          <thead><tr><th scope="col">Then</th><th scope="col">Subjects</th><th scope="col">What changes</th><th scope="col">Control</th><th scope="col">Since</th></tr></thead>
          <tbody>${rows.sort((a, b) => compareTexts(a.result, b.result)).map(({ row }) => row)}</tbody>
        </table></div>
      </section>`;
    },
  };
}

interface Row {
  readonly result: string;
  readonly row: Html;
}

function rowsOf({ kinds: [kind], members }: Block, digest: PageInput['context']['digest']): readonly Row[] {
  const wording = new Wording(kind);
  const pending = members.flatMap((member) => {
    const drift = driftOfMember(member);
    return drift?.state === 'pending' ? [drift.since] : [];
  });
  const { first } = kind;
  return (first.otherEvidence ?? [])
    .filter((other) => other.pending)
    .map((next) => ({
      result: next.result,
      row: html`<tr>
        <td>${resultWord(next.result)}</td>
        <td>${subjectsLink(kind, members, digest)}</td>
        <td><ul>${changesOf(first, next, wording).map((change) => html`<li>${change}</li>`)}</ul></td>
        <td><code>${first.control}</code></td>
        <td>${rangeOf(pending)}</td>
      </tr>
      `,
    }));
}
