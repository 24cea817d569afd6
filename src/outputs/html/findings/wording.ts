// The texts of a block: what its findings have in common is written once, and what differs is written beside each name.

import { replaceOwnWords } from '../../alike.ts';
import type { ReportedFinding } from '../../guard-report.ts';
import { html, isolated, type Html } from '../html.ts';
import type { Kind, Member } from './blocks.ts';

const MARK = '\u0000';

/** Writes the texts of one kind of findings. */
export class Wording {
  readonly #first: ReportedFinding;
  readonly #words: readonly string[];
  readonly #differing: ReadonlySet<string>;

  constructor({ first, firstWords, varies }: Pick<Kind, 'first' | 'firstWords' | 'varies'>) {
    this.#first = first;
    this.#words = firstWords;
    this.#differing = new Set(firstWords.filter((_, at) => varies[at]));
  }

  /** A text. Words that differ from subject to subject are named in general, as in `its address`. */
  text(text: string): Html {
    if (this.#differing.size === 0 || text.includes(MARK)) return isolated(text);
    const general: Html[] = [];
    const marked = replaceOwnWords(text, this.#first, (word) => {
      if (!this.#differing.has(word)) return word;
      general.push(html`<var>${this.#generally(word)}</var>`);
      return MARK;
    });
    const parts = marked.split(MARK).map((part, at) => html`${part}${general[at]}`);
    return html`<bdi>${parts}</bdi>`;
  }

  /** The own word at a place, if all have the same. */
  shared(at: number): string | undefined {
    const word = this.#words[at];
    return word === undefined || word === '' || this.#differing.has(word) ? undefined : word;
  }

  /** The places of own words that differ. */
  differing(): readonly number[] {
    return this.#words.flatMap((word, at) => (this.#differing.has(word) ? [at] : []));
  }

  #generally(word: string): string {
    const { subject, source } = this.#first;
    if ('path' in source && source.path === word) return 'its path';
    if (word.startsWith('line ')) return 'its line';
    if (word === subject.name) return 'its name';
    return word.endsWith(subject.node ?? subject.name) ? 'its node' : 'its address';
  }
}

/** The own words of a subject that its name does not show. */
export function ownWordsOf({ name, words }: Member, wordings: readonly Wording[]): readonly string[] {
  const shown = wordings.flatMap((wording, kind) => wording.differing().map((at) => words[kind]?.[at] ?? ''));
  return [...new Set(shown)].filter((word) => word !== '' && word !== name && !name.endsWith(`-${word}`));
}
