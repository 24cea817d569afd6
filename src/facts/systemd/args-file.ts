// The argument files of microk8s in /var/snap/microk8s/current/args (its patch of Kubernetes,
// cmd/kubelite/app/options/options.go, ReadArgsFromFile). systemd does not read them, but starts the program that does.

import { HOLE, wordOf, type Word } from '../argv/words.ts';
import type { Budget } from '../budget.ts';

/**
 * The arguments in such a file. Quotes are removed everywhere, each space separates, then variables are replaced.
 *
 * @param variables the known variables, such as SNAP_DATA; others have an unknown value
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
  // no closing brace follows the last one
  const lastClose = part.lastIndexOf('}') + 1;
  const replace = (all: string, braced?: string, open?: string, special?: string, plain?: string): string => {
    const name = braced ?? plain;
    // no variable of a process has such a name
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
  const message = `the value of $${name.slice(0, 64)} in the argument file is not known; check the running process`;
  return { ...word, problem: { code: 'unresolved', message } };
}
