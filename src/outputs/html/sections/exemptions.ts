// Exemptions: what is exempt from which control, why, until when, and what each one exempts now.

import { millisecondsOf } from '../../../policy/timestamp.ts';
import { durationText, nowOf, SOON } from '../ages.ts';
import { endOfExemption, UsedExemptions, type UsedExemption } from '../exemptions/used-exemptions.ts';
import { counted } from '../facts.ts';
import { code, html, isolated, type Html } from '../html.ts';
import { mark } from '../marks.ts';
import type { Standing } from '../../standing.ts';
import { nameList } from '../names.ts';
import type { PageInput, Section } from '../section.ts';

/** Makes the section. */
export function exemptionsSection(input: PageInput): Section {
  const used = new UsedExemptions(input.head?.exemptions);
  return {
    add: (finding) => {
      used.add(finding);
    },
    render: () => render(used.sorted(), input),
  };
}

function render(exemptions: readonly UsedExemption[], input: PageInput): Html | undefined {
  if (exemptions.length === 0) return undefined;
  const now = millisecondsOf(nowOf(input));
  const states = exemptions.map((exemption) => stateOf(exemption, now));
  const counts = [
    [states.filter((state) => state === 'expired').length, 'expired'],
    [states.filter((state) => state === 'soon').length, 'within 30 days of expiry'],
    [exemptions.filter(({ count, isExpired }) => count === 0 && !isExpired).length, 'without a finding in this report'],
  ] as const;
  const parts = counts.filter(([count]) => count > 0).map(([count, words]) => `, ${count} ${words}`);
  return html`<section id="exemptions">
    <h2>Exemptions</h2>
    <p>${counted(exemptions.length, 'exemption', 'exemptions')}${parts}</p>
    ${exemptions.map((exemption, index) => block(exemption, states[index] ?? 'used', now))}
    </section>`;
}

type State = 'expired' | 'soon' | 'unused' | 'used';

function stateOf(exemption: UsedExemption, now: number | undefined): State {
  const end = endOfExemption(exemption);
  if (exemption.isExpired || (end !== undefined && now !== undefined && end <= now)) return 'expired';
  if (end !== undefined && now !== undefined && end - now <= SOON) return 'soon';
  return exemption.count === 0 ? 'unused' : 'used';
}

function block(exemption: UsedExemption, state: State, now: number | undefined): Html {
  const { control, subject, reason, count, names } = exemption;
  const title = html`${code(control)}${subject !== undefined && html` for ${code(subject)}`}`;
  return html`<article class="item exemption ${state}" data-result="exempt" data-control="${control}">
    <h3>${title}</h3>
    <p>${until(exemption, state, now)}</p>
    <p>Reason: ${isolated(reason)}</p>
    ${count === 0 ? html`<p>It exempts no finding of this report.</p>` : findingsOf(count, names)}
    </article>
    `;
}

/** The word for each state, and the result whose shape and color it has. */
const WORDS: Readonly<Record<State, readonly [as: Standing, word: string]>> = {
  expired: ['fail', 'EXPIRED'],
  soon: ['unknown', 'EXPIRES SOON'],
  unused: ['pass', 'NOT NEEDED NOW'],
  used: ['exempt', 'EXEMPT'],
};

function until(exemption: UsedExemption, state: State, now: number | undefined): Html {
  const { expires } = exemption;
  const end = endOfExemption(exemption);
  const day = expires === undefined ? html`an unknown day` : isolated(expires);
  const [as, word] = WORDS[state];
  const label = html`<b class="${as}">${mark(as)} ${word}</b>`;
  const distance = end === undefined || now === undefined ? undefined : durationText(Math.abs(end - now));
  if (state !== 'expired')
    return html`${label} It applies until ${day}${distance !== undefined && `, for ${distance} more`}.`;
  const ago = distance !== undefined && `, ${distance} ago`;
  return html`${label} It applied until ${day}${ago}. Renew or remove it.`;
}

function findingsOf(count: number, names: ReadonlySet<string>): Html {
  return html`<details open><summary>It exempts ${counted(count, 'finding', 'findings')}</summary>
    ${nameList(names)}</details>`;
}
