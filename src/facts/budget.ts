// What may be spent on one document. Whatever reads, expands or judges spends from it, so that no document costs more than
// its reader is willing to pay, whichever way its author found to make work.

import { crashProblem } from '../policy/crash.ts';
import type { Problem } from '../policy/reading.ts';

/** The limits of a budget. Each is for one document as a whole, with all that is embedded in it. */
export interface BudgetLimits {
  /** Characters of text that is read or made, each time that it is gone through. */
  readonly characters: number;
  /** Pieces of work: tokens, comparisons, expansions, commands. */
  readonly steps: number;
  /** Values of a decoded document, aliases expanded. */
  readonly nodes: number;
  /** Levels of nesting. */
  readonly depth: number;
  /** Words that a command line or a script has, or that expansion makes. */
  readonly words: number;
  /** Milliseconds; the last resort, because a clock makes verdicts depend on the machine. */
  readonly milliseconds: number;
}

/** What an entrance is willing to spend on each document, and the clock that it goes by. */
export interface Allowance {
  readonly limits: BudgetLimits;
  /** A clock in milliseconds. */
  readonly now: () => number;
}

const MI = 1024 * 1024;

/**
 * For whoever waits for an answer, and for what a cluster's users write: reviews, watched objects, sweeps. The pod of a
 * kube-apiserver is 8 KiB, a long script of OpenShift 20 KiB.
 */
export const ADMISSION_LIMITS: BudgetLimits = {
  characters: 8 * MI,
  steps: 250_000,
  nodes: 50_000,
  depth: 1000,
  words: 20_000,
  milliseconds: 200,
};

/** For a host, on which anybody may start processes that look like ours, and where the agent has 256 MiB. */
export const HOST_LIMITS: BudgetLimits = {
  characters: 32 * MI,
  steps: 1_000_000,
  nodes: 100_000,
  depth: 1000,
  words: 50_000,
  milliseconds: 1000,
};

/** For the files of whoever runs `check`: a rendered chart, a dump of a cluster. */
export const CHECK_LIMITS: BudgetLimits = {
  characters: 1024 * MI,
  steps: 100_000_000,
  nodes: 10_000_000,
  depth: 1000,
  words: 5_000_000,
  milliseconds: 60_000,
};

const UNITS: Readonly<Record<keyof BudgetLimits, string>> = {
  characters: 'characters to go through',
  steps: 'steps to follow',
  nodes: 'values',
  depth: 'levels',
  words: 'words',
  milliseconds: 'milliseconds of work',
};

/** A document costs more than may be spent on it. Caught where the document came in; it never leaves `inspect`. */
export class Exhausted extends Error {
  readonly limit: keyof BudgetLimits;

  constructor(limit: keyof BudgetLimits, allowed: number) {
    super(
      `too large to check: it has more than ${String(allowed)} ${UNITS[limit]}; make it smaller or simpler, then check it again`,
    );
    this.limit = limit;
  }
}

/** Why something could not be judged, by what was thrown. */
export function problemOf(cause: unknown, what?: string): Problem {
  return cause instanceof Exhausted ? { code: 'too-large', message: cause.message } : crashProblem(cause, what);
}

/** So many steps go by between two looks at the clock. What takes less never looks, so that no clock decides about it. */
const STEPS_PER_LOOK = 4096;

/** The budget of one document. Each method throws `Exhausted` where a limit is passed. */
export class Budget {
  readonly #limits: BudgetLimits;
  readonly #now: () => number;
  #startedAt: number | undefined;
  #characters = 0;
  #steps = 0;
  #nodes = 0;
  #words = 0;
  #depth = 0;
  #nextLook = STEPS_PER_LOOK;

  constructor({ limits, now }: Allowance) {
    this.#limits = limits;
    this.#now = now;
  }

  characters(count: number): void {
    this.#characters += count;
    if (this.#characters > this.#limits.characters) throw new Exhausted('characters', this.#limits.characters);
    // going through a text takes time, and a long one takes as long as many steps
    if (count >= 64) this.steps(count >> 6);
  }

  steps(count = 1): void {
    this.#steps += count;
    if (this.#steps > this.#limits.steps) throw new Exhausted('steps', this.#limits.steps);
    if (this.#steps >= this.#nextLook) this.#lookAtClock();
  }

  nodes(count = 1): void {
    this.#nodes += count;
    if (this.#nodes > this.#limits.nodes) throw new Exhausted('nodes', this.#limits.nodes);
    this.steps(count);
  }

  words(count = 1): void {
    this.#words += count;
    if (this.#words > this.#limits.words) throw new Exhausted('words', this.#limits.words);
    this.steps(count);
  }

  /** Runs what is one level deeper. */
  deeper<T>(inside: () => T): T {
    if (this.#depth >= this.#limits.depth) throw new Exhausted('depth', this.#limits.depth);
    this.#depth += 1;
    try {
      return inside();
    } finally {
      this.#depth -= 1;
    }
  }

  /** Tells that so many levels are open, for whoever keeps them on a stack of his own. */
  level(depth: number): void {
    if (depth > this.#limits.depth) throw new Exhausted('depth', this.#limits.depth);
  }

  /** How many steps were spent. */
  get spent(): number {
    return this.#steps;
  }

  #lookAtClock(): void {
    this.#nextLook = this.#steps + STEPS_PER_LOOK;
    const now = this.#now();
    this.#startedAt ??= now;
    if (now - this.#startedAt > this.#limits.milliseconds)
      throw new Exhausted('milliseconds', this.#limits.milliseconds);
  }
}
