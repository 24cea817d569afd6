// Trees, and many ways to write them as YAML and JSON.

import fc from 'fast-check';

/** A tree whose leaves are YAML text. */
export type Tree = string | readonly Tree[] | { readonly entries: readonly Entry[] };
export type Entry = readonly [key: string, value: Tree];

/** A mapping with its keys in this order; keys may repeat. */
export function mapping(entries: readonly Entry[]): Tree {
  return { entries };
}

/** The random choices of a run, from one seed. */
class Draws {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** True with a probability of 1 in this number. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_103_515_245) + 12_345) >>> 0;
    return (this.#state >>> 8) % limit;
  }

  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }
}

/** A tree as YAML in one of many styles, or as JSON. */
export function spelled(tree: fc.Arbitrary<Tree>): fc.Arbitrary<string> {
  return fc.tuple(tree, fc.nat()).map(([root, seed]) => {
    const draws = new Draws(seed);
    if (draws.once(7)) return json(root, draws);
    if (draws.once(12)) return `${flow(root, draws)}\n`;
    const step = draws.pick([2, 2, 2, 4, 1]);
    return framed(block(root, '', step, draws, true).replace(/^\n/, ''), draws);
  });
}

/** A YAML text with markers, directives and comments around the document. */
function framed(text: string, draws: Draws): string {
  if (!draws.once(5)) return `${text}\n`;
  const before = draws.pick([
    '',
    '---\n',
    '# comment\n',
    '\n\n',
    '%YAML 1.1\n---\n',
    '%YAML 1.1\t# x\n# y\n---\n',
    '%YAML 1.2\n---\n',
    '%YAML 1.1\n%YAML 1.1\n---\n',
    '%TAG ! tag:yaml.org,2002:\n---\n',
    '%TAG !y! tag:yaml.org,2002:\n%YAML 1.1\n--- ',
    '%TAG !! tag:x,2002:\n---\n',
    '%OTHER\n---\n',
    '--- !!map\n',
    '--- &root\n',
    '\uFEFF',
    '--- # x\n',
    '---\n---\n',
    ' \n',
    '...\n',
  ]);
  const after = draws.pick([
    '',
    '\n',
    '\n...\n',
    '\n---\n',
    '\n---\nkind: Other\n',
    '\n---\n- ? : [\n',
    '\n...\n---\n*x',
    '\n}',
    '\n]\n',
    '\n: x',
    '\n%YAML 1.1\n---\n{}',
    '\n@',
    '\n# end',
    '\n...\n# x',
    '\n---\n{',
    '\n ',
    '\n\t\n',
  ]);
  const framedText = `${before}${text}${after}`;
  return draws.once(6)
    ? framedText.replaceAll('\n', draws.pick(['\r\n', '\r\n', '\r', '\u0085', '\u2028', '\u2029']))
    : framedText;
}

function block(tree: Tree, indent: string, step: number, draws: Draws, top = false): string {
  if (typeof tree === 'string') return ` ${property(draws)}${indented(commented(tree, draws), indent)}`;
  if (!top && draws.once(8)) return ` ${property(draws)}${flow(tree, draws)}`;
  const before = top || !draws.once(20) ? '' : ` ${property(draws, 1)}`.trimEnd();
  const inner = top ? '' : indent + ' '.repeat(step);
  if (Array.isArray(tree))
    return before + sequence(tree as readonly Tree[], top ? '' : draws.once(2) ? indent : inner, step, draws);
  const { entries } = tree as Exclude<Tree, string | readonly Tree[]>;
  if (entries.length === 0) return ' {}';
  const lines = entries.map(([key, value]) => {
    const comment = draws.once(25) ? `${inner}# comment\n` : '';
    const colon = draws.once(25) ? ' :' : ':';
    if (draws.once(30)) {
      const asked = draws.pick([
        ` ${key}`,
        ` ${key}`,
        `\n${inner}  ${key}`,
        ` |-\n${inner}  ${key}`,
        ` "${key}" # x`,
        ` ${key}\n${inner} # x`,
      ]);
      if (draws.once(20)) return `${comment}${inner}?${asked}`;
      return `${comment}${inner}?${asked}\n${inner}:${block(value, inner, step, draws)}`;
    }
    return `${comment}${inner}${quotedKey(key, draws)}${colon}${block(value, inner, step, draws)}${tail(value, draws)}`;
  });
  return `${before}\n${lines.join('\n')}`;
}

/** Sometimes an anchor, a tag or both before a node. */
function property(draws: Draws, times = 60): string {
  if (!draws.once(times)) return '';
  return draws.pick([
    '&n ',
    '&n-1 ',
    '! ',
    '!!str ',
    '!foo ',
    '&n !!str ',
    '!!str &n ',
    '!<tag:yaml.org,2002:str> ',
    '!y!str ',
    '!str ',
    '&n.x ',
    '!%66oo ',
    '&n &m ',
  ]);
}

