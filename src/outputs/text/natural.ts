// The natural order of names: node-2 before node-10.

/** Compares two names. Numbers in them are compared by value. Only equal texts are equal. */
export function compareNatural(a: string, b: string): number {
  return compareSplit(splitParts(a), splitParts(b));
}

/** Sorts many names in natural order. Each name is split once. */
export function sortNatural(names: readonly string[]): string[] {
  return names
    .map(splitParts)
    .sort(compareSplit)
    .map(({ name }) => name);
}

interface Split {
  readonly name: string;
  readonly parts: readonly string[];
}

function splitParts(name: string): Split {
  return { name, parts: name.match(PARTS) ?? [] };
}

function compareSplit({ name: a, parts: left }: Split, { name: b, parts: right }: Split): number {
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const order = compareParts(left[at] ?? '', right[at] ?? '');
    if (order !== 0) return order;
  }
  return left.length - right.length || compareTexts(a, b);
}

/** Compares two texts by their code units, the same on every machine. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Makes a text whose order by code units is the natural order of names without control characters: to sort many names, compare
 * their keys.
 */
export function naturalKey(name: string): string {
  return name.replace(/\d+/g, (digits) => {
    const value = digits.replace(/^0+/, '');
    return `\u0000${String.fromCharCode(value.length + 1)}${value}`;
  });
}

const PARTS = /\d+|\D+/g;
const DIGIT = /^\d/;

function compareParts(a: string, b: string): number {
  const [isNumber, isOtherNumber] = [DIGIT.test(a), DIGIT.test(b)];
  if (!isNumber || !isOtherNumber) return Number(isOtherNumber) - Number(isNumber) || compareTexts(a, b);
  const [value, other] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  return value.length - other.length || compareTexts(value, other);
}

/** The first of many names, and how many there are. The memory does not grow with the names. */
export class FirstNames {
  readonly #limit: number;
  readonly #names: string[] = [];
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get count(): number {
    return this.#count;
  }

  add(name: string): void {
    this.#count += 1;
    const last = this.#names.at(-1);
    if (this.#names.length >= this.#limit && last !== undefined && compareNatural(name, last) >= 0) return;
    const at = this.#names.findIndex((known) => compareNatural(name, known) < 0);
    this.#names.splice(at === -1 ? this.#names.length : at, 0, name);
    if (this.#names.length > this.#limit) this.#names.pop();
  }

  /** Lists the first names, and how many more there are. */
  toString(): string {
    return [this.#names.join(', '), ...this.#more()].join(' ');
  }

  /** The same with a line for each name. */
  lines(): readonly string[] {
    return [...this.#names, ...this.#more()];
  }

  #more(): string[] {
    const more = this.#count - this.#names.length;
    return more > 0 ? [`and ${more} more; --all lists them`] : [];
  }
}

/** How many names of a group are listed. */
export const MOST_NAMES = 5;
