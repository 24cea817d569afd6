// What may be spent on one document. Whatever reads, expands or judges spends from it, so that no document costs more than
// its reader is willing to pay, whichever way its author found to make work.

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
  /** Words that expansion makes of a command line or a script. */
  readonly words: number;
  /** Milliseconds; the last resort, because a clock makes verdicts depend on the machine. */
  readonly milliseconds: number;
}

/** A document costs more than may be spent on it. Caught where the document came in; it never leaves `inspect`. */
export class Exhausted extends Error {
  readonly limit: keyof BudgetLimits;

  constructor(limit: keyof BudgetLimits, allowed: number) {
    super(`too large to judge: more than ${String(allowed)} ${limit === 'depth' ? 'levels' : limit}`);
    this.limit = limit;
  }
}

/** So many spendings go by between two looks at the clock. */
const STEPS_PER_LOOK = 1024;

/** The budget of one document. Each method throws `Exhausted` where a limit is passed. */
export class Budget {
  readonly #limits: BudgetLimits;
  readonly #now: () => number;
  readonly #startedAt: number;
  #characters = 0;
  #steps = 0;
  #nodes = 0;
  #words = 0;
  #depth = 0;
  #nextLook = STEPS_PER_LOOK;

  /** @param now a clock in milliseconds */
  constructor(limits: BudgetLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
    this.#startedAt = now();
  }

  characters(count: number): void {
    this.#characters += count;
    if (this.#characters > this.#limits.characters) throw new Exhausted('characters', this.#limits.characters);
    // going through a text takes time, and a long one takes as long as many steps
    this.steps(count >> 6);
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
    this.#depth += 1;
    if (this.#depth > this.#limits.depth) throw new Exhausted('depth', this.#limits.depth);
    const result = inside();
    this.#depth -= 1;
    return result;
  }

  #lookAtClock(): void {
    this.#nextLook = this.#steps + STEPS_PER_LOOK;
    if (this.#now() - this.#startedAt > this.#limits.milliseconds)
      throw new Exhausted('milliseconds', this.#limits.milliseconds);
  }
}
