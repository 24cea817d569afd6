// The command line of `node`.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';

import { Option, type Command } from 'commander';

import { StartError } from '../../runtime/start-error.ts';
import { defaultsOf, NODE_EVIDENCE, type NodeEvidence } from '../../evidence/index.ts';
import { evidenceHelp, evidenceOption } from '../evidence-option.ts';
import type { HostAuditOptions } from './host.ts';
import { checkOutputs, deliverReport } from '../deliver.ts';
import { EXIT_CODES, reportOptions, type ReportOptions } from '../options.ts';
import { stoppable } from '../stoppable.ts';
import type { Terminal } from '../terminal.ts';

interface NodeFlags extends ReportOptions {
  readonly root: string;
  readonly evidence: readonly NodeEvidence[];
}

const EVIDENCE = defaultsOf(NODE_EVIDENCE);

const HELP = `${EXIT_CODES}
The settings of the running process decide. If its files have changed since it started, the finding is pending, and a
violation after the next start counts as a violation.

${evidenceHelp(NODE_EVIDENCE)}

It needs no cluster, but the rights to read the files of other processes: root, or CAP_SYS_PTRACE and
CAP_DAC_READ_SEARCH.

Examples:
  sudo kubelet-guard node                              check this host
  kubelet-guard node --root /host                      check the host whose root is mounted at /host
  sudo kubelet-guard node -o json --fail-on fail       print a report for programs; unknown findings do not fail`;

/** Adds `node`, which checks the host that it runs on. */
export function addNode(root: Command, terminal: Terminal): void {
  const command = root
    .command('node')
    .description('Check this host: its running kubelet and kube-apiserver, their files and static pods.')
    .addOption(new Option('--root <dir>', 'where the root of the host is mounted').default('/'))
    .addOption(
      evidenceOption(NODE_EVIDENCE, 'how the host is asked, separated by commas').default(EVIDENCE, EVIDENCE.join(',')),
    );
  for (const option of reportOptions(
    'GuardConfiguration: controls that are off, exemptions, sweep timeout, certificate warnings',
  )) {
    command.addOption(option);
  }
  command.addHelpText('after', HELP).action((options: NodeFlags) => runNode(options, terminal));
}

async function runNode(options: NodeFlags, terminal: Terminal): Promise<void> {
  checkOutputs(options);
  const root = folder(options.root);
  const [{ auditHost }, { controls }] = await Promise.all([import('./host.ts'), import('../../controls/index.ts')]);
  const hostOptions: HostAuditOptions = {
    root,
    config: options.config,
    benchmark: options.benchmark,
    select: options,
    evidence: options.evidence,
    failOn: options.failOn,
    ...(options.all && { all: true }),
  };
  const deps = { version: terminal.version(), now: () => new Date(), clock: () => performance.now() };
  await stoppable(
    terminal,
    'the check of this host is incomplete, and its findings are not printed',
    async (signal) => {
      const answer = await auditHost(hostOptions, deps, signal);
      return () => {
        terminal.exitWith(answer.exitCode);
        terminal.printErrorLines(answer.errors);
        deliverReport(answer, options, { terminal, controls });
      };
    },
  );
}

/**
 * The folder that --root names.
 *
 * @throws StartError if it is not a folder
 */
export function folder(path: string): string {
  const isFolder = path !== '' && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder) throw new StartError('usage', `--root ${path} is not a folder: name the root of the host`);
  return resolve(path);
}
