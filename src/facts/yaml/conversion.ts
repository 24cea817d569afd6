// Converts nodes to values: duplicate keys, merges, aliases and plain scalars as go.yaml.in/yaml/v2 reads them
// (decode.go of v2.4.4), and JSON as encoding/json does.

import type { Budget } from '../budget.ts';
import { Duplicates, type Attempts } from './duplicates.ts';
import { Refused, type AliasNode, type CollectionNode, type Node, type ScalarNode } from './nodes.ts';
import { resolveScalar } from './scalars.ts';

const MERGE_TAG = 'tag:yaml.org,2002:merge';

/** A mapping that is being filled: its own entries, and those that are merged into it. */
interface Target {
  readonly entries: Record<string, unknown>;
  /** The types of keys that are no texts: to Go the text 1.5 and the number 1.5 are different keys. */
  readonly kinds: Map<string, string>;
}

/** One document's conversion from nodes to values. */
export class Conversion {
  /** Pointer of the first key that is set twice. */
  duplicate: string | undefined;
  readonly #json: boolean;
  readonly #budget: Budget;
  readonly #duplicates = new Duplicates();
  /** The names on the way from the root to what is converted. */
  readonly #path: string[] = [];
  readonly #openAliases = new Set<AliasNode>();
  #nullKeys = false;
  #infinite = false;
  // the document counts as one
  #decoded = 1;
  #decodedInAliases = 0;

  constructor(json: boolean, budget: Budget) {
    this.#json = json;
    this.#budget = budget;
  }

  /** What a decoder of JSON meets besides the value. */
  get attempts(): Attempts | undefined {
    return this.#duplicates.attempts;
  }

