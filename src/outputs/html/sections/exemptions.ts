// Exemptions: what is exempt from which control, why, until when, and what each one exempts now.

import { sortNatural } from '../../text/natural.ts';
import { millisecondsOf } from '../../../policy/timestamp.ts';
import { durationText, nowOf, SOON } from '../ages.ts';
import { endOfExemption, UsedExemptions, type UsedExemption } from '../exemptions/used-exemptions.ts';
import { counted } from '../facts.ts';
import { code, html, isolated, type Html } from '../html.ts';
import { mark } from '../marks.ts';
import type { PageInput, Section } from '../section.ts';

/** Makes the section. */
export function exemptionsSection(input: PageInput): Section {
  const used = new UsedExemptions(input.head);
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
  const parts = [
    counted(exemptions.length, 'exemption', 'exemptions'),
    ...(['expired', 'soon', 'unused'] as const).flatMap((state) => {
      const count = states.filter((each) => each === state).length;
      return count === 0 ? [] : [`${count} ${SUMMARY[state]}`];
    }),
  ];
  return html`<section id="exemptions">
    <h2>Exemptions</h2>
    <p>${parts.join(', ')}</p>
    ${exemptions.map((exemption, index) => block(exemption, states[index] ?? 'used', now))}
    </section>`;
}

type State = 'expired' | 'soon' | 'unused' | 'used';

const SUMMARY = {
  expired: 'expired',
  soon: 'that end within 30 days',
  unused: 'without a finding in this report',
} as const;

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
    ${count === 0 ? html`<p>It exempts no finding of this report.${state === 'unused' && ' If that stays so, remove it.'}</p>` : findingsOf(count, names)}
    </article>
    `;
}

function until(exemption: UsedExemption, state: State, now: number | undefined): Html {
  const { expires } = exemption;
  const end = endOfExemption(exemption);
  const day = expires === undefined ? html`an unknown day` : html`<time>${expires}</time>`;
  const distance =
    end === undefined || now === undefined
      ? ''
      : end <= now
        ? `, ${durationText(now - end)} ago`
        : `, for ${durationText(end - now)} more`;
  if (state === 'expired')
    return html`<b class="fail">${mark('fail')} EXPIRED</b> It applied until ${day}${distance}. Renew or remove it.`;
  const word =
    state === 'soon'
      ? html`<b class="unknown">${mark('unknown')} ENDS SOON</b> `
      : html`<b class="exempt">${mark('exempt')} EXEMPT</b> `;
  return html`${word}It applies until ${day}${distance}.`;
}

function findingsOf(count: number, names: ReadonlySet<string>): Html {
  return html`<details open><summary>It exempts ${counted(count, 'finding', 'findings')}</summary>
    <ul class="names">
    ${sortNatural([...names]).map(
      (name) => html`<li><bdi>${name}</bdi></li>
      `,
    )}
    </ul></details>`;
}
