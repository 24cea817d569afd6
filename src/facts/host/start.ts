// What a component of a host is started with. Data only.

import type { NamedText } from '../../policy/document.ts';
import type { Problem } from '../../policy/reading.ts';
import type { Word } from '../argv/words.ts';

/** The words after a component's name, as far as they are known, or why it is not started. */
export type StartCommand =
  | {
      readonly words: readonly Word[];
      readonly doubts: readonly Problem[];
      /** Files that its launcher writes before it starts the component: they replace those of the host. */
      readonly writes?: readonly NamedText[];
      /** Certificate files that its launcher creates if they do not exist. */
      readonly creates?: readonly string[];
    }
  | { readonly words?: undefined; readonly refusal: string; readonly doubts: readonly Problem[] };

/** A start, or why it is not known. */
export type HostCommand = StartCommand | { readonly problem: Problem };