  /** The value of the whole document. */
  root(node: Node): unknown {
    const value = this.#value(node, 1);
    if (this.#nullKeys && hasNullKey(value)) throw new Refused('unsupported map key: null');
    if (this.#infinite && !isFinite(value)) throw new Refused('json: unsupported value: not a finite number');
    return value;
  }

  #value(node: Node, depth: number): unknown {
    this.#count();
    switch (node.kind) {
      case 'scalar':
        return this.#scalar(node);
      case 'alias':
        return this.#alias(node, depth, (target) => this.#value(target, depth + 1));
      case 'sequence':
        return this.#sequence(node, depth);
      case 'mapping': {
        const entries = {};
        this.#fill({ entries, kinds: new Map() }, node, depth);
        return entries;
      }
    }
  }

  #scalar(node: ScalarNode): unknown {
    const { value: text, tag, implicit, line } = node;
    if (this.#json && implicit && isNumber(text)) return jsonNumber(text);
    const resolved = resolveScalar(text, implicit, tag);
    if ('refused' in resolved) throw new Refused(resolved.refused, line);
    const { value } = resolved;
    if (typeof value === 'number' && !Number.isFinite(value)) this.#infinite = true;
    return value;
  }

  #sequence({ children }: CollectionNode, depth: number): unknown[] {
    this.#budget.level(depth);
    const elements: unknown[] = [];
    for (const child of children) {
      this.#path.push(String(elements.length));
      elements.push(this.#value(child, depth + 1));
      this.#path.pop();
      if (this.#json) this.#noteNumber(elements, '', child);
    }
    return elements;
  }

  #fill(target: Target, { children }: CollectionNode, depth: number): void {
    this.#budget.level(depth);
    for (let index = 0; index + 1 < children.length; index += 2) {
      const [key, child] = [children[index], children[index + 1]];
      if (key === undefined || child === undefined) continue;
      if (isMerge(key)) {
        this.#merge(target, child, depth);
        continue;
      }
      const { name, kind } = this.#key(key, depth);
      this.#path.push(name);
      this.#set(target, name, kind, this.#value(child, depth + 1));
      this.#path.pop();
      if (this.#json) this.#noteNumber(target.entries, name, child);
    }
  }

  #set({ entries, kinds }: Target, name: string, kind: string, value: unknown): void {
    const twice = Object.hasOwn(entries, name);
    if (twice && (kinds.get(name) ?? 'string') === kind) this.duplicate ??= this.#pointer();
    define(entries, name, twice && this.#json ? this.#duplicates.merged(entries, name, entries[name], value) : value);
    if (kind !== 'string') kinds.set(name, kind);
    else if (twice) kinds.delete(name);
  }

  #key(node: Node, depth: number): { readonly name: string; readonly kind: string } {
    const key = this.#value(node, depth + 1);
    if (typeof key === 'string') return { name: key, kind: 'string' };
    if (typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean')
      return { name: String(key), kind: typeof key };
    if (key !== null) throw new Refused('a mapping key must be a string, a number or a boolean', node.line);
    this.#nullKeys = true;
    return { name: NULL_KEY, kind: 'null' };
  }

  /** `<<` takes effect where it stands: it overrides keys that stand before it (decode.go, mapping and merge). */
  #merge(target: Target, node: Node, depth: number): void {
    // of a list, the first mapping counts most
    const sources = node.kind === 'sequence' ? node.children.toReversed() : [node];
    for (const source of sources) {
      const merged = source.kind === 'alias' ? source.target : source;
      if (merged.kind !== 'mapping')
        throw new Refused('map merge requires map or sequence of maps as the value', source.line);
      this.#count();
      if (source.kind === 'mapping') this.#fill(target, merged, depth + 1);
      else if (source.kind === 'alias')
        this.#alias(source, depth, () => {
          this.#count();
          this.#fill(target, merged, depth + 1);
        });
    }
  }

  #alias<T>(alias: AliasNode, depth: number, convert: (target: Node) => T): T {
    this.#budget.level(depth);
    if (this.#openAliases.has(alias)) throw new Refused(`anchor '${alias.name}' value contains itself`, alias.line);
    this.#openAliases.add(alias);
    const converted = convert(alias.target);
    this.#openAliases.delete(alias);
    return converted;
  }

  /** The components' own limit on aliases (decode.go, allowedAliasRatio). What stands in the text is paid for already. */
  #count(): void {
    this.#decoded += 1;
    if (this.#openAliases.size === 0) return;
    this.#budget.nodes();
    this.#decodedInAliases += 1;
    const excessive =
      this.#decodedInAliases > 100 &&
      this.#decoded > 1000 &&
      this.#decodedInAliases / this.#decoded > allowedAliasRatio(this.#decoded);
    if (excessive) throw new Refused('document contains excessive aliasing');
  }

  /** To a decoder of JSON `1.0` is no integer, and `-0` no unsigned one. */
  #noteNumber(holder: object, name: string, node: Node): void {
    if (node.kind !== 'scalar' || !node.implicit || !isNumber(node.value)) return;
    if (isFraction(node.value)) this.#duplicates.note(holder, name, 0.5);
    else if (node.value === '-0') this.#duplicates.note(holder, name, -1);
  }

  #pointer(): string {
    return this.#path.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  }
}

function isMerge(key: Node): boolean {
  return key.kind === 'scalar' && key.value === '<<' && (key.implicit || key.tag === MERGE_TAG);
}

function isNumber(text: string): boolean {
  const code = text.charCodeAt(text.startsWith('-') ? 1 : 0);
  return code >= 0x30 && code <= 0x39;
}

function isFraction(text: string): boolean {
  return /[.eE]/.test(text);
}

/** No integer type holds more digits, and to make sense of very many takes long. */
const MAX_DIGITS = 40;

function jsonNumber(text: string): number | bigint {
  const value = Number(text);
  if (isFraction(text) || Number.isSafeInteger(value)) return value;
  return text.length > MAX_DIGITS ? value : BigInt(text);
}

function allowedAliasRatio(decoded: number): number {
  if (decoded <= 400_000) return 0.99;
  if (decoded >= 4_000_000) return 0.1;
  return 0.99 - 0.89 * ((decoded - 400_000) / 3_600_000);
}

/** Stands for the key null, which is refused only where it remains: a later key of the same name may replace its mapping. */
const NULL_KEY = '\u0000null';

function hasNullKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, NULL_KEY) || Object.values(value).some(hasNullKey);
}

/** Tells whether every number in a value is one that JSON can carry. */
export function isFinite(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(isFinite);
}

/** Sets a key that may be `__proto__`. */
function define(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
  else target[name] = value;
}
