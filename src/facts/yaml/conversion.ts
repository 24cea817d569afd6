// From YAML nodes to values: duplicate keys, merges, anchors and plain scalars as go.yaml.in/yaml/v2 understands them
// (decode.go of v2.4.4), and JSON as encoding/json does.

import { isAlias, isMap, isScalar, isSeq, Scalar, visit, type Alias, type Node, type YAMLMap } from 'yaml';

import { resolveScalar } from './scalars.ts';

type Wrap = (inner: unknown) => unknown;

/** A document that the components refuse, in their words. */
export class Refused extends Error {}

/** One document's conversion from nodes to values, with the limits that keep aliases from exploding. */
export class Conversion {
  /** Pointer of the first key that is set twice. */
  duplicate: string | undefined;
  /** What a decoder of JSON meets besides the value: see ParsedDocument. */
  readonly attempts: unknown[] = [];
  readonly #json: boolean;
  /** Where the text ends, if it does so without a line break. */
  readonly #unfinished: number;
  readonly #targets: Map<Alias, Node | undefined>;
  readonly #open = new Set<Alias>();
  #nullKeys = false;
  #steps = 0;
  #aliasSteps = 0;

  constructor(root: Node, text: string, json: boolean) {
    const lastLine = text.slice(text.lastIndexOf('\n') + 1);
    this.#unfinished = lastLine.trim() === '' ? Infinity : text.length;
    this.#json = json;
    this.#targets = text.includes('*') ? aliasTargets(root) : new Map<Alias, Node | undefined>();
  }

  /** The value of the whole document. */
  root(node: Node): unknown {
    const value = this.#convert(node, '', (inner) => inner);
    if (this.#nullKeys && hasNullKey(value)) throw new Refused('unsupported map key: null');
    if (!this.#json && !isFinite(value)) throw new Refused('json: unsupported value: not a finite number');
    return value;
  }

  /** @param wrap puts a value at the node's place in a document that holds nothing else */
  #convert(node: unknown, pointer: string, wrap: Wrap): unknown {
    this.#count();
    if (isScalar(node)) return this.#scalar(node, wrap);
    if (isMap(node)) return this.#map(node, {}, pointer, wrap);
    if (isSeq(node)) {
      const wrapItem: Wrap = (inner) => wrap([inner]);
      return node.items.map((item, index) => this.#convert(item, `${pointer}/${String(index)}`, wrapItem));
    }
    if (isAlias(node)) return this.#alias(node, (target) => this.#convert(target, pointer, wrap));
    return null;
  }

  #scalar(node: Scalar, wrap: Wrap): unknown {
    const plain = node.type === Scalar.PLAIN || node.type === undefined;
    const text = this.#textOf(node);
    if (this.#json && plain && /^-?\d/.test(text)) return this.#jsonNumber(text, wrap);
    const resolved = resolveScalar(text, plain, node.tag);
    if ('refused' in resolved) throw new Refused(resolved.refused);
    return resolved.value;
  }

  #textOf({ value, type, range }: Scalar): string {
    const text = typeof value === 'string' ? value : '';
    const block = type === Scalar.BLOCK_FOLDED || type === Scalar.BLOCK_LITERAL;
    // A line break that is not there is no part of the text.
    return block && (range?.[1] ?? 0) >= this.#unfinished ? text.replace(/\n$/, '') : text;
  }

  /** In JSON `1.0` is no integer, unlike in YAML. */
  #jsonNumber(text: string, wrap: Wrap): unknown {
    if (/[.eE]/.test(text)) {
      this.attempts.push(wrap(0.5));
      return Number(text);
    }
    // No unsigned integer takes `-0`, as little as it takes -1.
    if (text === '-0') this.attempts.push(wrap(-1));
    const value = Number(text);
    return Number.isSafeInteger(value) ? value : BigInt(text);
  }

