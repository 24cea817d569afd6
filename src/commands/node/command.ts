import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';

import { Option, type Command } from 'commander';

import { StartError } from '../../runtime/start-error.ts';
import { defaultsOf, NODE_EVIDENCE, type NodeEvidence } from '../../evidence/index.ts';
import { evidenceHelp, evidenceOption } from '../evidence-option.ts';
import type { NodeAuditRequest } from './host.ts';
import { deliver, EXIT_CODES, reportOptions, wantsColor, type ReportOptions } from '../options.ts';
import { stoppable } from '../stoppable.ts';
import type { Terminal } from '../terminal.ts';

interface NodeOptions extends ReportOptions {
  readonly root: string;
  readonly evidence: readonly NodeEvidence[];
}

const EVIDENCE = defaultsOf(NODE_EVIDENCE);

const HELP = `${EXIT_CODES}
What a process runs with decides. Where its files were changed since it was started, that is said as pending; what would
be a violation with the next start counts as one.

${evidenceHelp(NODE_EVIDENCE)}

Needs no cluster, but the rights to read the files of other processes: root, or CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH.`;

/** `node`: judges the host that it runs on. */
export function addNode(root: Command, terminal: Terminal): void {
  const command = root
    .command('node')
    .description('Judges this host: its kubelet and kube-apiserver as they run, their files and static pods.')
    .addOption(new Option('--root <dir>', 'the root of the host, where it is mounted').default('/'))
    .addOption(
      evidenceOption(NODE_EVIDENCE, 'how the host is asked, separated by commas').default(EVIDENCE, EVIDENCE.join(',')),
    );
  for (const option of reportOptions(
    'GuardConfiguration: controls that are off, exemptions, the timeout of a sweep, when certificates are warned about',
  )) {
    command.addOption(option);
  }
  command.addHelpText('after', HELP).action((options: NodeOptions) => runNode(options, terminal));
}

async function runNode(options: NodeOptions, terminal: Terminal): Promise<void> {
  const root = folder(options.root);
  const { auditHost } = await import('./host.ts');
  const request: NodeAuditRequest = {
    root,
    hostname: root === '/' ? hostname() : 'localhost',
    config: options.config,
    evidence: options.evidence,
    output: options.output,
    failOn: options.failOn,
    style: { color: wantsColor(options, terminal), quiet: options.quiet ?? false },
    now: () => new Date(),
    clock: () => performance.now(),
  };
  await stoppable(terminal, 'the audit is not complete, and nothing is said of what it saw', async (signal) => {
    const { output, errors, exitCode } = await auditHost(request, signal);
    return () => {
      terminal.exitWith(exitCode);
      terminal.printErrorLines(errors);
      deliver(output, options, terminal);
    };
  });
}

/** The folder that --root names.
 *
 * @throws StartError where it is none
 */
export function folder(path: string): string {
  const isFolder = path !== '' && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder) throw new StartError('usage', `--root ${path} is no folder: name the root of the host`);
  return resolve(path);
}
