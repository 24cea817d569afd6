// Which process a temporary folder belongs to, so that a later run can clear away what a killed one has left, and nothing else.

import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run } from '../../e2e/support/programs.ts';

/** The folders of clusters begin with this. */
export const CLUSTER_FOLDER = 'kubelet-guard-real-';
/** The folders of images begin with this. */
export const IMAGE_FOLDER = 'kubelet-guard-image-';

const OWNER = 'owner';

/** Creates a temporary folder that belongs to this process. */
export function ownFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  writeFileSync(join(folder, OWNER), identity(process.pid) ?? '');
  return folder;
}

/** Makes a folder nobody's: no run clears it away. */
export function disown(folder: string): void {
  rmSync(join(folder, OWNER), { force: true });
}

/** Stops a cluster with all that it has on this machine, and deletes its folder. */
export async function takeDown(testbed: string, folder: string): Promise<void> {
  if (hasFile(folder, 'id')) {
    const { code, stdout, stderr } = await run([join(testbed, 'real-down.sh'), folder], { within: 60_000 });
    if (code !== 0) throw new Error(`the cluster in ${folder} is not stopped: ${stdout}${stderr}`);
    endFirstProcess(folder);
  }
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Clears away what runs have left that were killed: folders of this user that name their process, which has ended.
 *
 * @returns the folders that were deleted
 */
export async function clearLeftovers(testbed: string): Promise<readonly string[]> {
  const left = readdirSync(tmpdir())
    .filter((name) => [CLUSTER_FOLDER, IMAGE_FOLDER].some((prefix) => name.startsWith(prefix)))
    .map((name) => join(tmpdir(), name))
    .filter(isOrphan);
  for (const folder of left) await takeDown(testbed, folder);
  return left;
}

function isOrphan(folder: string): boolean {
  try {
    const about = lstatSync(folder);
    if (!about.isDirectory() || about.uid !== process.getuid?.()) return false;
    const owner = readFileSync(join(folder, OWNER), 'utf8');
    const [pid = ''] = owner.split(' ');
    return /^\d+ \d+$/.test(owner) && identity(Number(pid)) !== owner;
  } catch {
    return false;
  }
}

/** A process id and its start time, which together name one process; undefined if there is none. */
function identity(pid: number): string | undefined {
  try {
    // the name of the program, in parentheses, may hold blanks; the 20th field after it is the start time
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    const [state = '', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : `${String(pid)} ${fields[18] ?? ''}`;
  } catch {
    return undefined;
  }
}

/** A start that was killed early has a first process that real-down.sh does not know yet. */
function endFirstProcess(folder: string): void {
  if (!hasFile(folder, 'unshare.pid')) return;
  const pid = Number(readFileSync(join(folder, 'unshare.pid'), 'utf8'));
  try {
    const command = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').replaceAll('\0', ' ');
    if (command.includes(join(folder, 'machine'))) process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended
  }
}

function hasFile(folder: string, name: string): boolean {
  return lstatSync(join(folder, name), { throwIfNoEntry: false }) !== undefined;
}
