// The boxes of the picture: their texts, and where they lead to.

import type { RenderContext } from '../../render.ts';
import type { ReportHead } from '../../guard-report.ts';
import { SHOWN_RESULTS } from '../../shown-result.ts';
import { STANDINGS, type Standing } from '../../standing.ts';
import { RESULT_WORDS } from '../marks.ts';
import { compareNatural } from '../../text/natural.ts';
import type { ApiServerGroup, Authority, Group, KubeletGroup, Picture } from './model.ts';
import { acceptedText, ISSUER_NOT_SHOWN, membersOf, presentedText, splitName } from './words.ts';

/** A line of texts in a box. */
export interface Line {
  readonly texts: readonly string[];
  /** It is left out if there is no room for all of it. */
  readonly isOptional?: true;
  /** Its end says more than its start, where there is no room for all. */
  readonly isPath?: true;
}

/** A box. */
export interface Item {
  readonly kind: 'component' | 'authority' | 'note';
  /** The id of the part of the page that it leads to. */
  readonly target: string;
  readonly standing?: Standing;
  readonly title: string;
  /** What stands beside the title. */
  readonly aside?: string;
  /** What it does; stands beside the word for its standing. */
  readonly fact?: string;
  readonly lines: readonly Line[];
  /** All that it says, in full. */
  readonly label: string;
  /** How its line ends that leads to no CA. */
  readonly stub?: 'nothing' | 'unknown';
}

/** Makes the ids of groups and CAs. They stay the same as long as the content does. */
export class PictureIds {
  readonly #digest: RenderContext['digest'];

  constructor({ digest }: Pick<RenderContext, 'digest'>) {
    this.#digest = digest;
  }

  group({ key }: Group): string {
    return `group-${this.#digest(key)}`;
  }

  authority({ kind, name }: Authority): string {
    return `ca-${this.#digest(`${kind} ${name}`)}`;
  }
}

/** The ids of the lists that have the facts of the picture. */
export const API_SERVER_LIST = 'kube-apiservers';
export const AUTHORITY_LIST = 'cas';
export const KUBELET_LIST = 'nodes';

/** The box of a kube-apiserver, or of a group of them. */
export function apiServerItem(group: ApiServerGroup, ids: PictureIds): Item {
  const text = presentedText(group);
  const { presented } = group;
  const kind = presented?.kind ?? 'unknown';
  const isSilent = kind === 'nothing' || kind === 'unknown';
  const { title, lines } = titleOf(group, 'kube-apiserver');
  return {
    kind: 'component',
    target: ids.group(group),
    standing: group.standing,
    title,
    ...(isSilent && { fact: text }),
    lines: [...(presented?.kind === 'certificate' ? [{ texts: [splitName(presented.subject)[0]] }] : []), ...lines],
    label: `${RESULT_WORDS[group.standing]}: ${membersOf(group, 'kube-apiserver')}, ${text}`,
    ...(isSilent && { stub: kind }),
  };
}

/** The box of a group of kubelets. */
export function kubeletItem(group: KubeletGroup, ids: PictureIds): Item {
  const { standing, pool, accepted } = group;
  const text = acceptedText(group);
  const { title, lines } = titleOf(group, 'kubelet');
  const isSilent = accepted.kind === 'nothing' || accepted.kind === 'unknown';
  const details = [
    ...(pool === undefined ? [] : [`pool ${pool}`]),
    ...(text === undefined ? [] : [text]),
    ...acceptedNames(group),
  ];
  return {
    kind: 'component',
    target: ids.group(group),
    standing,
    title,
    ...(pool !== undefined && { aside: `pool ${pool}` }),
    ...(text !== undefined && { fact: text }),
    lines,
    label: `${RESULT_WORDS[standing]}: ${[membersOf(group, 'kubelet'), ...details].join(', ')}`,
    ...(isSilent && { stub: accepted.kind }),
  };
}

function acceptedNames({ accepted }: KubeletGroup): string[] {
  if (accepted.kind === 'file') return [`CA file ${accepted.path}`];
  if (accepted.kind !== 'names') return [];
  return [`accepted CAs: ${accepted.names.join('; ')}${accepted.more > 0 ? ` and ${accepted.more} more` : ''}`];
}

/** A file is named by its last part, and a few components by their names. */
function titleOf(group: ApiServerGroup | KubeletGroup, noun: string): { title: string; lines: Line[] } {
  const [only, another] = group.names;
  if (only === undefined || another !== undefined) {
    const title = membersOf(group, noun);
    const isFew = !group.isDeclared && group.names.length <= 3;
    return { title, lines: isFew ? [{ texts: group.names.toSorted(compareNatural), isOptional: true }] : [] };
  }
  const slash = only.lastIndexOf('/');
  if (!group.isDeclared || slash < 1) return { title: only, lines: [] };
  return { title: only.slice(slash + 1), lines: [{ texts: [only.slice(0, slash)], isPath: true }] };
}

