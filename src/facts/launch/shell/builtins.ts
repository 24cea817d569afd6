// The builtins of a shell that change the shell itself. Where sh, dash and bash differ, what they change is unknown.

import { isKnown, shown, type Word } from '../../argv/words.ts';
import type { WordToken } from './simple-command.ts';
import { ASSIGNMENT, CHANGES_ALL, CHANGES_NAMES, namesIn, SPECIAL } from './names.ts';
import type { Shell } from './state.ts';
import { expandWord } from './words.ts';

/** A call of a builtin. */
export interface Call {
  readonly tokens: readonly WordToken[];
  /** The words after the name. */
  readonly args: readonly Word[];
  readonly conditional: boolean;
  /** It runs, and in this shell. */
  readonly certain: boolean;
  /** Runs further text of the script. */
  readonly run: (shell: Shell, text: string, conditional: boolean, anyTime: boolean) => void;
}

type Builtin = (shell: Shell, call: Call, name: string) => void;

const MAX_EVALS = 8;
const CONDITION = /^(?:EXIT|0|(?:SIG)?(?:HUP|INT|QUIT|TERM|USR[12]|CHLD|PIPE)|[1-9]\d?)$/;

const BUILTINS = new Map<string, Builtin>([
  ['declare', mayAssign],
  ['eval', evaluate],
  [
    'exec',
    (shell, call) => {
      exec(shell, call);
    },
  ],
  [
    'exit',
    (shell, { certain }) => {
      shell.end(certain);
    },
  ],
  ['export', declare],
  ['getopts', mayAssign],
  ['let', mayAssign],
  ['local', mayAssign],
  ['mapfile', mayAssign],
  ['printf', printf],
  ['read', mayAssign],
  ['readarray', mayAssign],
  ['readonly', declare],
  // outside of a function it ends some shells
  [
    'return',
    (shell) => {
      shell.end(false);
    },
  ],
  [
    'set',
    (shell, { args, certain }) => {
      set(shell, args, certain);
    },
  ],
  ['shift', shift],
  ['trap', trap],
  ['typeset', mayAssign],
  ['unset', unset],
  ['wait', mayAssign],
]);

/** Runs a builtin. Returns false if the command is none. */
export function runBuiltin(shell: Shell, name: string, call: Call): boolean {
  // to dash it is a program, which changes nothing
  if (name === 'builtin') shell.doubt ??= 'the script runs builtin, which is a part of some shells only';
  if (name === 'time' || name === 'command' || name === 'builtin') return wrapped(shell, name, call);
  const builtin = BUILTINS.get(name);
  builtin?.(shell, call, name);
  return builtin !== undefined;
}

/** Runs a builtin after `command`, `builtin` or `time`. */
function wrapped(shell: Shell, wrapper: string, call: Call): boolean {
  const [word, ...args] = call.args[0]?.text === '-p' ? call.args.slice(1) : call.args;
  const name = word?.text ?? '';
  if (name.startsWith('-')) return false;
  if (wrapper === 'time') {
    if (!SPECIAL.has(name) && !CHANGES_NAMES.has(name) && !ASSIGNMENT.test(name)) return false;
    shell.doubt ??= `the script runs ${name} by time, which is a part of some shells only`;
    return true;
  }
  if (CHANGES_ALL.has(name) || !isKnown(name))
    shell.doubt ??= `the script runs ${shown(name)}, which may change everything after it`;
  // where the program is not found, the shell goes on
  if (name === 'exec') exec(shell, { ...call, args, conditional: true, certain: false });
  return name === 'exec' || (name !== 'time' && runBuiltin(shell, name, { ...call, args }));
}

/** What may assign to the variables that it names: not part of every shell, or not the same in each. */
function mayAssign(shell: Shell, { args }: Call): void {
  for (const { text } of args) forgetIn(shell, text);
  if (args.some(({ text }) => /^-[a-zA-Z]*n/.test(text))) shell.doubt ??= 'the script gives a variable a second name';
}

function printf(shell: Shell, call: Call): void {
  if (call.args[0]?.text.startsWith('-v') !== true) return;
  mayAssign(shell, { ...call, args: call.args.slice(0, 2).map((word) => ({ text: word.text.replace(/^-v/, '') })) });
}

function forgetIn(shell: Shell, text: string): void {
  if (isKnown(text)) for (const name of namesIn(text)) shell.parameters.forget(name);
  else shell.doubt ??= 'the script changes a variable whose name is not known';
}

