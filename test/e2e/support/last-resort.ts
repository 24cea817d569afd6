import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';

/**
 * A shell that outlives this process, in case the process is killed before it has cleaned up. When the shell's
 * standard input ends, it kills the listed programs and removes the listed networks and folders that are left.
 */
const SCRIPT = `
trap '' INT TERM HUP
pids=' ' networks= folder=
while read -r what name; do
  case $what in
    started) pids="$pids$name " ;;
    ended) pids="\${pids%% $name *} \${pids#* $name }" ;;
    network) networks="$networks $name" ;;
    folder) folder=$name ;;
  esac
done
for signal in TERM KILL; do
  for pid in $pids; do kill -$signal $pid; done
  for second in 1 2 3 4 5; do
    left=
    for pid in $pids; do kill -0 $pid && left=$pid; done
    [ -z "$left" ] && break
    sleep 1
  done
done
for network in $networks; do ip netns delete $network; done
[ -z "$folder" ] || rm -rf "$folder"
`;

let input: Writable | undefined;

/** Adds something to clean up to its list, or removes a program that has ended. */
export function note(what: 'started' | 'ended' | 'network' | 'folder', name: string | number): void {
  if (input === undefined) {
    const shell = spawn('sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    shell.unref();
    input = shell.stdin;
    if (input instanceof Socket) input.unref(); // it is one: the end of a pipe
  }
  input.write(`${what} ${name}\n`);
}
