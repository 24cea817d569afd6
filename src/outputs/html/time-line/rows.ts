// The rows of the time line: a certificate in words, and its bar.

import { millisecondsOf } from '../../../policy/timestamp.ts';
import type { SeenCertificate } from '../../../policy/certificates.ts';
import { dayElement, distanceText, timeElement } from '../ages.ts';
import { counted } from '../facts.ts';
import { code, html, isolated, type Html } from '../html.ts';
import { mark } from '../marks.ts';
import type { Standing } from '../../standing.ts';
import { nameList } from '../names.ts';
import { bar, type Span } from './bars.ts';
import { stateOfCertificate, type ExpiryState, type HeldCertificate } from './certificates-seen.ts';
import type { Scale } from './scale.ts';

/** The time that is now, and the scale; a row without it has no bar. */
interface RowPlace {
  readonly now: string;
  readonly scale: Scale | undefined;
}

const USES: Readonly<Record<SeenCertificate['use'], string>> = {
  client: 'client certificate of kube-apiserver',
  'client-issuer': 'CA beside the client certificate of kube-apiserver',
  'client-ca': 'client CA of the kubelet',
};

/** The word for each state that needs work. */
const WORDS: Readonly<Partial<Record<ExpiryState, readonly [as: Standing, word: string]>>> = {
  unreadable: ['unknown', 'DATE NOT READABLE'],
  never: ['fail', 'NEVER VALID'],
  expired: ['fail', 'EXPIRED'],
  'not-yet': ['fail', 'NOT YET VALID'],
  soon: ['unknown', 'EXPIRES SOON'],
};

/** A certificate, and who has it. */
export function certificateRow({ certificate, holders }: HeldCertificate, place: RowPlace): Html {
  const { use, path, subject, issuer, notBefore, notAfter } = certificate;
  const state = stateOfCertificate(certificate, millisecondsOf(place.now));
  const issued = subject === issuer ? html`issued by itself` : html`issued by ${isolated(issuer)}`;
  return html`<tbody class="item ${state}">
    <tr>
    <td rowspan="2">${expiry(notAfter, state, place.now)}</td>
    <th scope="row"><b>${isolated(subject)}</b> ${issued}, valid from ${dayElement(notBefore)}
    <br>${USES[use]} in ${code(path)}</th>
    <td rowspan="2" class="line">${barOf(place.scale, millisecondsOf(notBefore), millisecondsOf(notAfter))}</td>
    </tr>
    <tr><td>${holdersOf(holders)}</td></tr>
    </tbody>
    `;
}

/** The certificate of the webhook of this process. Only its end is known. */
export function servingRow({ notAfter }: { readonly notAfter: string }, place: RowPlace): Html {
  const state = stateOfCertificate({ notAfter }, millisecondsOf(place.now));
  return html`<tbody class="item ${state}"><tr>
    <td>${expiry(notAfter, state, place.now)}</td>
    <th scope="row"><b>Serving certificate</b> of the webhook of this process</th>
    <td class="line">${barOf(place.scale, millisecondsOf(place.now), millisecondsOf(notAfter))}</td>
    </tr></tbody>
    `;
}

function expiry(notAfter: string, state: ExpiryState, now: string): Html {
  const [as, word] = WORDS[state] ?? [];
  const distance = distanceText(notAfter, now);
  return html`${as !== undefined && html`<b class="${as}">${mark(as)} ${word}</b> `}${timeElement(notAfter)}${distance !== undefined && ` (${distance})`}`;
}

function holdersOf(holders: ReadonlySet<string>): Html {
  if (holders.size === 1) return html`on ${[...holders].map(isolated)}`;
  return html`<details open><summary>on ${counted(holders.size, 'subject', 'subjects')}</summary>
    ${nameList(holders)}</details>`;
}

function barOf(scale: Scale | undefined, from: number | undefined, to: number | undefined): Html | undefined {
  const span: Span | undefined = from === undefined || to === undefined ? undefined : { from, to };
  return scale && bar(scale, span);
}
