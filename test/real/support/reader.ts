// Somebody who pastes the commands of the pages into a shell, with the administrator's kubeconfig.

import { dirname } from 'node:path';

import { run, type Result } from '../../e2e/support/programs.ts';
import { CHECKOUT } from './installation.ts';
import type { RealCluster } from './real-cluster.ts';

/** A reader of the pages. */
export interface Reader {
  /** Runs commands to their end, in the checkout or another folder, and stops at the first that fails. */
  readonly paste: (commands: string, folder?: string) => Promise<Result>;
  /** The command line of a shell that runs commands which do not end by themselves. SIGTERM ends it with them. */
  readonly shell: (commands: string) => readonly string[];
}

/** @param programs further programs, by name */
export function startReader(
  { kubeconfig }: RealCluster,
  programs: Readonly<Record<string, readonly string[]>> = {},
): Reader {
  const functions = Object.entries({ kubectl: [process.env.KUBECTL ?? 'kubectl'], ...programs })
    .map(([name, command]) => `${name}() { command ${command.map((word) => `'${word}'`).join(' ')} "$@"; }\n`)
    .join('');
  const shell = (commands: string, folder = CHECKOUT) => {
    const variables = [`KUBECONFIG=${kubeconfig}`, `PATH=${dirname(process.execPath)}:${process.env.PATH ?? ''}`];
    // timeout passes a signal on to everything that the shell has started
    return ['env', `--chdir=${folder}`, ...variables, 'timeout', '300', 'bash', '-ec', functions + commands];
  };
  return { shell, paste: (commands, folder) => run(shell(commands, folder), { within: 320_000 }) };
}
