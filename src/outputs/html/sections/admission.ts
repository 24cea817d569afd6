// Admission: what the webhook of this process decided in the last hour.

import { distanceText, timeElement } from '../ages.ts';
import { counted } from '../facts.ts';
import { code, html, isolated, type Html } from '../html.ts';
import type { AdmissionEntry, AdmissionHistory, LiveState } from '../live.ts';
import { mark } from '../marks.ts';
import type { Standing } from '../../standing.ts';
import type { PageInput, Section } from '../section.ts';

/** The word for each verdict, and the result whose shape and color it has. */
const VERDICTS: Readonly<Record<AdmissionEntry['verdict'], readonly [word: string, as: Standing, counted: string]>> = {
  deny: ['DENIED', 'fail', 'denied'],
  warn: ['ALLOWED with warnings', 'unknown', 'allowed with warnings'],
  unchecked: ['NOT CHECKED', 'unknown', 'not checked'],
  allow: ['ALLOWED', 'pass', 'allowed'],
  skip: ['SKIPPED', 'exempt', 'skipped: no checked object'],
};
const ORDER = ['deny', 'warn', 'unchecked', 'allow', 'skip'] as const;

/** Makes the section. Only a running `serve` has decisions. */
export function admissionSection({ live }: PageInput): Section {
  return { render: () => (live === undefined ? undefined : render(live)) };
}

function render({ admission, now }: LiveState): Html {
  return html`<section id="admission">
    <h2>Admission</h2>
    ${admission === undefined ? elsewhere() : history(admission, now)}
    </section>`;
}

function elsewhere(): Html {
  return html`<p>This process has no webhook. Each pod of the Deployment <code>kubelet-guard</code> has a page with its own decisions
    of the last hour:</p>
    <pre><code>kubectl --namespace kubelet-guard port-forward deployment/kubelet-guard 8080</code></pre>`;
}

function history({ since, counts, decisions, leftOut }: AdmissionHistory, now: string): Html {
  return html`<p>Reviews of this process since ${timeElement(since)}, without dry runs:</p>
    <ul class="counts">
    ${ORDER.map(
      (
        verdict,
      ) => html`<li data-count="${counts[verdict]}" class="${VERDICTS[verdict][1]}"><b>${counts[verdict]}</b> ${VERDICTS[verdict][2]}</li>
      `,
    )}
    </ul>
    ${decisions.length === 0 ? html`<p>No change had a finding or an exemption.</p>` : table(decisions, now)}
    ${leftOut > 0 && html`<p>${counted(leftOut, 'older entry is', 'older entries are')} left out.</p>`}`;
}

function table(decisions: readonly AdmissionEntry[], now: string): Html {
  return html`<table class="rows">
    <caption>Changes with findings or exemptions, the newest first</caption>
    <thead><tr><th scope="col">Decision</th><th scope="col">Last</th><th scope="col">Change</th><th scope="col">User</th><th scope="col">Why</th></tr></thead>
    <tbody>
    ${decisions.map((entry) => row(entry, now))}
    </tbody></table>`;
}

function row(
  { verdict, first, last, count, user, operation, resource, namespace, name, reasons }: AdmissionEntry,
  now: string,
): Html {
  const [word, result] = VERDICTS[verdict];
  const age = distanceText(last, now);
  return html`<tr>
    <th scope="row"><b class="${result}">${mark(result)} ${word}</b></th>
    <td>${timeElement(last)}${age !== undefined && ` (${age})`}${count > 1 && html`, ${count} times since ${timeElement(first)}`}</td>
    <td>${isolated(operation)} ${isolated(resource)} ${code(namespace === '' ? name : `${namespace}/${name}`)}</td>
    <td>${isolated(user)}</td>
    <td>${
      reasons.length > 0 &&
      html`<ul>${reasons.map(
        (reason) => html`<li><bdi>${reason}</bdi></li>
      `,
      )}</ul>`
    }</td>
    </tr>
    `;
}
