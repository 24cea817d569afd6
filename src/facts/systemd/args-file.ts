// The files of arguments that microk8s keeps in /var/snap/microk8s/current/args (its patch of Kubernetes,
// cmd/kubelite/app/options/options.go, ReadArgsFromFile). systemd has no part in them, but starts what reads them.

import { HOLE, wordOf, type Word } from '../argv/words.ts';
import type { Budget } from '../budget.ts';

/**
 * The arguments in such a file: quotes are removed wherever they are, each space separates, then variables are replaced.
 *
 * @param variables what is known of the environment, as SNAP_DATA; of others the value is not known
 */
export function argsOfFile(text: string, variables: ReadonlyMap<string, string>, budget: Budget): Word[] {
  budget.characters(text.length);
  return text.split('\n').flatMap((raw) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) return [];
    return line
      .replace(/["']/g, '')
      .split(' ')
      .map((part) => expandAsGo(part, variables, budget));
  });
}

const CLOSED = /\$(?:\{([^}]*)\}|(\{)|([*#$@!?\-0-9])|([A-Za-z0-9_]+))?/g;
/** The same groups, without the first. */
const OPEN = /\$(?:(?!)()|(\{)|([*#$@!?\-0-9])|([A-Za-z0-9_]+))?/g;

/** As os.ExpandEnv: `$NAME` and `${NAME}`; an empty or open brace vanishes, a dollar sign before anything else stays. */
function expandAsGo(part: string, variables: ReadonlyMap<string, string>, budget: Budget): Word {
  budget.words();
  const unknown = new Set<string>();
  // behind the last closing brace none has to be looked for
  const lastClose = part.lastIndexOf('}') + 1;
  const replace = (all: string, braced?: string, open?: string, special?: string, plain?: string): string => {
    const name = braced ?? plain;
    // a process has no variables with such names
    if (open !== undefined || special !== undefined || name === '') return '';
    if (name === undefined) return all;
    const value = variables.get(name);
    if (value === undefined) unknown.add(name);
    budget.steps();
    budget.characters(value?.length ?? 0);
    return value ?? HOLE;
  };
  const text = part.slice(0, lastClose).replace(CLOSED, replace) + part.slice(lastClose).replace(OPEN, replace);
  const word = wordOf(text, undefined);
  const [name] = unknown;
  if (word.holes !== true || name === undefined) return word;
  const message = `the value of $${name.slice(0, 64)} is not known, which the file of arguments names; judge the running process`;
  return { ...word, problem: { code: 'unresolved', message } };
}
