// Certificates: when each one that was seen expires, on a time line, and which subjects have it.

import { millisecondsOf } from '../../../policy/timestamp.ts';
import { nowOf } from '../ages.ts';
import { counted } from '../facts.ts';
import { code, html, type Html } from '../html.ts';
import type { PageInput, Section } from '../section.ts';
import { axis } from '../time-line/bars.ts';
import {
  CertificatesSeen,
  stateOfCertificate,
  type ExpiryState,
  type HeldCertificate,
} from '../time-line/certificates-seen.ts';
import { certificateRow, servingRow } from '../time-line/rows.ts';
import { scaleOf } from '../time-line/scale.ts';

/** So many certificates have a bar: those that expire first. */
const MOST_BARS = 20;

/** Makes the section. */
export function certificatesSection(input: PageInput): Section {
  const seen = new CertificatesSeen();
  return {
    add: (finding) => {
      seen.add(finding);
    },
    render: () => render(seen, input),
  };
}

function render(seen: CertificatesSeen, input: PageInput): Html | undefined {
  const held = seen.sorted();
  const serving = input.live?.servingCertificate;
  if (held.length === 0 && serving === undefined && input.head?.run.cluster === undefined) return undefined;
  return html`<section id="certificates">
    <h2>Certificates</h2>
    ${held.length === 0 ? input.head?.run.cluster !== undefined && noneSeen() : summary(held, input)}
    ${(held.length > 0 || serving !== undefined) && table(held, input)}
    ${seen.bundles().map(
      ([path, more]) => html`<p>${code(path)} has ${counted(more, 'more CA', 'more CAs')}, not listed here.</p>
      `,
    )}
    </section>`;
}

function noneSeen(): Html {
  return html`<p>No certificate file was read, so no dates are known. The node agent reads them on every node, and
    <code>kubelet-guard node</code> on one host.</p>`;
}

const SUMMARY: Readonly<Partial<Record<ExpiryState, string>>> = {
  unreadable: 'without a readable date',
  never: 'never valid',
  expired: 'expired',
  'not-yet': 'not yet valid',
  soon: 'within 30 days of expiry',
};

function summary(held: readonly HeldCertificate[], input: PageInput): Html {
  const now = millisecondsOf(nowOf(input));
  const states = held.map(({ certificate }) => stateOfCertificate(certificate, now));
  const parts = Object.entries(SUMMARY).flatMap(([state, words]) => {
    const count = states.filter((each) => each === state).length;
    return count === 0 ? [] : [`${count} ${words}`];
  });
  const rest = held.length > MOST_BARS ? `. The first ${MOST_BARS} have a bar on the time line` : '';
  return html`<p>${[counted(held.length, 'certificate', 'certificates'), ...parts].join(', ')}${rest}. The times on the scale are
    distances from ${input.live === undefined ? 'the end of the run' : 'now'}.</p>`;
}

function table(held: readonly HeldCertificate[], input: PageInput): Html {
  const time = nowOf(input);
  const now = millisecondsOf(time);
  const serving = input.live?.servingCertificate;
  const barred = held.slice(0, MOST_BARS).map(({ certificate }) => certificate);
  const times = [...barred.flatMap(({ notBefore, notAfter }) => [notBefore, notAfter]), serving?.notAfter]
    .map(millisecondsOf)
    .filter((each) => each !== undefined);
  const scale = now === undefined ? undefined : scaleOf(now, times);
  const rows = held.map((each, index) =>
    certificateRow(each, { now: time, scale: index < MOST_BARS ? scale : undefined }),
  );
  if (serving !== undefined) {
    const later = held.findIndex(({ certificate }) => certificate.notAfter > serving.notAfter);
    rows.splice(later === -1 ? rows.length : later, 0, servingRow(serving, { now: time, scale }));
  }
  return html`<table class="time-line">
    <thead>
    <tr><th scope="col">Expires</th><th scope="col">Certificate</th><td class="line">${scale && axis(scale)}</td></tr>
    </thead>
    ${rows}
    </table>`;
}
