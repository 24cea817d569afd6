// The list of inputs that are no objects: units, environment files and other texts that a file can hold.

import type { Problem, Surface, Vantage } from '../../policy/reading.ts';
import type { Subject } from '../../policy/subject.ts';
import type { Budget } from '../budget.ts';

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

/** The inputs. The first one that matches a text reads it. */
export const TEXT_INPUTS: readonly TextInput[] = [];

/** The input that a text is, if it is one. */
export function textInputOf(found: FoundText): TextInput | undefined {
  return TEXT_INPUTS.find(({ matches }) => matches(found));
}
