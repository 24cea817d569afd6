// What tables say about a part of a block: its subjects with a link to the block, and since when.

import { nounOf } from '../../text/names.ts';
import { timeElement } from '../ages.ts';
import { html, isolated, type Html } from '../html.ts';
import type { PageInput } from '../section.ts';
import type { Kind, Member } from './blocks.ts';
import { blockId } from './ids.ts';

/** Names one subject, or says how many there are, with a link to the block that lists them. */
export function subjectsLink(kind: Kind, members: readonly Member[], digest: PageInput['context']['digest']): Html {
  const { first } = kind;
  const [member] = members;
  const noun = nounOf(first.subject, members.length);
  const isOne = member !== undefined && members.length === 1;
  return html`<a href="#${blockId([kind], digest)}">${isOne ? html`${noun} ${isolated(member.name)}` : `${members.length} ${noun}`}</a>`;
}

/** How a member changed, and since when. */
export interface MemberDrift {
  readonly state: string;
  readonly since: string;
}

/** The drift of a member of a block of one kind; undefined if it has none. */
export function driftOfMember({ words: [[, drift = ''] = []] }: Member): MemberDrift | undefined {
  const at = drift.indexOf(' since ');
  return at === -1 ? undefined : { state: drift.slice(0, at), since: drift.slice(at + ' since '.length) };
}

/** The first and the last of times, RFC 3339 in UTC. */
export function rangeOf(times: readonly string[]): Html {
  const sorted = times.toSorted();
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return html`-`;
  return first === last ? timeElement(first) : html`${timeElement(first)} to ${timeElement(last)}`;
}
