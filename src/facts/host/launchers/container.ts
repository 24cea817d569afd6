// docker, podman, nerdctl and ctr: a unit can run a component in a container of its own (docker run, ctr run).

import type { Component, Problem } from '../../../policy/reading.ts';
import { isApiServerFlag } from '../../argv/flags.ts';
import { basename, HOLE, isKnown, shown, type Word } from '../../argv/words.ts';
import type { Budget } from '../../budget.ts';
import { resolveLaunch } from '../../launch/launch.ts';
import type { HostCommand } from '../start.ts';
import type { Launcher } from './launcher.ts';

/** The number of words between the options and the command: the image, for ctr with the container's name. */
const PROGRAMS: Readonly<Record<string, number>> = { docker: 1, podman: 1, nerdctl: 1, ctr: 2 };
/** Options of `run` that take no value. Any other takes the next word, or `=value`. */
const SWITCHES = new Set(
  (
    '--allow-new-privs --cni --detach --disable-content-trust --env-host --http-proxy --init --interactive --net-host --no-healthcheck ' +
    '--no-hostname --no-hosts --no-pivot --null-io --oom-kill-disable --privileged --publish-all --quiet --read-only --replace --rm ' +
    '--rmi --rootfs --seccomp --sig-proxy --tls-verify --tty --unsetenv-all'
  ).split(' '),
);
const SHORT_SWITCHES = /^-[ditPq]+$/;
const VOLUMES = new Set(['-v', '--volume', '--mount']);

/** The programs, each as a launcher. Their units have any name. */
export const containers: readonly Launcher[] = Object.entries(PROGRAMS).map(([name, positionals]) => ({
  name,
  units: [],
  starts: (words) => words.includes('run'),
  commandOf: (component, { words }, _files, budget) => commandOf(positionals, component, words, budget),
}));

/** Tells whether a program starts containers. */
export function isContainerProgram(program: string): boolean {
  return Object.hasOwn(PROGRAMS, basename(program));
}

interface Run {
  readonly command: readonly Word[];
  readonly entrypoint?: Word;
  /** Paths of folders and files that are the same in the container and on the host. */
  readonly same: readonly string[];
}

function commandOf(
  positionals: number,
  component: Component,
  words: readonly Word[],
  budget: Budget,
): HostCommand | undefined {
  budget.steps(words.length);
  const run = runOf(words.slice(words.findIndex(({ text }) => text === 'run') + 1), positionals);
  if (run === undefined) return hidden(component, words);
  const { command, entrypoint, same } = run;
  const whole = entrypoint === undefined ? command : [entrypoint, ...command];
  const environment = { values: new Map<string, string>(), open: true };
  const { invocations } = resolveLaunch(whole, environment, isApiServerFlag, budget);
  const [own, ...others] = invocations.filter((invocation) => invocation.component === component);
  if (own === undefined && invocations.length > 0) return undefined;
  if (own === undefined || others.length > 0 || own.conditional) return hidden(component, words);
  return { words: own.args.map((word, at) => seen(word, own.args[at - 1], same)), doubts: own.doubts };
}

/** Undefined where an option cannot be read. */
function runOf(words: readonly Word[], positionals: number): Run | undefined {
  const same: string[] = [];
  let entrypoint: Word | undefined;
  let at = 0;
  for (; at < words.length; at += 1) {
    const { text } = words[at] ?? { text: '' };
    if (!isKnown(text)) return undefined;
    if (!text.startsWith('-')) break;
    const [name = '', ...rest] = text.split('=');
    if (rest.length === 0 && (SWITCHES.has(name) || SHORT_SWITCHES.test(name))) continue;
    const isAttached = rest.length > 0 || /^-[a-z]./.test(text);
    const option = /^-[a-z]./.test(text) ? text.slice(0, 2) : name;
    const value = isAttached
      ? { text: text.slice(rest.length > 0 && option === name ? name.length + 1 : 2) }
      : words[(at += 1)];
    if (value === undefined) return undefined;
    if (VOLUMES.has(option)) same.push(...samePaths(value.text));
    if (option === '--entrypoint') entrypoint = value;
  }
  const command = words.slice(at + positionals);
  return { command, same, ...(entrypoint && { entrypoint }) };
}

/** The path of a volume that is at the same place on both sides. */
function samePaths(volume: string): string[] {
  const fields = new Map(volume.split(',').map((field) => field.split('=', 2) as [string, string | undefined]));
  const [first = '', second = ''] = volume.includes('=')
    ? [
        fields.get('source') ?? fields.get('src'),
        fields.get('target') ?? fields.get('dst') ?? fields.get('destination'),
      ]
    : volume.split(':');
  return first === second && first.startsWith('/') ? [first.replace(/(?<!\/)\/+$/, '')] : [];
}

/** A file that the container need not have at the host's path is not known. */
function seen(word: Word, before: Word | undefined, same: readonly string[]): Word {
  const [, flag = '', attached] = /^(--config|--config-dir)=(.*)$/s.exec(word.text) ?? [];
  const path = attached ?? (before !== undefined && /^--config(?:-dir)?$/.test(before.text) ? word.text : undefined);
  if (path === undefined || same.some((folder) => path === folder || path.startsWith(`${folder}/`))) return word;
  const message = `the unit does not show that ${shown(path)} in the container is the host's file of the same path; check the running process, or mount it at the same path`;
  const problem: Problem = { code: 'not-mounted', message };
  return { ...word, text: attached === undefined ? HOLE : `${flag}=${HOLE}`, holes: true, problem };
}

/** What the image runs is not known. A kube-apiserver is looked for only where it is named. */
function hidden(component: Component, words: readonly Word[]): HostCommand | undefined {
  const isNamed = words.some(({ text }) => text.includes(component));
  if (component === 'kube-apiserver' && !isNamed) return undefined;
  const message = `the container that the unit runs does not show how ${component} is started; check the running process`;
  return { problem: { code: 'not-visible', message } };
}
