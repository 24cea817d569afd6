// Reads a YAML file of known keys, and collects all faults with line and column.

import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type YAMLMap } from 'yaml';

import { didYouMean } from '../../did-you-mean.ts';

/** A place in a file; line and column are counted from 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** A fault in a file: what is wrong, and what to do. */
export interface ConfigurationFault extends TextPosition {
  readonly message: string;
}

/** A value in a file, and its place. */
export interface Located<T> extends TextPosition {
  readonly value: T;
}

/** A value to read: its node, and the node whose place a fault has if there is no value. */
export interface Entry {
  readonly node: Node | null;
  readonly blamed: Node | null;
}

/** The keys of a map, each with a function that reads its value. */
export type Fields = Readonly<Record<string, (entry: Entry) => void>>;

/** Reads one YAML file. It collects all faults instead of stopping at the first one. */
export class YamlReader {
  readonly faults: ConfigurationFault[] = [];
  readonly #lines = new LineCounter();

  /**
   * Parses the text as YAML 1.2: `off` is not a boolean, and a date is a string.
   *
   * @returns the root; undefined if the text is not YAML, which is a fault
   */
  parse(text: string): Entry | undefined {
    const document = parseDocument<Node>(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      schema: 'core',
      merge: false,
      // `fields` finds duplicate keys, so that they do not hide the other faults
      uniqueKeys: false,
    });
    // a warning is about an unknown tag, whose value would have another meaning
    for (const { pos, message } of [...document.errors, ...document.warnings]) {
      this.#report(pos[0], `not YAML: ${message}`);
    }
    return this.faults.length > 0 ? undefined : { node: document.contents, blamed: null };
  }

  /** Reads a map of known keys. It returns the keys that it has, or undefined if it is not a map. */
  fields(entry: Entry, name: string, fields: Fields): ReadonlySet<string> | undefined {
    const { node } = entry;
    if (!isMap(node)) {
      this.fault(entry, `${name} must be a map`);
      return undefined;
    }
    const seen = new Set<string>();
    for (const { key, value } of (node as YAMLMap<Node, Node | null>).items) {
      const field = isScalar(key) && typeof key.value === 'string' ? key.value : String(key);
      const read = Object.hasOwn(fields, field) ? fields[field] : undefined;
      const at = { node: key, blamed: key };
      if (read === undefined) {
        const known = Object.keys(fields);
        this.fault(at, `${name} has no key ${JSON.stringify(field)}; ${nearOf(field, known)}use ${known.join(', ')}`);
      } else if (seen.has(field)) {
        this.fault(at, `${field} is set twice: remove one of the two`);
      } else {
        read({ node: value, blamed: key });
      }
      seen.add(field);
    }
    return seen;
  }

  /** The items of a list; undefined if it is not a list, which is a fault. */
  items(entry: Entry, wanted: string, least = 0): readonly Entry[] | undefined {
    const { node } = entry;
    if (!isSeq(node) || node.items.length < least) {
      this.fault(entry, wanted);
      return undefined;
    }
    return (node.items as Node[]).map((item) => ({ node: item, blamed: node }));
  }

  /** Reads one of several words. */
  choice<T extends string>(entry: Entry, name: string, choices: readonly T[]): Located<T> | undefined {
    const value = scalarOf(entry);
    const chosen = choices.find((choice) => choice === value);
    if (chosen !== undefined) return this.locate(entry, chosen);
    const near = typeof value === 'string' ? nearOf(value, choices) : '';
    this.fault(entry, `${name} must be one of ${choices.join(', ')}${near && `; ${near.trim()}`}`);
    return undefined;
  }

  /** Checks a value that has to be one word. */
  constant(entry: Entry, name: string, wanted: string): void {
    if (scalarOf(entry) !== wanted) this.fault(entry, `${name} must be ${wanted}`);
  }

  /**
   * Reads a string.
   *
   * @param wanted the message if it does not fit
   */
  text(entry: Entry, fits: (value: string) => boolean, wanted: string): Located<string> | undefined {
    const value = scalarOf(entry);
    if (typeof value === 'string' && fits(value)) return this.locate(entry, value);
    this.fault(entry, wanted);
    return undefined;
  }

  /** Reads a whole number in a range. */
  integer(entry: Entry, name: string, least: number, most: number): Located<number> | undefined {
    const value = scalarOf(entry);
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
      return this.locate(entry, value);
    }
    this.fault(entry, `${name} must be a whole number from ${least} to ${most}`);
    return undefined;
  }

  /** Adds a fault. */
  fault(entry: Entry, message: string): void {
    const hint = isAlias(entry.node) ? ' (aliases are not supported: write the value itself)' : '';
    this.#report(offsetOf(entry), message + hint);
  }

  /** Adds the place to a value. */
  locate<T>(entry: Entry, value: T): Located<T> {
    return { value, ...this.#place(offsetOf(entry)) };
  }

  #report(offset: number, message: string): void {
    this.faults.push({ ...this.#place(offset), message });
  }

  #place(offset: number): TextPosition {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

/** The question whether a known word was meant, before what follows; empty if none is near. */
function nearOf(word: string, known: readonly string[]): string {
  const near = didYouMean(word, known);
  return near && `${near} `;
}

function scalarOf({ node }: Entry): unknown {
  return isScalar(node) ? node.value : undefined;
}

/** The offset of the value, or of its key if there is no value. */
function offsetOf({ node, blamed }: Entry): number {
  return node?.range?.[0] ?? blamed?.range?.[0] ?? 0;
}
