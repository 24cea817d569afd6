// The command line as a function of its streams and environment.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Command, CommanderError } from 'commander';

import type { Terminal, TerminalDeps } from './commands/terminal.ts';
import { pointAtHelp, suggestChoices } from './commands/wrong-use.ts';
import { escapeLine } from './outputs/printable.ts';
import { embeddedFile } from './runtime/executable.ts';
import { StartError } from './runtime/start-error.ts';

type Add = (root: Command, terminal: Terminal) => void;

// In the order of the help. Only the command that is asked for is loaded, and it imports what it needs when it runs: `check`
// must start fast, and needs no server and no Kubernetes client.
const COMMANDS: Readonly<Record<string, () => Promise<Add>>> = {
  check: async () => (await import('./commands/check/command.ts')).addCheck,
  node: async () => (await import('./commands/node/command.ts')).addNode,
  'node-agent': async () => (await import('./commands/node/agent/command.ts')).addNodeAgent,
  sweep: async () => (await import('./commands/sweep/command.ts')).addSweep,
  explain: async () => (await import('./commands/explain/command.ts')).addExplain,
  config: async () => (await import('./commands/config/command.ts')).addConfig,
  export: async () => (await import('./commands/export/command.ts')).addExport,
  serve: async () => (await import('./commands/serve/command.ts')).addServe,
  doctor: async () => (await import('./commands/doctor/command.ts')).addDoctor,
  uninstall: async () => (await import('./commands/uninstall/command.ts')).addUninstall,
  version: async () => (await import('./commands/version/command.ts')).addVersion,
  completion: async () => (await import('./commands/completion/command.ts')).addCompletion,
};

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
    version: () => versionOf(embeddedFile('package.json') ?? readFileSync(join(deps.root, 'package.json'), 'utf8')),
    printErrorLines: (lines) => {
      if (lines.length > 0) deps.printError(lines.map((line) => `kubelet-guard: ${escapeLine(line)}\n`).join(''));
    },
    exitWith: (code) => {
      exitCode = code;
    },
  };
  try {
    const root = await program(terminal, argv[0]);
    await root.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (cause) {
    return report(cause, terminal);
  }
}

function versionOf(packageJson: string): string {
  return (JSON.parse(packageJson) as { readonly version: string }).version;
}

/** Why the program ended because of a bug, for people. */
export function crashText(cause: unknown): string {
  return escapeLine(`crashed: ${cause instanceof Error ? cause.message : 'no reason given'}; please report it`);
}

/** The command line: with only one command if the first argument is its name, else with all. */
async function program(terminal: Terminal, first = ''): Promise<Command> {
  const root = new Command('kubelet-guard')
    .description('Keep the link between kube-apiserver and kubelets authenticated.')
    .option('-V, --version', 'print the version')
    .on('option:version', () => {
      terminal.print(`${terminal.version()}\n`);
      throw new CommanderError(0, 'commander.version', '');
    })
    .addHelpText('after', HELP)
    .exitOverride()
    .configureOutput({ writeOut: terminal.print, writeErr: terminal.printError });
  const one = Object.hasOwn(COMMANDS, first) ? COMMANDS[first] : undefined;
  for (const load of one === undefined ? Object.values(COMMANDS) : [one]) (await load())(root, terminal);
  pointAtHelp(root);
  suggestChoices(root);
  return root;
}

/** Prints why a command failed, and returns its exit code. */
function report(cause: unknown, { printErrorLines }: Terminal): 0 | 2 | 3 {
  // commander has printed it; help and version are no failures
  if (cause instanceof CommanderError) return cause.exitCode === 0 ? 0 : 2;
  if (cause instanceof StartError) {
    printErrorLines(cause.faults);
    // credentials and network may work later, so nothing is decided
    return cause.code === 'cluster' ? 3 : 2;
  }
  printErrorLines([crashText(cause)]);
  return 3;
}
