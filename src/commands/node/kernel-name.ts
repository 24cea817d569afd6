// The kernel's name of a host, which a kubelet takes for its node (kubernetes component-helpers, node/util/hostname.go).

import { hostname } from 'node:os';
import { join, resolve } from 'node:path';

import { readProcFile } from '../../evidence/host/bytes.ts';
import { isProc } from '../../evidence/host/copy.ts';
import { linkOf } from '../../evidence/host/process.ts';

/** More than the kernel lets a name have. */
const MOST_BYTES = 4096;

/** The kernel's name of a host, as far as it is known. */
export interface KernelName {
  readonly name: string | undefined;
  /** The host is a copy of files. */
  readonly isCopy: boolean;
}

/**
 * The name that the kernel shows to a process. The kernel shows each process the name of its own UTS namespace, so it is known only
 * of a process in that of this one, and in a copy of a host with /proc/sys/kernel/hostname. A user without rights cannot see in which
 * one a process is: on the root of this process it is then taken for this one.
 *
 * @param directory the folder of the process below the /proc of the root; without it, that of the first process
 */
export function kernelName(root: string, directory = join(root, 'proc/1')): KernelName {
  let isCopy = false;
  try {
    isCopy = !isProc(join(root, 'proc'));
    if (isCopy) return { isCopy, name: readProcFile(join(root, 'proc/sys/kernel/hostname'), MOST_BYTES).toString() };
    const own = linkOf('/proc/self/ns/uts');
    const other = linkOf(`${directory}/ns/uts`, true) ?? (resolve(root) === '/' ? own : undefined);
    const isOwn = own !== undefined && other === own;
    return { isCopy, name: isOwn ? hostname() : undefined };
  } catch {
    return { isCopy, name: undefined };
  }
}
