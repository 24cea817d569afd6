// The facts of the picture as text: tables of the kube-apiservers and the CAs, and lists of the kubelets.

import { CLIENT_CA_CONTROL, CLIENT_CERTIFICATE_CONTROL } from '../../../policy/link/link.ts';
import { escapeForTerminal } from '../../printable.ts';
import { sortNatural } from '../../text/natural.ts';
import { code, html, isolated, type Html } from '../html.ts';
import { resultWord } from '../marks.ts';
import { acceptedByText, issuedText, type PictureIds } from './items.ts';
import type { Accepted } from './ends.ts';
import type { ApiServerGroup, KubeletGroup, Picture } from './model.ts';
import { acceptedText, ISSUER_NOT_SHOWN, presentedText } from './words.ts';

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
  const fact = acceptedText(group);
  return html`<details open class="item kubelets ${standing}" id="${ids.group(group)}" data-result="${standing}" data-control="${CLIENT_CA_CONTROL}"${pool !== undefined && html` data-pool="${pool}"`}>
    <summary>${resultWord(group.standing)} <b>${names.length} ${noun}</b>${pool !== undefined && html` of pool ${isolated(pool)}`}${fact !== undefined && `, ${fact}`}</summary>
    ${accepts(group.accepted)}
    ${namesList(names)}
    </details>
    `;
}

function accepts(accepted: Accepted): Html | undefined {
  switch (accepted.kind) {
    case 'names': {
      const { names, more } = accepted;
      return html`<p>accepted CAs: ${names.map((name, index) => html`${index > 0 && '; '}${isolated(name)}`)}${more > 0 && ` and ${more} more`}</p>`;
    }
    case 'file':
      return html`<p>accepted CAs: those of the file ${code(accepted.path)}, whose names are not shown</p>`;
    default:
      return undefined;
  }
}

/** Each name leads to everything on the page that names it. */
function namesList(names: readonly string[]): Html {
  return html`<ul class="names">${sortNatural(names).map(
    (name) => html`<li><bdi><a href="#q=${encodeURIComponent(escapeForTerminal(name))}">${name}</a></bdi></li>`,
  )}</ul>`;
}
