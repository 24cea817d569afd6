// One block of findings: the result, whom it is about, what is wrong, what it is based on, and how to fix it.

import type { ControlMetadata } from '../../../policy/control.ts';
import type { ReportedFinding } from '../../guard-report.ts';
import { nounOf } from '../../text/names.ts';
import { html, isolated, type Html } from '../html.ts';
import { dayElement, timeElement } from '../ages.ts';
import { resultWord } from '../marks.ts';
import type { Block, Kind, Member } from './blocks.ts';
import { deciding, evidenceRows, evidenceTable, hasValues } from './evidence.ts';
import type { BlockIds } from './ids.ts';
import { faultList, withCommas } from './faults.ts';
import type { PageRemedies } from './remedies.ts';
import { ownWordsOf, Wording } from './wording.ts';

/** What the blocks of a page share. */
export interface BlockDeps {
  readonly controls: ReadonlyMap<string, ControlMetadata>;
  readonly ids: BlockIds;
  readonly remedies: PageRemedies;
}

/** So many names stand beside the heading. Others are a list that can be closed. */
const FEW = 5;

/** Renders a block. */
export function renderBlock({ kinds, members }: Block, deps: BlockDeps): Html {
  const [{ result, first }] = kinds;
  const wordings = kinds.map((kind) => new Wording(kind));
  const slugs = [...new Set(kinds.map((kind) => kind.first.control))];
  const pools = [...new Set(members.flatMap(({ pool }) => (pool === undefined ? [] : [pool])))].sort();
  const id = deps.ids.of(kinds);
  const count = `${members.length} ${nounOf(first.subject, members.length)}`;
  const names = nameList(members, wordings);
  const isShort = members.length <= FEW;
  return html`<article class="item finding ${result}" id="${id}" data-result="${result}" data-control="${slugs.join(' ')}"${
    pools.length > 0 && html` data-pool="${pools.join(' ')}"`
  }>
    <header><h3>${resultWord(result)} <a href="#${id}">${count}</a></h3>${isShort && names}</header>
    ${kinds.length === 1 ? single(kinds[0], wordings[0] ?? new Wording(kinds[0]), deps) : joined(kinds, wordings, deps)}
    ${!isShort && html`<details class="subjects" open><summary>${count}</summary>${names}</details>`}
  </article>
  `;
}

function single(kind: Kind, wording: Wording, deps: BlockDeps): Html {
  const { first } = kind;
  return html`<p class="about">${aboutOf(kind, wording, deps)}</p>
    ${faultList(first, wording)}
    ${exemptionOf(first)}
    ${
      hasValues(first)
        ? evidenceTable([html`<tbody>${evidenceRows(first, wording)}</tbody>`])
        : html`<p class="about">${deciding(first, wording)}</p>`
    }
    ${deps.remedies.render(first)}`;
}

/** Passes of several controls, or what several controls do not know for one reason. */
function joined(kinds: Block['kinds'], wordings: readonly Wording[], deps: BlockDeps): Html {
  const [{ first, result }] = kinds;
  const [wording = new Wording(kinds[0])] = wordings;
  const abouts = kinds.map((kind, at) => {
    const id = deps.ids.inside(kind);
    return { id: id !== undefined && html` id="${id}"`, about: aboutOf(kind, wordings[at] ?? wording, deps) };
  });
  if (result !== 'pass') {
    return html`${abouts.map(
      ({ id, about }) => html`<p class="about"${id}>${about}</p>
        `,
    )}
      ${faultList(first, wording)}
      ${exemptionOf(first)}
      <p class="about">${deciding(first, wording)}</p>`;
  }
  const bodies = abouts.map(({ id, about }, at) => {
    const [kind, own] = [kinds[at] ?? kinds[0], wordings[at] ?? wording];
    return html`<tbody><tr class="control"><th colspan="5" scope="rowgroup"${id}>${about}</th></tr>
      ${evidenceRows(kind.first, own)}</tbody>`;
  });
  return evidenceTable(bodies);
}

/** The control, its benchmark ids, what it is about, and since when. */
function aboutOf({ first }: Kind, wording: Wording, { controls }: BlockDeps): Html {
  const { control, references, drift } = first;
  const title = wording.shared(0);
  const known = controls.get(control);
  const parts = [
    html`<code>${control}</code>`,
    ...(known === undefined ? [] : [html`<span>${known.title}</span>`]),
    ...references.map((reference) => html`<span class="reference">${reference}</span>`),
    ...(title === undefined ? [] : [html`<span class="title">${isolated(title)}</span>`]),
    ...(drift === undefined || wording.shared(1) === undefined
      ? []
      : [html`<span class="drift">${drift.state} since ${timeElement(drift.since)}</span>`]),
  ];
  return html`${parts.map((part, at) => (at === 0 ? part : html` \u00b7 ${part}`))}`;
}

function exemptionOf({ exempted }: ReportedFinding): Html | undefined {
  if (exempted === undefined) return undefined;
  const { reason, expires } = exempted;
  return html`<p class="exemption">exempt${expires !== undefined && html` until ${dayElement(expires)}`}: ${isolated(reason)}</p>`;
}

/** All names, each with what differs from subject to subject. */
function nameList(members: readonly Member[], wordings: readonly Wording[]): Html {
  return html`<ul class="names">${members.map((member) => {
    const own = ownWordsOf(member, wordings);
    return html`<li>${isolated(member.name)}${own.length > 0 && html` <small>${withCommas(own.map(isolated))}</small>`}</li>`;
  })}</ul>`;
}
