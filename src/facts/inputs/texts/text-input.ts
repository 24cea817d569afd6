// What each kind of text says about itself: how it is recognised and read.

import type { Problem, Surface, Vantage } from '../../../policy/reading.ts';
import type { Subject } from '../../../policy/subject.ts';
import type { Budget } from '../../budget.ts';

/** A text and where it was found. */
export interface FoundText {
  readonly path: string;
  readonly text: string;
  readonly vantage: Vantage;
  readonly budget: Budget;
}

/** What a text holds. Its origins have lines of the text. */
export interface ReadText {
  readonly subjects: readonly Subject[];
  readonly problems: readonly Problem[];
}

/** A kind of text that is no stream of YAML or JSON objects. */
export interface TextInput {
  /** What the documentation calls it. */
  readonly name: string;
  readonly surfaces: readonly Surface[];
  readonly matches: (found: FoundText) => boolean;
  /** Its subjects. Without it, the text only counts together with other files of its host. */
  readonly read?: (found: FoundText) => ReadText;
}
