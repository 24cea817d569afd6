// What is drawn: boxes in three columns and the lines between them. There is room for a few boxes; the rest is counted.

import type { ReportHead } from '../../guard-report.ts';
import { STANDINGS, type Standing } from '../../standing.ts';
import { compareNatural } from '../../text/natural.ts';
import * as items from './items.ts';
import type { ApiServerGroup, Authority, KubeletGroup, Picture } from './model.ts';

/** A line from a box at a side to a box in the middle. */
export interface Edge {
  readonly side: 'left' | 'right';
  readonly from: number;
  readonly to: number;
  /** How many components it stands for. */
  readonly count: number;
  readonly standing: Standing;
  /** The CA is not shown, or nothing at the other side has to do with it. */
  readonly isDashed: boolean;
}

/** The picture without its geometry. */
export interface Diagram {
  readonly left: readonly items.Item[];
  readonly middle: readonly items.Item[];
  readonly right: readonly items.Item[];
  readonly edges: readonly Edge[];
}

const MOST_API_SERVERS = 7;
const MOST_AUTHORITIES = 8;
const MOST_KUBELETS = 12;

interface Ends {
  readonly left: readonly ApiServerGroup[];
  readonly right: readonly KubeletGroup[];
}

/** Makes what is drawn. */
export function diagramOf(picture: Picture, head: ReportHead, ids: items.PictureIds): Diagram {
  const left = drawnApiServers(picture.apiServers);
  const right = drawnKubelets(picture.kubelets);
  const middle = middleOf(picture, { left, right }, ids);
  const moreLeft = picture.apiServers.filter((group) => !left.some(({ key }) => key === group.key));
  const moreRight = picture.kubelets.filter((group) => !right.includes(group));
  const unlisted = items.unlistedItem(picture);
  return {
    left: [
      ...left.map((group) => items.apiServerItem(group, ids)),
      ...items.moreGroupsItem(moreLeft, 'kube-apiserver', items.API_SERVER_LIST),
      ...(left.length === 0 ? [items.emptySideItem('kube-apiserver', head)] : []),
    ],
    middle: middle.map(({ item }) => item),
    right: [
      ...right.map((group) => items.kubeletItem(group, ids)),
      ...items.moreGroupsItem(moreRight, 'kubelet', items.KUBELET_LIST),
      ...unlisted,
      ...(right.length === 0 && unlisted.length === 0 ? [items.emptySideItem('kubelet', head)] : []),
    ],
    edges: edgesOf({ left, right }, new Map(middle.flatMap(({ keys }, at) => keys.map((key) => [key, at])))),
  };
}

/** A few are drawn each, more in groups. */
function drawnApiServers(groups: readonly ApiServerGroup[]): readonly ApiServerGroup[] {
  const total = groups.reduce((sum, { names }) => sum + names.length, 0);
  if (total > MOST_API_SERVERS) return first(groups, MOST_API_SERVERS);
  return groups.flatMap((group) => group.names.toSorted(compareNatural).map((name) => ({ ...group, names: [name] })));
}

/** The largest group of each kind, then the most urgent ones. */
function drawnKubelets(groups: readonly KubeletGroup[]): readonly KubeletGroup[] {
  if (groups.length <= MOST_KUBELETS) return groups;
  const kinds = STANDINGS.flatMap((standing) => [
    groups.find((group) => group.standing === standing && group.isMismatch),
    groups.find((group) => group.standing === standing && !group.isMismatch),
  ]);
  const chosen = new Set([...kinds.filter((group) => group !== undefined), ...groups].slice(0, MOST_KUBELETS));
  return groups.filter((group) => chosen.has(group));
}

function first<T>(all: readonly T[], most: number): readonly T[] {
  return all.length <= most ? all : all.slice(0, most - 1);
}

const HIDDEN = 'hidden';

/** What the line of a kube-apiserver leads to. */
function issuersOf({ presented }: ApiServerGroup): readonly string[] {
  if (presented?.kind === 'certificate') return presented.issuers.map((name) => `name ${name}`);
  return presented?.kind === 'file' ? [HIDDEN] : [];
}

/** What the lines of kubelets lead to. */
function acceptedOf({ accepted }: KubeletGroup): readonly string[] {
  if (accepted.kind === 'names') return accepted.names.map((name) => `name ${name}`);
  return accepted.kind === 'file' ? [`file ${accepted.path}`] : [];
}

interface Middle {
  readonly item: items.Item;
  /** The lines that lead to it. */
  readonly keys: readonly string[];
}

/** The CAs that the ends refer to, each beside what refers to it. */
function middleOf(picture: Picture, { left, right }: Ends, ids: items.PictureIds): readonly Middle[] {
  const places = new Map<string, number[]>();
  const place = (keys: readonly string[], at: number): void => {
    for (const key of keys) places.set(key, [...(places.get(key) ?? []), at]);
  };
  for (const [index, group] of left.entries()) place(issuersOf(group), (index + 0.5) / left.length);
  for (const [index, group] of right.entries()) place(acceptedOf(group), (index + 0.5) / right.length);
  const keyOf = ({ kind, name }: Authority): string => `${kind} ${name}`;
  const used = picture.authorities.filter((authority) => places.has(keyOf(authority)));
  const drawn = first(used, MOST_AUTHORITIES);
  const middle: Middle[] = drawn.map((authority) => ({
    item: items.authorityItem(authority, picture, ids),
    keys: [keyOf(authority)],
  }));
  if (places.has(HIDDEN)) middle.push({ item: items.hiddenIssuerItem(), keys: [HIDDEN] });
  const middleAt = ({ keys: [key = ''] }: Middle): number => {
    const at = places.get(key) ?? [];
    return at.reduce((sum, each) => sum + each, 0) / at.length;
  };
  middle.sort((a, b) => middleAt(a) - middleAt(b));
  const rest = used.slice(drawn.length).map(keyOf);
  const more = picture.authorities.length - drawn.length;
  return more === 0 ? middle : [...middle, { item: items.moreAuthoritiesItem(more), keys: rest }];
}

function edgesOf({ left, right }: Ends, at: ReadonlyMap<string, number>): readonly Edge[] {
  const edges = (side: Edge['side'], from: number, keys: readonly string[], group: ApiServerGroup | KubeletGroup) => {
    const isDashed = 'isMismatch' in group && group.isMismatch;
    const reached = new Set(keys.flatMap((key) => at.get(key) ?? []));
    const common = { side, from, count: group.names.length, standing: group.standing };
    return Array.from(reached, (to) => ({ ...common, to, isDashed: isDashed || to === at.get(HIDDEN) }));
  };
  return [
    ...left.flatMap((group, from) => edges('left', from, issuersOf(group), group)),
    ...right.flatMap((group, from) => edges('right', from, acceptedOf(group), group)),
  ];
}
