// Groups findings into the blocks of the page: those that differ only in names share one, which lists all names. Passes of
// several controls share one if their subjects are the same, and so does what is unknown for one reason.

import { isPlainPass } from '../../alike.ts';
import type { ReportedFinding } from '../../guard-report.ts';
import { compareTexts, naturalKey } from '../../text/natural.ts';
import { listedNameOf, nounOf } from '../../text/names.ts';
import { compareControls } from '../../text/order.ts';
import { STANDINGS, standingOf, type Standing } from '../../standing.ts';
import { Likenesses, unknownReason } from './likeness.ts';

/** Findings that are alike, without their names. */
export interface Kind {
  readonly key: string;
  readonly result: Standing;
  /** Nobody has to look at them. */
  readonly isPlain: boolean;
  /** Kinds of which this is equal share a block where their subjects are the same. */
  readonly joinKey: string;
  readonly number: number;
  /** Whether the own word at this place differs among them. */
  readonly varies: boolean[];
  /** One of them, the same in whatever order they come: what they have in common is read from it. */
  first: ReportedFinding;
  firstWords: readonly string[];
  firstOrder: string;
}

/** A subject of a block. */
export interface Member {
  readonly name: string;
  readonly pool: string | undefined;
  readonly order: string;
  /** Its own words, for each kind of the block. */
  readonly words: readonly (readonly string[])[];
}

/** Kinds of findings with the same subjects. */
export interface Block {
  readonly kinds: readonly [Kind, ...Kind[]];
  readonly members: Member[];
}

interface Subject {
  readonly name: string;
  readonly pool: string | undefined;
  readonly order: string;
  readonly parts: { readonly kind: Kind; readonly words: readonly string[] }[];
}

/** Collects findings. No more than one is kept for each kind. */
export class PageBlocks {
  readonly #likenesses = new Likenesses();
  readonly #kinds = new Map<string, Kind>();
  readonly #subjects = new Map<string, Subject>();
  readonly #joins: boolean;

  /** @param joins kinds with the same subjects can share a block */
  constructor({ joins }: { readonly joins: boolean }) {
    this.#joins = joins;
  }

  add(finding: ReportedFinding): void {
    const { key, words } = this.#likenesses.of(finding);
    const name = listedNameOf(finding);
    const subject = this.#subject(finding, name, words);
    const kind = this.#kind(finding, key, words, subject.order);
    subject.parts.push({ kind, words });
  }

  /** The blocks, with what needs work first. */
  sorted(): readonly Block[] {
    const blocks = new Map<string, Block>();
    for (const { name, pool, order, parts } of this.#subjects.values()) {
      for (const joined of partsByKind(parts)) {
        const [first, ...others] = joined;
        if (first === undefined) continue;
        const id = joined.map(({ kind }) => kind.number).join(',');
        const block = blocks.get(id) ?? { kinds: [first.kind, ...others.map(({ kind }) => kind)], members: [] };
        blocks.set(id, block);
        block.members.push({ name, pool, order, words: joined.map(({ words }) => words) });
      }
    }
    const all = [...blocks.values()];
    for (const { members } of all) members.sort(compareMembers);
    return all.sort(compareBlocks);
  }

  #subject({ subject, pool }: ReportedFinding, name: string, [title = '']: readonly string[]): Subject {
    const id = JSON.stringify([nounOf(subject, 1), title, name, pool]);
    const known = this.#subjects.get(id);
    if (known !== undefined) return known;
    const made = { name, pool, order: naturalKey(name), parts: [] };
    this.#subjects.set(id, made);
    return made;
  }

  #kind(finding: ReportedFinding, key: string, words: readonly string[], order: string): Kind {
    const kind = this.#kinds.get(key);
    if (kind === undefined) {
      const number = this.#kinds.size;
      const isPlain = isPlainPass(finding);
      const joinKey = this.#joins ? (isPlain ? 'pass' : (unknownReason(finding) ?? key)) : key;
      const rest = { varies: words.map(() => false), first: finding, firstWords: words, firstOrder: order };
      const made = { key, result: standingOf(finding), isPlain, joinKey, number, ...rest };
      this.#kinds.set(key, made);
      return made;
    }
    for (const [at, word] of words.entries()) if (word !== kind.firstWords[at]) kind.varies[at] = true;
    const before = compareTexts(order, kind.firstOrder) || compareTexts(words.join('\n'), kind.firstWords.join('\n'));
    if (before < 0) Object.assign(kind, { first: finding, firstWords: words, firstOrder: order });
    return kind;
  }
}

type Part = Subject['parts'][number];

/** The parts of one subject by what joins their kinds. A second finding of a kind, as of two documents, is for itself. */
function partsByKind(parts: readonly Part[]): readonly (readonly Part[])[] {
  const joined = new Map<string, Part[]>();
  const seen = new Map<Kind, number>();
  for (const part of parts.toSorted(compareParts)) {
    const count = seen.get(part.kind) ?? 0;
    seen.set(part.kind, count + 1);
    const id = `${count} ${part.kind.joinKey}`;
    const others = joined.get(id);
    if (others === undefined) joined.set(id, [part]);
    else others.push(part);
  }
  return [...joined.values()];
}

function compareParts({ kind: a, ...left }: Part, { kind: b, ...right }: Part): number {
  return (
    compareControls(a.first.control, b.first.control) ||
    compareTexts(a.key, b.key) ||
    compareTexts(left.words.join('\n'), right.words.join('\n'))
  );
}

function compareMembers(a: Member, b: Member): number {
  return (
    compareTexts(a.order, b.order) ||
    compareTexts(a.name, b.name) ||
    compareTexts(a.words.join('\n'), b.words.join('\n'))
  );
}

function compareBlocks(left: Block, right: Block): number {
  const [[a], [b]] = [left.kinds, right.kinds];
  return (
    Number(a.isPlain) - Number(b.isPlain) ||
    STANDINGS.indexOf(a.result) - STANDINGS.indexOf(b.result) ||
    compareControls(a.first.control, b.first.control) ||
    right.members.length - left.members.length ||
    compareTexts(a.key, b.key) ||
    compareTexts(left.members[0]?.order ?? '', right.members[0]?.order ?? '')
  );
}
