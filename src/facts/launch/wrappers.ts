// Programs that run the program in their arguments. Data: which of their options take a word, and the number of words before the
// program.

import { basename, GAP, isKnown, type Word } from '../argv/words.ts';

interface Wrapper {
  /** Options that take the next word (or `=value`, or, for one letter, an attached value). */
  readonly valued?: readonly string[];
  /** Options that take none. */
  readonly plain?: readonly string[];
  /** Words between the options and the program. */
  readonly positionals?: number;
  /** NAME=value words can precede the program. */
  readonly assigns?: boolean;
  /** Everything up to `--` is the wrapper's own. */
  readonly untilDoubleDash?: boolean;
}

const WRAPPERS: Readonly<Record<string, Wrapper>> = {
  tini: { valued: ['-p', '-e'], plain: ['-s', '-g', '-v', '-w'] },
  'tini-static': { valued: ['-p', '-e'], plain: ['-s', '-g', '-v', '-w'] },
  'docker-init': { valued: ['-p', '-e'], plain: ['-s', '-g', '-v', '-w'] },
  'dumb-init': { valued: ['-r', '--rewrite'], plain: ['-c', '--single-child', '-v', '--verbose'] },
  catatonit: { plain: ['-g', '-P'] },
  env: {
    valued: ['-u', '--unset', '-C', '--chdir'],
    plain: ['-i', '-', '--ignore-environment', '-v', '--debug'],
    assigns: true,
  },
  nice: { valued: ['-n', '--adjustment'] },
  ionice: { valued: ['-c', '--class', '-n', '--classdata'], plain: ['-t', '--ignore'] },
  timeout: {
    valued: ['-k', '--kill-after', '-s', '--signal'],
    plain: ['--preserve-status', '--foreground', '-v', '--verbose', '-f', '-p'],
    positionals: 1,
  },
  strace: {
    valued: ['-e', '-o', '-s', '-O', '-S', '-u', '-E', '-P', '-a', '-b', '-I', '-X'],
    plain: ['-f', '-t', '-T', '-v', '-y', '-q', '-c', '-C', '-d', '-i', '-k', '-n', '-r', '-w', '-x', '-D', '-F'],
  },
  flock: {
    valued: ['-w', '--wait', '--timeout', '-E', '--conflict-exit-code'],
    plain: [
      '-s',
      '--shared',
      '-x',
      '-e',
      '--exclusive',
      '-u',
      '--unlock',
      '-n',
      '--nonblock',
      '-o',
      '--close',
      '-F',
      '--no-fork',
      '--verbose',
    ],
    positionals: 1,
  },
  nohup: {},
  setsid: { plain: ['-c', '--ctty', '-f', '--fork', '-w', '--wait'] },
  stdbuf: { valued: ['-i', '--input', '-o', '--output', '-e', '--error'] },
  chrt: { plain: ['-f', '--fifo', '-r', '--rr', '-o', '--other', '-b', '--batch', '-i', '--idle'], positionals: 1 },
  taskset: { plain: ['-c', '--cpu-list', '-a'], positionals: 1 },
  numactl: {
    valued: [
      '-C',
      '--physcpubind',
      '-N',
      '--cpunodebind',
      '-m',
      '--membind',
      '-i',
      '--interleave',
      '-p',
      '--preferred',
    ],
    plain: ['-l', '--localalloc'],
  },
  'su-exec': { positionals: 1 },
  gosu: { positionals: 1 },
  's6-setuidgid': { positionals: 1 },
  chroot: { valued: ['--userspec', '--groups'], plain: ['--skip-chdir'], positionals: 1 },
  setpriv: {
    valued: [
      '--reuid',
      '--regid',
      '--groups',
      '--inh-caps',
      '--ambient-caps',
      '--bounding-set',
      '--securebits',
      '--pdeathsig',
    ],
    plain: ['--clear-groups', '--keep-groups', '--init-groups', '--reset-env', '--no-new-privs', '--nnp'],
  },
  command: { plain: ['-p'] },
  time: { plain: ['-p'] },
  busybox: {},
  'watch-termination': { untilDoubleDash: true },
};

