// The facts of the picture as text: tables of the kube-apiservers and the CAs, and lists of the kubelets.

import { CLIENT_CA_CONTROL, CLIENT_CERTIFICATE_CONTROL } from '../../../policy/link/link.ts';
import { escapeForTerminal } from '../../printable.ts';
import { sortNatural } from '../../text/natural.ts';
import { code, html, isolated, type Html } from '../html.ts';
import { resultWord } from '../marks.ts';
import { acceptedByText, issuedText, type PictureIds } from './items.ts';
import type { Accepted } from './ends.ts';
import type { ApiServerGroup, KubeletGroup, Picture } from './model.ts';
import { ISSUER_NOT_SHOWN, presentedText } from './words.ts';

/** The table of the kube-apiservers: what each presents. */
export function apiServerTable(groups: readonly ApiServerGroup[], ids: PictureIds, id: string): Html {
  return html`<table id="${id}">
    <thead><tr><th scope="col">kube-apiserver</th><th scope="col">Result</th><th scope="col">Presents</th></tr></thead>
    <tbody>
    ${groups.map(
      (
        group,
      ) => html`<tr class="item ${group.standing}" id="${ids.group(group)}" data-result="${group.standing}" data-control="${CLIENT_CERTIFICATE_CONTROL}">
        <td>${namesList(group.names)}</td><td>${resultWord(group.standing)}</td><td>${presents(group)}</td></tr>
        `,
    )}</tbody>
    </table>`;
}

function presents(group: ApiServerGroup): Html | string {
  const { presented } = group;
  if (presented?.kind === 'file') return html`${code(presented.path)}; ${ISSUER_NOT_SHOWN}`;
  if (presented?.kind !== 'certificate') return presentedText(group);
  return html`${isolated(presented.subject)}, issued by ${presented.issuers.map((name, index) => html`${index > 0 && ', which was issued by '}${isolated(name)}`)}`;
}

/** The table of the CAs: whose certificates they issued, and who accepts them. */
export function authorityTable(picture: Picture, ids: PictureIds, id: string): Html {
  return html`<table id="${id}">
    <thead><tr><th scope="col">CA</th><th scope="col">Issued</th><th scope="col">Accepted</th></tr></thead>
    <tbody>
    ${picture.authorities.map(
      (
        authority,
      ) => html`<tr id="${ids.authority(authority)}"><td>${authority.kind === 'file' ? html`file ${code(authority.name)}, names not shown` : isolated(authority.name)}</td>
        <td>${issuedText(authority.issuedTo, picture) ?? 'not shown'}</td><td>${acceptedByText(authority.acceptedBy, picture) ?? 'not shown'}</td></tr>
        `,
    )}</tbody>
    </table>`;
}

/** A group of kubelets with all names. */
export function kubeletList(group: KubeletGroup, ids: PictureIds): Html {
  const { standing, names, pool, isDeclared } = group;
  const noun = `kubelet${isDeclared ? ' configuration' : ''}${names.length === 1 ? '' : 's'}`;
  return html`<details open class="item kubelets ${standing}" id="${ids.group(group)}" data-result="${standing}" data-control="${CLIENT_CA_CONTROL}"${pool !== undefined && html` data-pool="${pool}"`}>
    <summary>${resultWord(standing)} <b>${names.length} ${noun}</b>${pool !== undefined && html` of pool ${isolated(pool)}`}${accepts(group)}</summary>
    ${manyNames(group.accepted)}
    ${namesList(names)}
    </details>
    `;
}

/** So many names of CAs are in the line of a group. */
const FEW = 3;

function accepts({ accepted, isMismatch, isNextUnknown, names: kubelets }: KubeletGroup): Html {
  const verb = kubelets.length === 1 ? 'accepts' : 'accept';
  return html`${acceptsWhat(accepted, verb)}${isMismatch && '; no kube-apiserver shown here has a certificate of them'}${isNextUnknown && '; whether the next start passes is unknown'}`;
}

function acceptsWhat(accepted: Accepted, verb: string): Html {
  switch (accepted.kind) {
    case 'names': {
      const { names, more } = accepted;
      if (names.length > FEW) return html`, ${verb} ${names.length + more} CAs`;
      return html`, ${verb} ${names.map((name, index) => html`${index > 0 && ' and '}${isolated(name)}`)}`;
    }
    case 'file':
      return html`, ${verb} the CAs in ${code(accepted.path)}, whose names are not shown`;
    case 'nothing':
      return html`, ${verb === 'accept' ? 'ask' : 'asks'} for no client certificate`;
    case 'unknown':
      return html`, accepted CAs not shown`;
  }
}

function manyNames(accepted: Accepted): Html | undefined {
  if (accepted.kind !== 'names' || accepted.names.length <= FEW) return undefined;
  const { names, more } = accepted;
  return html`<p>CAs: ${names.map((name, index) => html`${index > 0 && '; '}${isolated(name)}`)}${more > 0 && ` and ${more} more`}</p>`;
}

/** A longer name is no link: thousands of them would double the size of the page. */
const LONGEST_LINK = 100;

/** Each name leads to everything on the page that names it. */
function namesList(names: readonly string[]): Html {
  return html`<ul class="names">${sortNatural(names).map((name) =>
    name.length > LONGEST_LINK
      ? html`<li>${isolated(name)}</li>`
      : html`<li><bdi><a href="#q=${encodeURIComponent(escapeForTerminal(name))}">${name}</a></bdi></li>`,
  )}</ul>`;
}
