// The directives before a document, and what they make of tags (parserc.go of go.yaml.in/yaml v2.4.4).

import { Refused } from './nodes.ts';
import type { Scanner } from './scan/scanner.ts';
import type { YamlToken } from './scan/tokens.ts';

const DEFAULT_PREFIXES: readonly (readonly [handle: string, prefix: string])[] = [
  ['!', '!'],
  ['!!', 'tag:yaml.org,2002:'],
];

/** What the handles of tags stand for in one document. */
export class TagPrefixes {
  readonly #prefixes = new Map<string, string>();

  /** Takes the directives from the scanner. */
  read(scanner: Scanner): void {
    let versioned = false;
    while (scanner.peek().type === 'directive') {
      const token = scanner.take();
      const { directive } = token;
      if (directive === undefined) continue;
      if ('version' in directive) {
        if (versioned) fail('found duplicate %YAML directive', token);
        if (directive.version !== '1.1') fail('found incompatible YAML document', token);
        versioned = true;
      } else {
        if (this.#prefixes.has(directive.handle)) fail('found duplicate %TAG directive', token);
        this.#prefixes.set(directive.handle, directive.prefix);
      }
    }
  }

  /** Adds the handles that every document has, unless a directive defines them. */
  addDefaults(): void {
    for (const [handle, prefix] of DEFAULT_PREFIXES) {
      if (!this.#prefixes.has(handle)) this.#prefixes.set(handle, prefix);
    }
  }

  /** The whole tag of a token. */
  resolve(token: YamlToken): string {
    const { handle, suffix } = token.tag ?? { handle: '', suffix: '' };
    if (handle === '') return suffix;
    const prefix = this.#prefixes.get(handle) ?? fail('found undefined tag handle', token);
    return prefix + suffix;
  }
}

/** Rejects a document at a token, as go-yaml does. */
export function fail(reason: string, { line }: YamlToken): never {
  throw new Refused(reason, line);
}
