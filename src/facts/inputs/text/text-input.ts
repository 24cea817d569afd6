// What each kind of text says about itself: how it is recognised and read.

import type { Problem, Source, Surface, Vantage } from '../../../policy/reading.ts';
import type { Subject } from '../../../policy/subject.ts';
import type { Budget } from '../../budget.ts';

/** A text and where it was found. */
export interface FoundText {
  readonly path: string;
  readonly text: string;
  readonly source: Source;
  readonly vantage: Vantage;
  readonly budget: Budget;
}

/** What a text holds. Its origins have lines of the text. */
export interface ReadText {
  readonly subjects: readonly Subject[];
  readonly problems: readonly Problem[];
}

/** A part of a text. */
export interface TextPart {
  /** A name for it, which can show what it is. */
  readonly path: string;
  readonly text: string;
  /** The line of the whole text that the part begins in. */
  readonly line: number;
  /** The part is encoded, so its own lines are not those of the whole text. */
  readonly encoded?: true;
}

/** A kind of text that is no stream of YAML or JSON objects. */
export interface TextInput {
  /** What the documentation calls it. */
  readonly name: string;
  readonly surfaces: readonly Surface[];
  readonly matches: (found: FoundText) => boolean;
  /** What it holds. Without this and `contents`, the text only counts together with other files of its host. */
  readonly read?: (found: FoundText) => ReadText;
  /** Texts in it that are files of their own. */
  readonly contents?: (found: FoundText) => readonly TextPart[];
}
