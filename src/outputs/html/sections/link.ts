// The link between kube-apiservers and kubelets: its verdict in a sentence, the picture of it, and the same facts as tables.

import type { ReportHead } from '../../guard-report.ts';
import { apiServersText, asksText, callsText, kubeletsText, presentsText } from '../../text/link-text.ts';
import { diagramOf } from '../picture/diagram.ts';
import { API_SERVER_LIST, AUTHORITY_LIST, PictureIds, unlistedItem } from '../picture/items.ts';
import { PictureModel, type Group, type Picture } from '../picture/model.ts';
import { stackedDrawing } from '../picture/stacked.ts';
import { svgOf } from '../picture/svg.ts';
import { apiServerTable, authorityTable } from '../picture/tables.ts';
import { wideDrawing, type Headings } from '../picture/wide.ts';
import { html, type Html } from '../html.ts';
import { resultWord } from '../marks.ts';
import type { PageInput, Section } from '../section.ts';

/** Makes the section. */
export function linkSection({ head, context }: PageInput): Section {
  if (head === undefined) return { render: () => undefined };
  const model = new PictureModel(head);
  return {
    add: (finding) => {
      model.add(finding);
    },
    render: () => render(model.result(), head, new PictureIds(context)),
  };
}

function render(picture: Picture, head: ReportHead, ids: PictureIds): Html | undefined {
  const { apiServers, kubelets, authorities } = picture;
  if (head.link === undefined && apiServers.length === 0 && kubelets.length === 0) return undefined;
  const sentences = sentencesOf(picture, head);
  const diagram = diagramOf(picture, head, ids);
  const headings = headingsOf(picture);
  const label = `The link: ${sentences.join('; ')}`;
  const result = head.link?.result;
  return html`<section id="link">
    <h2>${result !== undefined && html`${resultWord(result)} `}${sentences.join('; ')}</h2>
    ${notesOf(picture, head).map((note) => html`<p>${note}</p> `)}
    ${svgOf(wideDrawing(diagram, headings), label)}
    ${svgOf(stackedDrawing(diagram, headings), label)}
    <details open>
    <summary>The picture as tables</summary>
    ${apiServers.length > 0 && apiServerTable(apiServers, ids, API_SERVER_LIST)}
    ${authorities.length > 0 && authorityTable(picture, ids, AUTHORITY_LIST)}
    </details>
    </section>`;
}

function sentencesOf({ apiServers, kubelets }: Picture, { link }: ReportHead): readonly string[] {
  if (link !== undefined) return [apiServersText(link), kubeletsText(link)];
  return [
    presentsText(nounOf(apiServers, 'kube-apiserver'), countsOf(apiServers)),
    asksText(nounOf(kubelets, 'kubelet'), countsOf(kubelets)),
  ];
}

function nounOf(groups: readonly Group[], noun: string): string {
  return groups.length > 0 && groups.every(({ isDeclared }) => isDeclared) ? `${noun} configuration` : noun;
}

/** What passes until its next start presents or accepts now. */
function countsOf(groups: readonly Group[]): { pass: number; fail: number; unknown: number; exempted: number } {
  const counts = { pass: 0, fail: 0, unknown: 0, exempted: 0 };
  for (const { standing, names } of groups)
    counts[standing === 'pending' ? 'pass' : standing === 'exempt' ? 'exempted' : standing] += names.length;
  return counts;
}

/** What the picture shows, and no finding says. */
function notesOf(picture: Picture, { link }: ReportHead): readonly string[] {
  const count = picture.kubelets.reduce((sum, { isMismatch, names }) => sum + (isMismatch ? names.length : 0), 0);
  const unlisted = unlistedItem(picture).map(({ label }) => `${label}.`);
  const kubeletsAccept = count === 1 ? 'kubelet accepts' : 'kubelets accept';
  return [
    ...(count === 0
      ? []
      : [`${count} ${kubeletsAccept} only CAs that issued no client certificate of a kube-apiserver shown here.`]),
    ...unlisted,
    ...(link === undefined ? [] : callsText(link).map((text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`)),
  ];
}

function headingsOf({ apiServers, kubelets, authorities, unlisted }: Picture): Headings {
  const total = (groups: readonly Group[]): number => groups.reduce((sum, { names }) => sum + names.length, 0);
  const more = Object.values(unlisted).reduce((sum, count) => sum + count, 0);
  const heading = (count: number, noun: string): string =>
    `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`;
  const areFiles = authorities.length > 0 && authorities.every(({ kind }) => kind === 'file');
  return {
    left: heading(total(apiServers), nounOf(apiServers, 'kube-apiserver')),
    middle: authorities.length === 0 ? 'no CA is shown' : heading(authorities.length, areFiles ? 'CA file' : 'CA'),
    right: heading(total(kubelets) + more, nounOf(kubelets, 'kubelet')),
  };
}