  #map(node: YAMLMap, out: Record<string, unknown>, pointer: string, wrap: Wrap): Record<string, unknown> {
    const kinds = new Map(Object.keys(out).map((name) => [name, 'string']));
    for (const { key, value } of node.items) {
      if (isScalar(key) && key.value === '<<' && key.type === Scalar.PLAIN) {
        this.#merge(value, out, pointer, wrap);
        continue;
      }
      const { name, kind } = this.#key(key);
      const at = `${pointer}/${escapeSegment(name)}`;
      const wrapEntry: Wrap = (inner) => wrap(define({}, name, inner));
      const converted = this.#convert(value, at, wrapEntry);
      if (Object.hasOwn(out, name)) {
        // To Go the text 1.5 and the number 1.5 are different keys.
        if (kinds.get(name) === kind) this.duplicate ??= at;
        if (this.#json) this.attempts.push(wrapEntry(out[name]), wrapEntry(converted));
        define(out, name, this.#json ? mergeDuplicate(name, out[name], converted) : converted);
      } else define(out, name, converted);
      kinds.set(name, kind);
    }
    return out;
  }

  #key(node: unknown): { readonly name: string; readonly kind: string } {
    const key = this.#convert(node, '', (inner) => inner);
    if (typeof key === 'string') return { name: key, kind: 'string' };
    if (typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean')
      return { name: String(key), kind: typeof key };
    if (key !== null) throw new Refused('a mapping key must be a string, a number or a boolean');
    this.#nullKeys = true;
    return { name: NULL_KEY, kind: 'null' };
  }

  /** `<<` takes effect where it stands: it overrides keys that stand before it (decode.go, mapping and merge). */
  #merge(node: unknown, out: Record<string, unknown>, pointer: string, wrap: Wrap): void {
    const sources = isSeq(node) ? [...node.items].reverse() : [node];
    for (const source of sources) {
      const target = isAlias(source) ? this.#targets.get(source) : source;
      if (!isMap(target)) throw new Refused('map merge requires map or sequence of maps as the value');
      if (isAlias(source)) this.#alias(source, () => this.#map(target, out, pointer, wrap));
      else this.#map(target, out, pointer, wrap);
    }
  }

  #alias<T>(alias: Alias, convert: (target: Node) => T): T {
    const target = this.#targets.get(alias);
    if (target === undefined) throw new Refused(`unknown anchor '${alias.source}' referenced`);
    if (this.#open.has(alias)) throw new Refused(`anchor '${alias.source}' value contains itself`);
    this.#open.add(alias);
    const converted = convert(target);
    this.#open.delete(alias);
    return converted;
  }

  /** The components' own limit on aliases (decode.go, allowedAliasRatio, in its strictest reading). */
  #count(): void {
    this.#steps += 1;
    if (this.#open.size > 0) this.#aliasSteps += 1;
    const excessive =
      this.#aliasSteps > 100 && this.#steps > 1000 && this.#aliasSteps / this.#steps > allowedAliasRatio(this.#steps);
    if (excessive) throw new Refused('document contains excessive aliasing');
  }
}

function allowedAliasRatio(steps: number): number {
  if (steps <= 400_000) return 0.99;
  if (steps >= 4_000_000) return 0.1;
  return 0.99 - 0.89 * ((steps - 400_000) / 3_600_000);
}

/** Binds each alias to the last anchor of its name that stands before it. */
function aliasTargets(root: Node): Map<Alias, Node | undefined> {
  const targets = new Map<Alias, Node | undefined>();
  const anchors = new Map<string, Node>();
  visit(root, {
    Alias: (_, alias) => {
      targets.set(alias, anchors.get(alias.source));
    },
    Value: (_, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

/** What null does take away, among what matters, because it is a pointer: in kubeadm's `etcd`, and whether something is on. */
const POINTERS: ReadonlySet<string> = new Set(['external', 'local', 'enabled']);

/** Go decodes a JSON key that stands twice into the same struct: objects merge and null changes nothing. */
function mergeDuplicate(key: string, before: unknown, after: unknown): unknown {
  if (after === null) return before === undefined || Array.isArray(before) || POINTERS.has(key) ? null : before;
  if (Array.isArray(before) && Array.isArray(after))
    return after.map((entry: unknown, index) => mergeDuplicate('', before[index], entry));
  if (!isRecord(before) || !isRecord(after)) return after;
  const merged = { ...before };
  for (const [name, value] of Object.entries(after)) define(merged, name, mergeDuplicate(name, before[name], value));
  return merged;
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

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets a key that may be `__proto__`. */
function define(target: Record<string, unknown>, name: string, value: unknown): Record<string, unknown> {
  if (name === '__proto__')
    Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
  else target[name] = value;
  return target;
}

function escapeSegment(name: string): string {
  return name.includes('~') || name.includes('/') ? name.replaceAll('~', '~0').replaceAll('/', '~1') : name;
}