/** A quoted text, sometimes with a comment or more right after it. */
function commented(text: string, draws: Draws): string {
  return /^["'][^\n]*["']$/.test(text) && draws.once(12)
    ? text + draws.pick(['#x', ' #x', '# x: y', ' \t# x', ',', ' x', ':'])
    : text;
}

function sequence(items: readonly Tree[], indent: string, step: number, draws: Draws): string {
  if (items.length === 0) return ' []';
  const lines = items.map((item) => {
    const text = block(item, `${indent}  `, step, draws);
    // A mapping may begin on the line of its dash.
    return `${indent}-${/^\n +/.test(text) && draws.once(2) ? text.replace(/^\n +/, ' '.repeat(1 + step)) : text}`;
  });
  return `\n${lines.join('\n')}`;
}

function tail(value: Tree, draws: Draws): string {
  return typeof value === 'string' && !value.includes('\n') && draws.once(30)
    ? draws.pick([' # comment', ' ', '\t', '  '])
    : '';
}

/** The lines of a block scalar have a marker in place of the indentation. */
function indented(text: string, indent: string): string {
  return text.replaceAll('\n~', `\n${indent}  `);
}

function quotedKey(key: string, draws: Draws): string {
  if (key === '<<' && draws.once(3))
    return draws.pick([
      '"<<"',
      '!!str <<',
      '!foo <<',
      '!!merge "<<"',
      '!!merge <<',
      '! "<<"',
      "! '<<'",
      '&m <<',
      '!!merge <',
      '!y!merge "<<"',
      '!merge <<',
    ]);
  if (key === '<<' || !draws.once(12)) return key;
  return draws.pick([
    ...([`"${key}"`, `'${key}'`, `!!str ${key}`, `&k${draws.below(9)} ${key}`] as const),
    ...([
      `! ${key}`,
      `&k !foo ${key}`,
      `${key}\t`,
      `"\\x${key.charCodeAt(0).toString(16).padStart(2, '0')}${key.slice(1)}"`,
    ] as const),
  ]);
}

function flow(tree: Tree, draws: Draws): string {
  if (typeof tree === 'string')
    return tree.includes('\n') ? draws.pick(['"x"', '"x\n\n y"', "'x\n  y'", 'x\n y']) : property(draws) + tree;
  const comma = draws.pick([', ', ', ', ',', ' , ', ',\n', ', # x\n  ', ',\t', ' ,\n\t']);
  if (Array.isArray(tree)) return `[${(tree as readonly Tree[]).map((item) => flow(item, draws)).join(comma)}]`;
  const { entries } = tree as Exclude<Tree, string | readonly Tree[]>;
  const pairs = entries.map(([key, value]) => {
    const colon = draws.once(15) ? draws.pick([':', ' : ', ':\n ', '\n: ', ':\t']) : ': ';
    return `${draws.once(25) ? '? ' : ''}${quotedKey(key, draws)}${draws.once(40) ? '' : colon + flow(value, draws)}`;
  });
  return `{${pairs.join(comma)}${draws.once(15) ? ',' : ''}}`;
}

function json(tree: Tree, draws: Draws): string {
  const text = jsonValue(tree, draws);
  const before = draws.pick(['', '', '', '\n', '  ', '\t', '\uFEFF', '---\n', '# x\n']);
  const after = draws.pick(['', '', '\n', ' ', ',', '\n---\n{}', '}', '\u0000']);
  return draws.once(4) ? `${before}${text}${after}` : `${text}\n`;
}

function jsonValue(tree: Tree, draws: Draws): string {
  if (typeof tree === 'string') return jsonScalar(tree);
  if (Array.isArray(tree)) return `[${(tree as readonly Tree[]).map((item) => jsonValue(item, draws)).join(',')}]`;
  const { entries } = tree as Exclude<Tree, string | readonly Tree[]>;
  const pairs = entries.map(
    ([key, value]) => `${JSON.stringify(key)}:${draws.once(5) ? '\n  ' : ' '}${jsonValue(value, draws)}`,
  );
  return `{${pairs.join(', ')}}`;
}

function jsonScalar(text: string): string {
  if (text === '' || text === '~') return 'null';
  try {
    JSON.parse(text);
    return text;
  } catch {
    return JSON.stringify(text);
  }
}

/** A text, usually unchanged, sometimes with a changed character or line. */
export function damaged(text: fc.Arbitrary<string>, times = 8): fc.Arbitrary<string> {
  return fc.tuple(text, fc.nat()).map(([original, seed]) => {
    const draws = new Draws(seed);
    if (!draws.once(times)) return original;
    const lines = original.split('\n');
    const at = draws.below(lines.length);
    const line = lines[at] ?? '';
    switch (draws.below(6)) {
      case 0:
        return lines.toSpliced(at, 1).join('\n');
      case 1:
        return lines.toSpliced(at, 0, line).join('\n');
      case 2:
        return lines.with(at, ` ${line}`).join('\n');
      case 3:
        return lines.with(at, line.slice(1)).join('\n');
      default: {
        const signs = Array.from(original);
        const sign = draws.pick([
          '',
          ':',
          ' ',
          '\t',
          '"',
          "'",
          '{',
          '}',
          '[',
          ']',
          ',',
          '#',
          '&',
          '*',
          '!',
          '|',
          '-',
          '?',
          '%',
          '@',
          '\n',
          '\u0007',
          '\u0085',
          '\u00a0',
          '\\',
        ]);
        return signs.toSpliced(draws.below(signs.length + 1), draws.below(2), sign).join('');
      }
    }
  });
}
