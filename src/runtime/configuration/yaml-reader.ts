import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type YAMLMap } from 'yaml';

/** A place in a file; line and column are counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** What is wrong in a file, in words that say what to do. */
export interface ConfigurationFault extends Place {
  readonly message: string;
}

/** A value of a file, and where it stands. */
export interface Located<T> extends Place {
  readonly value: T;
}

/** A value that is to be read: its node, if there is one, and the node that is blamed where there is none. */
export interface Entry {
  readonly node: Node | null;
  readonly blamed: Node | null;
}

/** The keys that a map can have, each with what reads its value. */
export type Fields = Readonly<Record<string, (entry: Entry) => void>>;

/** One pass over a YAML file, that collects faults instead of ending at the first. */
export class YamlReader {
  readonly faults: ConfigurationFault[] = [];
  readonly #lines = new LineCounter();

  /**
   * Reads the text as YAML 1.2: `off` is no boolean and a date is a text.
   *
   * @returns the root, or undefined where the text is no YAML, which is then a fault
   */
  parse(text: string): Entry | undefined {
    const document = parseDocument<Node>(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      schema: 'core',
      merge: false,
      // found by `fields`, so that a key that is set twice does not hide the other faults
      uniqueKeys: false,
    });
    // a warning is of a tag that is not known, whose value then means something else
    for (const { pos, message } of [...document.errors, ...document.warnings]) {
      this.#report(pos[0], `not YAML: ${message}`);
    }
    return this.faults.length > 0 ? undefined : { node: document.contents, blamed: null };
  }

  /** Reads a map of known keys; returns the keys that are there, or undefined where there is no map. */
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
        const known = Object.keys(fields).join(', ');
        this.fault(at, `${name} has no key ${JSON.stringify(field)}; it can have ${known}`);
      } else if (seen.has(field)) {
        this.fault(at, `${field} is set twice: keep one of the two`);
      } else {
        read({ node: value, blamed: key });
      }
      seen.add(field);
    }
    return seen;
  }

  /** The items of a list, or undefined where there is no list, which is then a fault. */
  items(entry: Entry, wanted: string, least = 0): readonly Entry[] | undefined {
    const { node } = entry;
    if (!isSeq(node) || node.items.length < least) {
      this.fault(entry, wanted);
      return undefined;
    }
    return (node.items as Node[]).map((item) => ({ node: item, blamed: node }));
  }

  /** One of several words. */
  choice<T extends string>(entry: Entry, name: string, choices: readonly T[]): Located<T> | undefined {
    const value = scalarOf(entry);
    const chosen = choices.find((choice) => choice === value);
    if (chosen !== undefined) return this.locate(entry, chosen);
    this.fault(entry, `${name} must be one of ${choices.join(', ')}`);
    return undefined;
  }

  constant(entry: Entry, name: string, wanted: string): void {
    if (scalarOf(entry) !== wanted) this.fault(entry, `${name} must be ${wanted}`);
  }

  /** A text that fits; `wanted` says what would. */
  text(entry: Entry, fits: (value: string) => boolean, wanted: string): Located<string> | undefined {
    const value = scalarOf(entry);
    if (typeof value === 'string' && fits(value)) return this.locate(entry, value);
    this.fault(entry, wanted);
    return undefined;
  }

  /** A whole number between two. */
  integer(entry: Entry, name: string, least: number, most: number): Located<number> | undefined {
    const value = scalarOf(entry);
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
      return this.locate(entry, value);
    }
    this.fault(entry, `${name} must be a whole number from ${least} to ${most}`);
    return undefined;
  }

  fault(entry: Entry, message: string): void {
    const hint = isAlias(entry.node) ? ' (aliases are not followed: write it out)' : '';
    this.#report(offsetOf(entry), message + hint);
  }

  locate<T>(entry: Entry, value: T): Located<T> {
    return { value, ...this.#place(offsetOf(entry)) };
  }

  #report(offset: number, message: string): void {
    this.faults.push({ ...this.#place(offset), message });
  }

  #place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

function scalarOf({ node }: Entry): unknown {
  return isScalar(node) ? node.value : undefined;
}

/** What stands alone, without a value, is where its key is. */
function offsetOf({ node, blamed }: Entry): number {
  return node?.range?.[0] ?? blamed?.range?.[0] ?? 0;
}
