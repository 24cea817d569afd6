import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node, type YAMLMap } from 'yaml';

import type { Action, Surface } from '../policy/types.ts';

/** The configured actions of a control. */
export interface Actions {
  readonly action?: Action;
  readonly on: Readonly<Partial<Record<Surface, Action>>>;
}

const ACTIONS: readonly Action[] = ['off', 'audit', 'ratchet', 'enforce'];
const ON_UNKNOWN = ['audit', 'deny'] as const;
const API_VERSION = 'kubelet-guard.dev/v1alpha1';
const KIND = 'GuardConfiguration';

const SURFACES: readonly Surface[] = [
  'mirror-pod',
  'pod',
  'workload',
  'kubelet-config',
  'kubeadm-config',
  'openshift-config',
];

/** The label that namespaces are named by (RFC 1123). */
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** What a file sets; what it leaves out is absent. */
export interface Settings {
  actions: Map<string, Actions>;
  onUnknown?: 'audit' | 'deny';
  namespaces?: string[];
}

/** What is wrong in a file; line and column are counted from 1. */
export interface ConfigurationFault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/**
 * Reads the text of a GuardConfiguration.
 *
 * @param slugs of the controls there are
 * @returns the settings, which count only if there are no faults
 */
export function readSettings(
  text: string,
  slugs: readonly string[],
): { readonly settings: Settings; readonly faults: readonly ConfigurationFault[] } {
  const reader = new Reader(slugs);
  return { settings: reader.read(text), faults: reader.faults };
}

type Fields = Readonly<Record<string, (value: Node | null, key: Node) => void>>;

/** One pass over a file, that collects faults instead of ending at the first. */
class Reader {
  readonly faults: ConfigurationFault[] = [];
  readonly #slugs: readonly string[];
  readonly #lines = new LineCounter();
  #key: Node | undefined;

  constructor(slugs: readonly string[]) {
    this.#slugs = slugs;
  }

  read(text: string): Settings {
    const settings: Settings = { actions: new Map() };
    const options = { lineCounter: this.#lines, prettyErrors: false, schema: 'core', merge: false } as const;
    const document = parseDocument<Node>(text, options);
    // a warning is of a tag that is not known, whose value then means something else
    for (const { pos, message } of [...document.errors, ...document.warnings])
      this.#fault(pos[0], `not YAML: ${message}`);
    if (this.faults.length > 0) return settings;
    const seen = this.#fields(document.contents, 'the configuration', {
      apiVersion: (value) => {
        this.#constant(value, 'apiVersion', API_VERSION);
      },
      kind: (value) => {
        this.#constant(value, 'kind', KIND);
      },
      controls: (value) => this.#fields(value, 'controls', this.#controlFields(settings)),
      onUnknown: (value) => {
        const chosen = this.#choice(value, 'onUnknown', ON_UNKNOWN);
        if (chosen !== undefined) settings.onUnknown = chosen;
      },
      namespaces: (value, key) => {
        settings.namespaces = this.#namespaces(value, key);
      },
    });
    for (const field of seen === undefined ? [] : ['apiVersion', 'kind']) {
      if (!seen?.has(field)) this.#fault(0, `${field} is missing: it must be ${field === 'kind' ? KIND : API_VERSION}`);
    }
    return settings;
  }

  #controlFields(settings: Settings): Fields {
    const field = (slug: string) => (value: Node | null) => {
      const actions: { action?: Action; on: Partial<Record<Surface, Action>> } = { on: {} };
      this.#fields(value, slug, {
        action: (chosen) => {
          const action = this.#choice(chosen, 'action', ACTIONS);
          if (action !== undefined) actions.action = action;
        },
        on: (surfaces) => {
          this.#fields(
            surfaces,
            'on',
            Object.fromEntries(SURFACES.map((surface) => [surface, this.#on(actions.on, surface)])),
          );
        },
      });
      settings.actions.set(slug, actions);
    };
    return Object.fromEntries(this.#slugs.map((slug) => [slug, field(slug)]));
  }

  #on(actions: Partial<Record<Surface, Action>>, surface: Surface): (value: Node | null) => void {
    return (value) => {
      const action = this.#choice(value, surface, ACTIONS);
      if (action !== undefined) actions[surface] = action;
    };
  }

  #namespaces(value: Node | null, key: Node): string[] {
    if (!isSeq(value) || value.items.length === 0) {
      this.#fault(this.#startOf(value ?? key), 'namespaces must be a list of at least one name');
      return [];
    }
    const names = new Set<string>();
    for (const item of value.items as Node[]) {
      const name = isScalar(item) ? item.value : undefined;
      if (typeof name !== 'string' || !NAMESPACE.test(name)) {
        this.#fault(this.#startOf(item), 'a namespace must be a name as Kubernetes allows it');
      } else if (names.has(name)) {
        this.#fault(this.#startOf(item), `the namespace ${name} is listed twice`);
      } else {
        names.add(name);
      }
    }
    return [...names];
  }

  /** Reads a map of known keys; returns the keys that are there, or undefined where there is no map. */
  #fields(node: Node | null, name: string, fields: Fields): ReadonlySet<string> | undefined {
    if (!isMap(node)) {
      this.#fault(this.#startOf(node), `${name} must be a map`);
      return undefined;
    }
    const seen = new Set<string>();
    for (const { key, value } of (node as YAMLMap<Node, Node | null>).items) {
      const field = isScalar(key) && typeof key.value === 'string' ? key.value : String(key);
      seen.add(field);
      const read = Object.hasOwn(fields, field) ? fields[field] : undefined;
      if (read === undefined) {
        this.#fault(
          this.#startOf(key),
          `${name} has no key ${JSON.stringify(field)}; it can have ${Object.keys(fields).join(', ')}`,
        );
      } else {
        this.#key = key;
        read(value, key);
      }
    }
    return seen;
  }

  #choice<T extends string>(node: Node | null, name: string, choices: readonly T[]): T | undefined {
    const value = isScalar(node) ? node.value : undefined;
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) this.#fault(this.#startOf(node), `${name} must be one of ${choices.join(', ')}`);
    return chosen;
  }

  #constant(node: Node | null, name: string, wanted: string): void {
    if (!isScalar(node) || node.value !== wanted) this.#fault(this.#startOf(node), `${name} must be ${wanted}`);
  }

  #fault(offset: number, message: string): void {
    const { line, col } = this.#lines.linePos(offset);
    this.faults.push({ line: Math.max(line, 1), column: Math.max(col, 1), message });
  }

  /** What stands alone, without a value, is where its key is. */
  #startOf(node: Node | null): number {
    return node?.range?.[0] ?? this.#key?.range?.[0] ?? 0;
  }
}
