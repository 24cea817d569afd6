// The command line as a function of its streams and environment.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Command, CommanderError } from 'commander';

import { addCheck } from './commands/check/command.ts';
import { addConfig } from './commands/config/command.ts';
import { addDoctor } from './commands/doctor/command.ts';
import { addExplain } from './commands/explain/command.ts';
import { addExport } from './commands/export/command.ts';
import { addNodeAgent } from './commands/node/agent/command.ts';
import { addNode } from './commands/node/command.ts';
import { addServe } from './commands/serve/command.ts';
import { addSweep } from './commands/sweep/command.ts';
import type { Terminal, TerminalDeps } from './commands/terminal.ts';
import { addUninstall } from './commands/uninstall/command.ts';
import { escapeLine } from './outputs/printable.ts';
import { StartError } from './runtime/start-error.ts';

// A command imports what it needs when it runs: `check` must start fast, and needs no server and no Kubernetes client.
const COMMANDS = [
  addCheck,
  addNode,
  addNodeAgent,
  addSweep,
  addExplain,
  addConfig,
  addExport,
  addServe,
  addDoctor,
  addUninstall,
  addVersion,
];

const HELP = `
Examples:
  kubelet-guard check manifests/                   check the files of a folder
  kubelet-guard sweep                              check every node of the current cluster
  sudo kubelet-guard node                          check the processes and files of this host
  kubelet-guard explain kubelet-client-ca          show what a control wants and how to fix it
  kubelet-guard serve --demo                       try the webhook without a cluster
  kubelet-guard COMMAND --help                     show the options of a command`;

/**
 * Runs one command.
 *
 * commander reads the environment variables of flags itself, from `process.env`.
 *
 * @param argv the arguments, without the names of the runtime and the program
 * @returns the exit code: 0 all passed, 1 a violation, 2 wrong use or configuration, 3 undecided, crashed, or nothing to check
 */
export async function run(argv: readonly string[], deps: TerminalDeps): Promise<number> {
  let exitCode = 0;
  const terminal: Terminal = {
    ...deps,
    version: () => (JSON.parse(readFileSync(join(deps.root, 'package.json'), 'utf8')) as { version: string }).version,
    printErrorLines: (lines) => {
      if (lines.length > 0) deps.printError(lines.map((line) => `kubelet-guard: ${escapeLine(line)}\n`).join(''));
    },
    exitWith: (code) => {
      exitCode = code;
    },
  };
  try {
    await program(terminal).parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (cause) {
    return report(cause, terminal);
  }
}

function program(terminal: Terminal): Command {
  const root = new Command('kubelet-guard')
    .description('Keep the link between kube-apiserver and kubelets authenticated.')
    .option('-V, --version', 'print the version')
    .on('option:version', () => {
      terminal.print(`${terminal.version()}\n`);
      throw new CommanderError(0, 'commander.version', '');
    })
    .addHelpText('after', HELP)
    .exitOverride()
    .configureOutput({
      writeOut: terminal.print,
      writeErr: terminal.printError,
      outputError: (text, write) => {
        write(wrongUse(text));
      },
    });
  for (const add of COMMANDS) add(root, terminal);
  return root;
}

function addVersion(root: Command, terminal: Terminal): void {
  root
    .command('version')
    .description('Print the version.')
    .action(() => {
      terminal.print(`${terminal.version()}\n`);
    });
}

/** Commander's reason as one line of ours. */
function wrongUse(text: string): string {
  const reason = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replaceAll('\n', ' ');
  return `kubelet-guard: ${escapeLine(reason)}; see kubelet-guard --help\n`;
}

/** Prints why a command failed, and returns its exit code. */
function report(cause: unknown, { printErrorLines }: Terminal): 0 | 2 | 3 {
  // commander has printed it; help and version are no failures
  if (cause instanceof CommanderError) return cause.exitCode === 0 ? 0 : 2;
  if (cause instanceof StartError) {
    printErrorLines(cause.faults);
    // credentials may be available later, so nothing is decided
    return cause.code === 'credentials' ? 3 : 2;
  }
  printErrorLines([`crashed: ${cause instanceof Error ? cause.message : 'no reason given'}; please report it`]);
  return 3;
}
