// The processes of a host, as its /proc shows them (proc(5)).

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Problem, SourceProblem } from '../../policy/reading.ts';
import { readProcFile } from './bytes.ts';
import { isProc, lastStartBeforeCopy, missingInCopy, openCopy } from './copy.ts';
import type { UnreadableFile } from '../../policy/certificates.ts';
import { openFiles, type HostFiles } from './files.ts';
import { isGone, hostProblem } from './problems.ts';
import { ARGUMENT_BYTES, readName, readProcess, readStatus, type HostProcess, type ProcessName } from './process.ts';

/** The processes that were found, and why others could not be read. */
export interface ProcessList {
  readonly processes: readonly HostProcess[];
  /** The host is a copy whose files were all made after this time, when the last of its processes started. */
  readonly copiedAfter?: Date;
  readonly problems: readonly SourceProblem[];
}

/** What to look for. */
export interface ProcessSearch {
  /** Whether a process is wanted. Asked first with no more than the beginning of its words. */
  readonly wanted: (name: ProcessName) => boolean;
  /** The environment variables to read of those that are; everything else of an environment can be a secret. */
  readonly variables?: readonly string[];
}

/** Enough for the name and the subcommand. */
const HEAD_BYTES = 8 * 1024;
/** Of /proc/stat, which has a number for each interrupt. */
const STATUS_BYTES = 2 * 1024 * 1024;
/** Anybody may start processes of any name; the lowest numbers are the oldest. */
const MAXIMUM_PROCESSES = 500;
/** The limit for words and variables of all processes. Later processes are read up to `HEAD_BYTES`, so that none hides another. */
const MAXIMUM_CHARACTERS = 16 * 1024 * 1024;
const MAXIMUM_WORDS = 200_000;
/** Seconds by which the two ways to tell the host's start can differ. */
const CLOCK_DRIFT = 1.5;

/**
 * Finds the wanted processes of the host whose root is `root`.
 *
 * Processes that end meanwhile are left out. A process that is caught between fork and exec looks like its parent, and
 * is left out too.
 */
export function listProcesses(root: string, { wanted, variables = [] }: ProcessSearch): ProcessList {
  const proc = join(root, 'proc');
  const pids = pidsOf(proc);
  if ('problem' in pids) return { processes: [], problems: [{ source: { path: proc }, problem: pids.problem }] };
  const found: HostProcess[] = [];
  const problems: Problem[] = [];
  const boot = bootTime(proc);
  const isCopy = !isProc(proc);
  let hidden = 0;
  let words = 0;
  let characters = 0;
  for (const pid of pids) {
    try {
      const directory = `${proc}/${pid}`;
      if (!wanted(readName(directory, HEAD_BYTES))) continue;
      if (found.length === MAXIMUM_PROCESSES) {
        problems.push(tooMany(found.length));
        break;
      }
      const limit = words < MAXIMUM_WORDS && characters < MAXIMUM_CHARACTERS ? ARGUMENT_BYTES : HEAD_BYTES;
      const read = readProcess(directory, pid, boot, variables, limit, isCopy);
      words += read.argv.length;
      characters += read.cut ? limit : lengthOf(read);
      if (!wanted(read)) continue;
      found.push(read);
      const missing = isCopy ? missingInCopy(read) : undefined;
      if (missing) problems.push(missing);
    } catch (cause) {
      if (!isGone(cause)) hidden += 1;
    }
  }
  // process 1 is always there
  if (hidden > 0 || (pids[0] !== 1 && !isCopy)) problems.push(hiddenProblem(hidden));
  const copiedAfter = isCopy ? lastStartBeforeCopy(root, found) : undefined;
  return {
    processes: leaveForks(found),
    ...(copiedAfter && { copiedAfter }),
    problems: problems.map((problem) => ({ source: { path: proc }, problem })),
  };
}

/**
 * Opens the files of a process as it sees them, for as long as it runs.
 *
 * @param root the root that it was found below
 * @param copiedAfter that of the list that has the process
 */
export function openProcess(root: string, process: HostProcess, copiedAfter?: Date): HostFiles | UnreadableFile {
  const { directory, pid } = process;
  if (!isProc(join(root, 'proc'))) return openCopy(root, directory, copiedAfter);
  const exists = (): boolean => isSame(process);
  const files = openFiles(
    { root: `${directory}/root`, workingDirectory: `${directory}/cwd`, mountinfo: [`${directory}/mountinfo`] },
    exists,
  );
  if (exists()) return files;
  if (!('state' in files)) files.close();
  const message = `process ${pid} has ended while it was read: run again`;
  return { state: 'unreadable', problem: { code: 'not-found', message } };
}

function isSame({ directory, startTicks }: HostProcess): boolean {
  try {
    return readStatus(directory).startTicks === startTicks;
  } catch {
    return false;
  }
}

function pidsOf(proc: string): readonly number[] | { readonly problem: Problem } {
  try {
    const pids = readdirSync(proc)
      .filter((name) => /^[1-9]\d*$/.test(name))
      .map(Number);
    if (pids.length > 0) return pids.sort((a, b) => a - b);
    const message = `${proc} shows no process: mount the host's /proc there, or check what its units would start`;
    return { problem: { code: 'not-found', message } };
  } catch (cause) {
    return { problem: hostProblem(proc, cause) };
  }
}

function hiddenProblem(count: number): Problem {
  const message = `${count === 0 ? 'other' : count} processes are hidden from this user, and may be what is looked for: run as root`;
  return { code: 'forbidden', message };
}

function tooMany(count: number): Problem {
  const message = `more than ${count} processes have the name of a kubelet or kube-apiserver, so that only the oldest were checked: end those that only have the name`;
  return { code: 'too-large', message };
}

/**
 * The last moment at which the host can have been started, in seconds since 1970. `btime` has whole seconds; the uptime has
 * hundredths, where this is the host itself and not a copy of its files.
 */
function bootTime(proc: string): number | undefined {
  const whole = numberIn(`${proc}/stat`, /^btime (\d+)$/m);
  const now = Date.now() / 1000;
  const uptime = numberIn(`${proc}/uptime`, /^(\d+\.\d+) /);
  const exact = uptime === undefined ? undefined : now - uptime;
  if (whole === undefined) return undefined;
  return exact !== undefined && Math.abs(exact - whole) < CLOCK_DRIFT ? exact : whole + 1;
}

function numberIn(path: string, pattern: RegExp): number | undefined {
  try {
    const [, digits] = pattern.exec(readProcFile(path, STATUS_BYTES).toString('latin1')) ?? [];
    return digits === undefined ? undefined : Number(digits);
  } catch {
    return undefined;
  }
}

function lengthOf({ argv, variables }: HostProcess): number {
  return [...argv, ...variables.values()].reduce((sum, text) => sum + text.length + 1, 0);
}

/** Go starts programs by way of a copy of the process, which for a moment has the same words. */
function leaveForks(found: readonly HostProcess[]): readonly HostProcess[] {
  const byPid = new Map(found.map((candidate) => [candidate.pid, candidate]));
  return found.filter((candidate) => {
    const parent = byPid.get(candidate.parent);
    return (
      parent === undefined ||
      parent.mountNamespace !== candidate.mountNamespace ||
      parent.exe !== candidate.exe ||
      parent.argv.length !== candidate.argv.length ||
      parent.argv.some((word, at) => word !== candidate.argv[at])
    );
  });
}