/** The box of a CA. */
export function authorityItem(authority: Authority, picture: Picture, ids: PictureIds): Item {
  const { kind, name, issuedTo, acceptedBy } = authority;
  const [title, rest] = kind === 'name' ? splitName(name) : ['CA file', name];
  const facts = [issuedText(issuedTo, picture), acceptedByText(acceptedBy, picture)].filter(
    (text) => text !== undefined,
  );
  return {
    kind: 'authority',
    target: ids.authority(authority),
    title,
    lines: [
      ...(rest === '' ? [] : [{ texts: [rest], ...(kind === 'file' && { isPath: true as const }) }]),
      ...(kind === 'file' ? [{ texts: ['names not shown'] }] : []),
      ...facts.map((text) => ({ texts: [text] })),
    ],
    label: [kind === 'file' ? `CA file ${name}, names not shown` : `CA ${name}`, ...facts].join(', '),
  };
}

/** Says for how many kube-apiservers a CA is the issuer; undefined if it is for none that is known. */
export function issuedText(count: number, { areIssuersKnown }: Picture): string | undefined {
  if (count === 0) return areIssuersKnown ? 'issuer for no kube-apiserver' : undefined;
  return `issuer for ${count} kube-apiserver${count === 1 ? '' : 's'}`;
}

/** Says how many kubelets accept a CA; undefined if none does that is known. */
export function acceptedByText(count: number, { areAcceptedKnown, kubelets }: Picture): string | undefined {
  if (count === 0) return areAcceptedKnown && kubelets.length > 0 ? 'accepted by no kubelet' : undefined;
  return `accepted by ${count} kubelet${count === 1 ? '' : 's'}`;
}

/** Stands for the issuers that nothing shows. */
export function hiddenIssuerItem(): Item {
  const text = 'a node audit reads it';
  return {
    kind: 'note',
    target: API_SERVER_LIST,
    title: 'issuer not shown',
    lines: [{ texts: [text] }],
    label: ISSUER_NOT_SHOWN,
  };
}

/** Stands for CAs for which there is no room. */
export function moreAuthoritiesItem(count: number): Item {
  const title = `and ${count} more CA${count === 1 ? '' : 's'}`;
  return { kind: 'note', target: AUTHORITY_LIST, title, lines: [], label: title };
}

/** Stands for groups for which there is no room. */
export function moreGroupsItem(groups: readonly Group[], noun: string, target: string): Item[] {
  if (groups.length === 0) return [];
  const counts = STANDINGS.flatMap((standing) => {
    const alike = groups.filter((group) => group.standing === standing);
    const count = alike.reduce((sum, { names }) => sum + names.length, 0);
    return count === 0
      ? []
      : [{ text: `${count} ${standing === 'pending' ? 'pass until their next start' : RESULT_WORDS[standing]}` }];
  });
  const total = groups.reduce((sum, { names }) => sum + names.length, 0);
  const title = `and ${total} more ${noun}${total === 1 ? '' : 's'}`;
  const label = `${title} in ${groups.length} group${groups.length === 1 ? '' : 's'}: ${counts.map(({ text }) => text).join(', ')}`;
  return [{ kind: 'note', target, title, lines: [{ texts: [counts.map(({ text }) => text).join(', ')] }], label }];
}

/** Stands for kubelets that the link counts, and the report has no finding about. */
export function unlistedItem({ unlisted }: Picture): Item[] {
  const counts = SHOWN_RESULTS.filter((result) => unlisted[result] > 0);
  if (counts.length === 0) return [];
  const total = counts.reduce((sum, result) => sum + unlisted[result], 0);
  const title = `${total} kubelet${total === 1 ? '' : 's'}`;
  const text = counts.map((result) => `${unlisted[result]} ${RESULT_WORDS[result]}`).join(', ');
  const lines = [{ texts: [text] }, { texts: ['not listed in this report'] }];
  return [{ kind: 'note', target: 'link', title, lines, label: `${title} not listed in this report: ${text}` }];
}

/** Says why a side is empty. */
export function emptySideItem(noun: 'kube-apiserver' | 'kubelet', { link, run: { selection } }: ReportHead): Item {
  const reason = noun === 'kube-apiserver' ? link?.apiServersNotApplicable : undefined;
  const title = `no ${noun} ${reason === undefined ? 'is listed' : 'to check'}`;
  const text =
    reason ??
    (selection === undefined ? 'none was found' : 'the selection of this report leaves them out, or none was found');
  return { kind: 'note', target: 'link', title, lines: [{ texts: [text] }], label: `${title}: ${text}` };
}