/** `export` and `readonly`: some shells split the value into words. */
function declare(shell: Shell, { tokens, args, certain }: Call, name: string): void {
  for (const token of tokens) {
    if (!ASSIGNMENT.test(token.raw)) continue;
    const splits = token.parts.some(({ kind, quoted }) => kind === 'parameter' && !quoted);
    const whole = !splits || expandWord(token.parts, shell.parameters).length === 1;
    shell.assign(token, certain && whole);
  }
  const names = args.map(({ text }) => text.split('=', 1)[0] ?? '');
  if (!names.every(isKnown)) shell.doubt ??= 'the script changes a variable whose name is not known';
  if (name === 'readonly') for (const each of names) shell.readonly.add(each);
}

function unset(shell: Shell, { args, certain }: Call): void {
  if (args[0]?.text === '-f') return;
  const plain = args.every(
    ({ text }) => /^[A-Za-z_]\w*$/.test(text) && !shell.readonly.has(text) && !shell.isChanging(text),
  );
  if (!plain) shell.mayHaveEnded = true;
  for (const { text } of args) {
    if (!certain || !plain) forgetIn(shell, text);
    else {
      shell.parameters.variables.set(text, undefined);
      if (text === 'IFS') shell.parameters.separatorsChanged = true;
    }
  }
}

function set(shell: Shell, args: readonly Word[], certain: boolean): void {
  // From now on any command that fails ends the script; options that not every shell has end it at once.
  const ends = args.some(
    ({ text }) => /^-[a-zA-Z]*[^abCfhmuvxo-]/.test(text) || /^(?:errexit|pipefail)$/.test(text) || !isKnown(text),
  );
  if (ends) shell.mayHaveEnded = true;
  let first = 0;
  let clusters = true;
  for (; /^[-+]./.test(args[first]?.text ?? '') && args[first]?.text !== '--'; first += 1) {
    const option = args[first]?.text ?? '';
    clusters &&= !/o./.test(option);
    // `set -o pipefail` takes the next word as its option's name.
    if (option.endsWith('o')) first += 1;
  }
  if (first >= args.length) return;
  const text = args[first]?.text ?? '';
  const rest = args.slice(/^--?$/.test(text) ? first + 1 : first);
  // what is not known could be an option, and a dash alone does not mean the same to all shells
  const isFollowed = isKnown(text) && text !== '+' && (text !== '-' || rest.length > 0) && clusters;
  shell.parameters.positional = certain && isFollowed ? rest : undefined;
}

function shift(shell: Shell, { args, certain }: Call): void {
  const { positional, count } = shell.parameters;
  const by = args[0]?.text ?? '1';
  const isFollowed = certain && args.length < 2 && /^\d{1,9}$/.test(by) && count !== undefined && Number(by) <= count;
  shell.parameters.positional = isFollowed ? positional?.slice(Number(by)) : undefined;
  // Where fewer are left, some shells end, and others go on with what there is.
  if (!isFollowed) shell.mayHaveEnded = true;
}

function evaluate(shell: Shell, { args, conditional, certain, run }: Call): void {
  const words = args[0]?.text === '--' ? args.slice(1) : args;
  const script = words.map(({ text }) => text).join(' ');
  shell.evals += 1;
  if (isKnown(script) && shell.evals <= MAX_EVALS) run(shell, script, conditional || !certain, false);
  else shell.doubt ??= 'the script runs eval on text that is not known';
}

function trap(shell: Shell, { args: [action, ...conditions], run }: Call): void {
  if (action === undefined || conditions.length === 0 || ['', '-'].includes(action.text)) return;
  shell.evals += 1;
  const isFollowed = shell.evals <= MAX_EVALS && conditions.every(({ text }) => CONDITION.test(text));
  if (isKnown(action.text) && isFollowed) run(shell, action.text, true, true);
  else shell.doubt ??= 'the script has a trap that cannot be followed';
}

function exec(shell: Shell, { args, conditional, certain }: Call): void {
  let first = 0;
  while (/^-[acl]+$|^--$/.test(args[first]?.text ?? '')) first += args[first]?.text.includes('a') === true ? 2 : 1;
  const words = args.slice(first);
  if (words.length === 0) return;
  shell.commands.push({ words, conditional, replaces: true });
  shell.end(certain);
}
