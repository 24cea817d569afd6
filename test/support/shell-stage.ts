// Runs scripts in real shells, with a stand-in for kube-apiserver that logs its arguments.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ENVIRONMENT } from './shell-scripts.ts';

/** The shells on this machine, each once. */
export const shells = [
  ...new Map(
    ['/bin/sh', '/bin/dash', '/bin/bash']
      .filter((shell) => existsSync(shell))
      .map((shell) => [realpathSync(shell), shell]),
  ).values(),
];

/** The maximum number of processes of a script at a time. */
const MOST_PROCESSES = 200;

const STUB = '#!/bin/sh\nall=; for a in "$@"; do all="$all$a\x1f"; done\nprintf "%s\\036" "$all" >>"$STUB_LOG"\n';

/** A folder with the stand-in. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'shell-'));
  readonly #user = userWithLimit();

  constructor() {
    // the scripts may run as another user
    chmodSync(this.folder, 0o777);
    writeFileSync(join(this.folder, 'kube-apiserver'), STUB);
    chmodSync(join(this.folder, 'kube-apiserver'), 0o755);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  /**
   * Runs a script in its own process group, and kills the group at the end of the call.
   *
   * @param milliseconds the time after which the script is killed
   * @returns the arguments of every kube-apiserver that the shell started, or undefined if it rejects a part of the script
   */
  run(shell: string, script: string, positional: readonly string[], milliseconds = 10_000): string[][] | undefined {
    const log = join(this.folder, 'log');
    writeFileSync(log, '');
    chmodSync(log, 0o666);
    const { uid, nproc } = this.#user;
    const { pid, stderr } = spawnSync(
      'prlimit',
      [`--nproc=${nproc}`, '--', shell, '-c', script, 'zero', ...positional],
      {
        env: { PATH: `${this.folder}:/usr/bin:/bin`, STUB_LOG: log, ...ENVIRONMENT },
        cwd: this.folder,
        stdio: 'pipe',
        encoding: 'utf8',
        timeout: milliseconds,
        killSignal: 'SIGKILL',
        // its own process group
        ...{ detached: true },
        ...(uid !== undefined && { uid }),
      },
    );
    killGroup(pid);
    const started = readFileSync(log, 'utf8')
      .split('\x1e')
      .slice(0, -1)
      .map((line) => line.split('\x1f').slice(0, -1));
    return /syntax error|unexpected|unterminated/i.test(stderr) ? undefined : started;
  }
}

/** The kernel lets no process of a group start another while it kills the group. */
function killGroup(leader: number): void {
  // no process was started
  if (leader === 0) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ESRCH') throw cause;
  }
}

/**
 * The limit counts all processes of a user, and does not apply to root. So root switches to a user id that only this process
 * uses; other users get a limit above their current number of processes.
 */
function userWithLimit(): { readonly uid?: number; readonly nproc: number } {
  const own = process.getuid?.();
  if (own === 0) return { uid: 20_000 + (process.pid % 40_000), nproc: MOST_PROCESSES };
  return { nproc: MOST_PROCESSES + threadsOf(own) };
}

function threadsOf(user: number | undefined): number {
  const counts = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        return status.includes(`\nUid:\t${user}\t`) ? Number(/^Threads:\s*(\d+)/m.exec(status)?.[1]) : 0;
      } catch {
        // it has ended
        return 0;
      }
    });
  return counts.reduce((sum, count) => sum + count, 0);
}
