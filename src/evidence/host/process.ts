// One process, as /proc/PID shows it (proc(5)).

import { closeSync, constants, existsSync, openSync, readdirSync, readlinkSync } from 'node:fs';

import type { Problem } from '../../policy/reading.ts';
import { readProcFile } from './bytes.ts';
import { isGone } from './problems.ts';

/** What names a process. */
export interface ProcessName {
  /** Its words; those that are not UTF-8 with U+FFFD in them. Empty where it has none. */
  readonly argv: readonly string[];
  /** The path of its program, ending with ` (deleted)` where that was replaced since. */
  readonly exe?: string;
}

/** A process that was looked for. */
export interface HostProcess extends ProcessName {
  readonly pid: number;
  /** Its folder below /proc. */
  readonly directory: string;
  /** Only the beginning of its words, or of its variables, was read. */
  readonly cut: boolean;
  readonly parent: number;
  /** In ticks since the host's start: with the pid, the name of this very process. */
  readonly startTicks: number;
  /**
   * In the same ticks, when the first of its other threads was started: its program was not started later. Undefined if it has no
   * other thread, or too many.
   */
  readonly programTicks?: number;
  /** When its program was started, as far as that is known: a process can run another program first (execve(2)). */
  readonly startedAt?: Date;
  /** The kernel's names of its namespaces, which tell containers apart; not there where they may not be known. */
  readonly mountNamespace?: string;
  readonly pidNamespace?: string;
  /** Its control group as /proc/PID/cgroup has it, which names a container to its runtime. */
  readonly cgroup?: string;
  /** Those of its environment variables that were asked for. */
  readonly variables: ReadonlyMap<string, string>;
  /** What of the process cannot be read. With such a problem, its files are unknown too. */
  readonly problems: readonly Problem[];
}

/** What the kernel lets a command line be, with the usual limit of the stack (execve(2)). */
export const ARGUMENT_BYTES = 2 * 1024 * 1024;
/** More are not checked either (HOST_LIMITS); 2 MiB can be two million empty ones, each with its place in memory. */
const MAXIMUM_WORDS = 50_000;
const STATUS_BYTES = 64 * 1024;
/** USER_HZ of all architectures that Kubernetes runs on. */
const TICKS_PER_SECOND = 100;

/** Throws what `isGone` tells for a process that has ended, and for a thread of the kernel, which has neither words nor a program. */
export function readName(directory: string, limit: number): ProcessName & { readonly cut: boolean } {
  const bytes = readProcFile(`${directory}/cmdline`, limit);
  const exe = linkOf(`${directory}/exe`, bytes.length === 0);
  const isCut = bytes.length === limit;
  const words = splitWords(bytes, isCut);
  const cut = isCut || words.length > MAXIMUM_WORDS;
  return { argv: words.slice(0, MAXIMUM_WORDS), cut, ...(exe !== undefined && { exe }) };
}

/** Each word ends with NUL; where the last does not, the process has written over its words, or they were cut. */
function splitWords(bytes: Buffer, cut: boolean): readonly string[] {
  if (bytes.length === 0) return [];
  const words = bytes.toString().split('\0', MAXIMUM_WORDS + 2);
  if (words.length > MAXIMUM_WORDS + 1) return words;
  return bytes.at(-1) === 0 || (cut && words.length > 1) ? words.slice(0, -1) : words;
}

/** Where a link leads to, or undefined if that may not be known or, unless `needed`, where it does not exist. */
export function linkOf(path: string, needed = false): string | undefined {
  try {
    return readlinkSync(path);
  } catch (cause) {
    if (needed && isGone(cause)) throw cause;
    return undefined;
  }
}

/** Its parent, and when it was started. In a copy of a host, the file may be missing, and both are NaN. */
export function readStatus(
  directory: string,
  isCopy = false,
): { readonly parent: number; readonly startTicks: number } {
  const path = `${directory}/stat`;
  if (isCopy && !existsSync(path)) return { parent: NaN, startTicks: NaN };
  const status = readProcFile(path, STATUS_BYTES).toString('latin1');
  // the name of the program stands in parentheses, and may have any in itself
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), startTicks: Number(fields[19]) };
}

/** A kubelet has about 30. */
const MOST_THREADS = 500;

/**
 * When the first of the other threads of a process was started. Starting a program ends all threads but one. A Go program starts a
 * thread before it runs anything else, and keeps it (runtime/proc.go, sysmon). So it has read its files later.
 */
