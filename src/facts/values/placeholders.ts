// Placeholders of templates: what a value, or a text that is no YAML, has where a tool would fill something in.

import type { Origin, Problem } from '../../policy/reading.ts';

/** What fills a placeholder in, as far as its form shows it. */
export type PlaceholderKind = 'helm' | 'jinja' | 'braces' | 'erb' | 'dollar' | 'pipeline' | 'sample';

/** A part of a text that stands for something else. */
export interface Placeholder {
  readonly kind: PlaceholderKind;
  /** As it is written, shortened. */
  readonly text: string;
}

/** A placeholder of a text, with its line. */
export interface LocatedPlaceholder extends Placeholder {
  /** The line, counted from 1. */
  readonly line: number;
}

// parts are bounded, so that a hostile text is searched in linear time
const FORMS: readonly (readonly [PlaceholderKind, RegExp])[] = [
  ['jinja', /\{%[^\n]{0,200}?%\}|\{#[^\n]{0,200}?#\}/],
  ['braces', /\{\{[^\n]{0,200}?\}\}/],
  ['erb', /<%[^\n]{0,200}?%>/],
  // $NAME and ${NAME}, also with a default; ${{ NAME }} is a pipeline's
  ['pipeline', /\$\{\{[^\n]{0,200}?\}\}|#\{[^\n{}]{0,100}\}#?|\$\[[^\n\]]{0,100}\]/],
  ['dollar', /\$\{[^\n{}]{1,200}\}|\$[A-Za-z_]\w{0,100}/],
  // of sed, autoconf, Puppet, Python, Windows and Concourse
  [
    'sample',
    /@@?[A-Za-z_][\w.]{0,100}@@?|%[{(][^\n(){}]{1,100}[)}]s?|%[A-Za-z_]\w{1,100}%|__[A-Z][A-Z0-9_]{0,100}__|\(\([\w./-]{1,100}\)\)|\[\[[^\n[\]]{1,100}\]\]/,
  ],
  ['sample', /<[A-Za-z][^<>\n]{0,200}>/],
  ['sample', /(?<![A-Za-z])(?:REPLACE|CHANGE)[-_ ]?(?:ME|THIS)(?![A-Za-z])/i],
  ['sample', /^(?:TODO|TBD|FIXME|x{3,100}|X{3,100}|\.{3}|\u2026)$/],
];
/** What every form has; most values have none of it. */
const ANY_FORM = /[{$<@%#[(\u2026]|__|\.{3}|REPLACE|CHANGE|TODO|TBD|FIXME|xxx/i;
/** `$(NAME)`, which only a kubelet replaces, in the command line of a container. */
const DOLLAR_PARENTHESES = /\$\([A-Za-z_][\w.-]{0,100}\)/;

const HELM =
  /\{\{-?\s*(?:\(*\s*)(?:\.Values|\.Release|\.Chart|\.Capabilities|\.Files|include\b|template\b|toYaml\b|tpl\b|define\b|with \.|range \.|if \.)/;
const JINJA =
  /\|\s*(?:default|d|bool|int|string|to_nice_yaml|to_yaml|join|ipaddr|lower|trim|quote)\s*(?:\(|\}\}|\|)|\bansible_|\bhostvars\b|\blookup\(/;
const LONGEST_SHOWN = 60;

/**
 * The placeholder in a value. Every form is complete in itself, so that a path with a lone brace or dollar sign is a path.
 *
 * @param place `command line`: `$(NAME)` is no placeholder there, because the component's start gives it a meaning
 */
export function placeholderIn(value: string, place: 'command line' | 'document' = 'document'): Placeholder | undefined {
  if (!ANY_FORM.test(value)) return undefined;
  const found = FORMS.flatMap(([kind, form]) => {
    const match = form.exec(value);
    return match ? [{ kind, text: match[0], at: match.index }] : [];
  });
  const parentheses = place === 'document' ? DOLLAR_PARENTHESES.exec(value) : null;
  if (parentheses) found.push({ kind: 'pipeline', text: parentheses[0], at: parentheses.index });
  const [first] = found.sort((one, other) => one.at - other.at || other.text.length - one.text.length);
  return first && placeholder(first.kind, first.text);
}

/** What breaks a text that is meant to be YAML: the beginning of a placeholder of a template language. */
const OPENING = /\{\{|\{%|<%|\{#/;

/**
 * The first placeholder of a text that no parser can read: the place where it is a template. Comments are passed over.
 *
 * @returns undefined if the text has none, so that something else is wrong with it
 */
export function firstPlaceholder(text: string): LocatedPlaceholder | undefined {
  let line = 0;
  for (let start = 0; start <= text.length;) {
    const next = text.indexOf('\n', start);
    const end = next === -1 ? text.length : next;
    line += 1;
    const content = text.slice(start, end);
    start = end + 1;
    const opening = OPENING.exec(content);
    if (opening === null || /^\s*#(?!\{)/.test(content)) continue;
    const rest = content.slice(opening.index, opening.index + 400);
    const found = placeholderIn(rest);
    return { ...(found ?? placeholder(rest.startsWith('<%') ? 'erb' : 'braces', rest.trim())), line };
  }
  return undefined;
}

function placeholder(kind: PlaceholderKind, text: string): Placeholder {
  const braces = kind === 'braces' ? (HELM.test(text) ? 'helm' : JINJA.test(text) ? 'jinja' : kind) : kind;
  return { kind: braces, text: text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text };
}

/**
 * How the text with the placeholder becomes what a component would read, as the end of a sentence.
 *
 * @param path the file's path, whose ending tells more
 */
export function renderFirst({ kind }: Placeholder, path = ''): string {
  if (/\.(?:j2|jinja2?)$/i.test(path)) return INSTRUCTIONS.jinja;
  if (/\.(?:tftpl|tf)$/i.test(path)) return 'render it first with terraform, and check the result';
  if (/\.erb$/i.test(path)) return INSTRUCTIONS.erb;
  if (kind === 'braces' && /(?:^|\/)templates\//.test(path)) return INSTRUCTIONS.helm;
  return INSTRUCTIONS[kind];
}

const INSTRUCTIONS: Readonly<Record<PlaceholderKind, string>> = {
  helm: 'render it first: helm template CHART | kubelet-guard check -',
  jinja: 'render it first with Ansible or Jinja, and check the result: kubelet-guard check FILE',
  braces:
    'render it first (Helm: helm template CHART | kubelet-guard check -; Ansible, Jinja and others: check the rendered file)',
  erb: 'render it first with erb or Puppet, and check the result: kubelet-guard check FILE',
  dollar: 'render it first: envsubst < FILE | kubelet-guard check -',
  pipeline: 'let the pipeline or kustomize fill it in first, and check the result: kubelet-guard check FILE',
  sample: 'write the value in its place, then check it again',
};

/** The problem with a value that has a placeholder. */
export function placeholderProblem(setting: string, found: Placeholder, origin: Origin): Problem {
  const message = `${setting} holds the placeholder ${found.text}: ${renderFirst(found, origin.file)}`;
  return { code: 'unresolved', message, origin };
}

/**
 * The problem of a text that cannot be read, if a placeholder is the likely reason.
 *
 * @param found the text's first placeholder, which is searched once for all of its documents
 */
export function brokenTemplate(problem: Problem, found: LocatedPlaceholder, path: string): Problem {
  const { line, text } = found;
  return {
    ...problem,
    message: `${problem.message}; line ${line} holds the placeholder ${text}: ${renderFirst(found, path)}`,
    origin: { layer: 'file', line },
  };
}