/** What remains of a command line without its wrapper. */
export interface Unwrapped {
  readonly words: readonly Word[];
  /** Variables that the wrapper sets. */
  readonly assignments: ReadonlyMap<string, string>;
  /** The wrapper takes variables away. */
  readonly clears: boolean;
}

/**
 * Peels one known wrapper.
 *
 * @param words the wrapper and its arguments
 * @returns undefined if the program is no known wrapper; `unclear` where it is one, used in a way that is not known
 */
export function unwrap(words: readonly Word[]): Unwrapped | 'unclear' | undefined {
  const [program, ...args] = words;
  if (program === undefined) return undefined;
  const name = basename(program.text);
  if (name === 'go-runner' || name === 'kube-log-runner') return unwrapLogRunner(args);
  const wrapper = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined;
  if (wrapper === undefined) return undefined;
  if (wrapper.untilDoubleDash === true) {
    const end = args.findIndex(({ text }) => text === '--');
    return end === -1 || args.slice(0, end).some(({ text }) => !isKnown(text) && !text.includes('='))
      ? 'unclear'
      : plainly(args.slice(end + 1));
  }
  let at = 0;
  let clears = false;
  for (; at < args.length; at += 1) {
    const text = args[at]?.text ?? '';
    if (text === '--') {
      at += 1;
      break;
    }
    if (!text.startsWith('-') || (text === '-' && wrapper.assigns !== true)) break;
    const width = optionWidth(text, wrapper, name);
    if (width === undefined) return 'unclear';
    clears ||= wrapper.assigns === true;
    at += width - 1;
  }
  const assignments = new Map<string, string>();
  for (; wrapper.assigns === true && args[at] !== undefined; at += 1) {
    const [, variable, value] = /^([^=]+)=([\s\S]*)$/.exec(args[at]?.text ?? '') ?? [];
    if (variable === undefined || value === undefined) break;
    assignments.set(variable, value);
  }
  const skipped = args.slice(at, at + (wrapper.positionals ?? 0));
  if (skipped.some(({ text }) => text.includes(GAP))) return 'unclear';
  const rest = args.slice(at + skipped.length);
  // flock's own way of naming a script.
  const command = name === 'flock' && rest[0]?.text === '-c' ? [{ text: 'sh' }, ...rest] : rest;
  return { words: command, assignments, clears };
}

/** How many words an option takes, with itself. */
function optionWidth(text: string, { valued = [], plain = [] }: Wrapper, name: string): number | undefined {
  if (!isKnown(text)) return undefined;
  const option = text.split('=', 1)[0] ?? '';
  if (valued.includes(option)) return option === text ? 2 : 1;
  if (plain.includes(option)) return 1;
  if (name === 'nice' && /^-\d+$/.test(text)) return 1;
  if (text.startsWith('--')) return undefined;
  if (valued.includes(text.slice(0, 2))) return 1;
  return text
    .slice(1)
    .split('')
    .every((letter) => plain.includes(`-${letter}`))
    ? 1
    : undefined;
}

const LOG_RUNNER_VALUED = ['log-file', 'log-file-size', 'log-file-age', 'flush-interval'];
const LOG_RUNNER_PLAIN = ['also-stdout', 'redirect-stderr'];

/** Go's flag package: one or two dashes, up to the first word that is no flag (component-base logs/kube-log-runner). */
function unwrapLogRunner(args: readonly Word[]): Unwrapped | 'unclear' {
  for (let at = 0; at < args.length; at += 1) {
    const text = args[at]?.text ?? '';
    if (text === '--') return plainly(args.slice(at + 1));
    if (!text.startsWith('-') || text === '-') return isKnown(text) ? plainly(args.slice(at)) : 'unclear';
    const [, name = '', value] = /^--?([^=]*)(=[\s\S]*)?$/.exec(text) ?? [];
    if (LOG_RUNNER_VALUED.includes(name)) at += value === undefined ? 1 : 0;
    else if (!LOG_RUNNER_PLAIN.includes(name)) return 'unclear';
  }
  return plainly([]);
}

function plainly(words: readonly Word[]): Unwrapped {
  return { words, assignments: new Map(), clears: false };
}