function firstThread(directory: string, pid: number): number | undefined {
  try {
    const threads = readdirSync(`${directory}/task`).filter((thread) => thread !== String(pid));
    if (threads.length === 0 || threads.length > MOST_THREADS) return undefined;
    const starts = threads.flatMap((thread) => {
      try {
        return [readStatus(`${directory}/task/${thread}`).startTicks];
      } catch (cause) {
        // a thread that has ended is not the first one
        if (isGone(cause)) return [];
        throw cause;
      }
    });
    const first = Math.min(...starts);
    return Number.isFinite(first) ? first : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads on below one open folder, so that it is one process, whoever gets its number next.
 *
 * @param limit how many bytes of its words, and how many of its variables, are read
 * @param isCopy whether it is in a copy of a host, which may lack files of it
 */
export function readProcess(
  directory: string,
  pid: number,
  boot: number | undefined,
  variables: readonly string[],
  limit = ARGUMENT_BYTES,
  isCopy = false,
): HostProcess {
  const descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const at = `/proc/self/fd/${descriptor}`;
    const name = readName(at, limit);
    const status = readStatus(at, isCopy);
    const programTicks = firstThread(at, pid);
    const ticks = programTicks ?? status.startTicks;
    // an archive may leave out what can be secret
    const hasNone = isCopy && !existsSync(`${at}/environ`);
    const environment = readVariables(at, hasNone ? [] : variables, limit);
    const cut = name.cut || environment?.cut === true;
    const mountNamespace = linkOf(`${at}/ns/mnt`);
    const pidNamespace = linkOf(`${at}/ns/pid`);
    const cgroup = readGroup(at);
    return {
      ...name,
      ...status,
      ...(programTicks !== undefined && { programTicks }),
      cut,
      pid,
      directory,
      ...(boot !== undefined &&
        !Number.isNaN(ticks) && {
          startedAt: new Date((boot + ticks / TICKS_PER_SECOND) * 1000),
        }),
      ...(mountNamespace !== undefined && { mountNamespace }),
      ...(pidNamespace !== undefined && { pidNamespace }),
      ...(cgroup !== undefined && { cgroup }),
      variables: environment?.found ?? new Map(),
      problems: problemsOf(at, pid, cut, environment === undefined),
    };
  } finally {
    closeSync(descriptor);
  }
}

function problemsOf(at: string, pid: number, cut: boolean, hidesVariables: boolean): readonly Problem[] {
  const problems: Problem[] = [];
  if (cut) {
    const message = `process ${pid} has more arguments or variables than are read, and the last of them may decide: shorten them, and end what only has its name`;
    problems.push({ code: 'too-large', message });
  }
  const hidden = ['exe', 'cwd', 'root'].filter((name) => isForbidden(`${at}/${name}`));
  if (hidesVariables) hidden.push('environ');
  if (hidden.length > 0) {
    const message = `this user cannot read ${hidden.join(', ')} of process ${pid}, so that its files are unknown: run as root`;
    problems.push({ code: 'forbidden', message });
  }
  return problems;
}

function isForbidden(link: string): boolean {
  try {
    readlinkSync(link);
    return false;
  } catch (cause) {
    return !isGone(cause);
  }
}

/** Go takes the first of two with the same name (os.Getenv). Undefined if they may not be read. */
function readVariables(
  at: string,
  names: readonly string[],
  limit: number,
): { readonly found: ReadonlyMap<string, string>; readonly cut: boolean } | undefined {
  const found = new Map<string, string>();
  if (names.length === 0) return { found, cut: false };
  try {
    const bytes = readProcFile(`${at}/environ`, limit);
    for (let start = 0; start < bytes.length;) {
      const nul = bytes.indexOf(0, start);
      const entry = bytes.subarray(start, nul === -1 ? bytes.length : nul);
      start += entry.length + 1;
      const end = entry.indexOf('=');
      const name = names.find((each) => each.length === end && entry.subarray(0, end).equals(Buffer.from(each)));
      // a text of its own, which does not keep the whole environment in memory
      if (name !== undefined && !found.has(name)) found.set(name, entry.subarray(end + 1).toString());
    }
    return { found, cut: bytes.length === limit };
  } catch (cause) {
    if (isGone(cause)) throw cause;
    return undefined;
  }
}

/** The last line is that of version 2, where there is one. */
function readGroup(at: string): string | undefined {
  try {
    const lines = readProcFile(`${at}/cgroup`, STATUS_BYTES).toString().trimEnd().split('\n');
    return lines.at(-1)?.replace(/^\d+:[^:]*:/, '');
  } catch {
    return undefined;
  }
}
