// Limits the work that one document can cause. Everything that reads, expands or checks a document counts its work here, so
// that nobody can write a document that keeps the process busy.

import { crashProblem } from '../policy/crash.ts';
import type { Problem } from '../policy/reading.ts';

/** The limits of a budget. They apply to one document as a whole, with everything that is embedded in it. */
export interface BudgetLimits {
  /** Characters of text that is read or made. A text that is read twice counts twice. */
  readonly characters: number;
  /** Pieces of work: tokens, comparisons, expansions, commands. */
  readonly steps: number;
  /** Values of a decoded document, aliases expanded. */
  readonly nodes: number;
  /** Levels of nesting. */
  readonly depth: number;
  /** Words of command lines and scripts, with those that expansion makes. */
  readonly words: number;
  /** Milliseconds. The last resort, because a clock makes verdicts depend on the machine. */
  readonly milliseconds: number;
}

/** The limits for each document, and the clock that measures its time. */
export interface Allowance {
  readonly limits: BudgetLimits;
  /** A clock in milliseconds. */
  readonly now: () => number;
}

const MI = 1024 * 1024;

/**
 * The limits for objects that the users of a cluster write, and for answers that somebody waits for: reviews, watched
 * objects, sweeps. The pod of a kube-apiserver has 8 KiB, a long script of OpenShift 20 KiB.
 */
export const ADMISSION_LIMITS: BudgetLimits = {
  characters: 8 * MI,
  steps: 250_000,
  nodes: 50_000,
  depth: 1000,
  words: 20_000,
  milliseconds: 200,
};

/** The limits on a host, where any user can start processes that look like a kubelet, and where the node agent has 256 MiB. */
export const HOST_LIMITS: BudgetLimits = {
  characters: 32 * MI,
  steps: 1_000_000,
  nodes: 100_000,
  depth: 1000,
  words: 50_000,
  milliseconds: 1000,
};

/** The limits for the files that a user gives to `check`: a rendered chart, a dump of a cluster. */
export const CHECK_LIMITS: BudgetLimits = {
  characters: 1024 * MI,
  steps: 100_000_000,
  nodes: 10_000_000,
  depth: 1000,
  words: 5_000_000,
  milliseconds: 60_000,
};

const UNITS: Readonly<Record<keyof BudgetLimits, string>> = {
  characters: 'characters to read',
  steps: 'steps of work',
  nodes: 'values',
  depth: 'levels',
  words: 'words',
  milliseconds: 'milliseconds of work',
};

/** A document exceeds a limit. It is thrown by a budget and never leaves `inspect`. */
export class Exhausted extends Error {
  readonly limit: keyof BudgetLimits;

  constructor(limit: keyof BudgetLimits, allowed: number) {
    super(
      `too large to check: it has more than ${String(allowed)} ${UNITS[limit]}; make it smaller or simpler, then check it again`,
    );
    this.limit = limit;
  }
}

/**
 * The problem that an exception is.
 *
 * @param what what was being checked, for the message
 */
export function thrownProblem(cause: unknown, what?: string): Problem {
  return cause instanceof Exhausted ? { code: 'too-large', message: cause.message } : crashProblem(cause, what);
}

/** The clock is read once in so many steps. Smaller documents never depend on it. */
const STEPS_PER_CLOCK_READING = 4096;

/** The budget of one document. Each method throws `Exhausted` if a limit is exceeded. */
export class Budget {
  readonly #limits: BudgetLimits;
  readonly #now: () => number;
  #startedAt: number | undefined;
  #characters = 0;
  #steps = 0;
  #nodes = 0;
  #words = 0;
  #depth = 0;
  #nextReading = STEPS_PER_CLOCK_READING;

  constructor({ limits, now }: Allowance) {
    this.#limits = limits;
    this.#now = now;
  }

  characters(count: number): void {
    this.#characters += count;
    if (this.#characters > this.#limits.characters) throw new Exhausted('characters', this.#limits.characters);
    // a long text takes as long as many steps
    if (count >= 64) this.steps(count >> 6);
  }

  steps(count = 1): void {
    this.#steps += count;
    if (this.#steps > this.#limits.steps) throw new Exhausted('steps', this.#limits.steps);
    if (this.#steps >= this.#nextReading) this.#readClock();
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

  /** Runs a function one level deeper. */
  deeper<T>(inside: () => T): T {
    if (this.#depth >= this.#limits.depth) throw new Exhausted('depth', this.#limits.depth);
    this.#depth += 1;
    try {
      return inside();
    } finally {
      this.#depth -= 1;
    }
  }

  /** Checks the number of open levels, for a caller that keeps its own stack. */
  level(depth: number): void {
    if (depth > this.#limits.depth) throw new Exhausted('depth', this.#limits.depth);
  }

  /** How many steps were counted. */
  get spent(): number {
    return this.#steps;
  }

  #readClock(): void {
    this.#nextReading = this.#steps + STEPS_PER_CLOCK_READING;
    const now = this.#now();
    this.#startedAt ??= now;
    if (now - this.#startedAt > this.#limits.milliseconds)
      throw new Exhausted('milliseconds', this.#limits.milliseconds);
  }
}

/** The result of a look at a document; the other value if it costs too much, or crashes. */
export function within<T>(allowance: Allowance, otherwise: T, look: (budget: Budget) => T): T {
  try {
    return look(new Budget(allowance));
  } catch {
    return otherwise;
  }
}
