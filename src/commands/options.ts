import { writeFileSync } from 'node:fs';

import { InvalidArgumentError, Option } from 'commander';

import type { Control } from '../policy/control.ts';
import type { GuardConfiguration } from '../runtime/configuration/configuration.ts';
import { StartError } from '../runtime/start-error.ts';
import type { Terminal } from './terminal.ts';

/** What every command that reports has in common. */
export interface ReportOptions {
  readonly config?: string;
  readonly output: 'text' | 'json';
  readonly outputFile?: string;
  readonly failOn: 'fail' | 'unknown' | 'never';
  readonly quiet?: true;
  readonly color: 'auto' | 'always' | 'never';
}

/** The options of `ReportOptions`, in the order of the help. */
export function reportOptions(config: string): readonly Option[] {
  return [
    new Option('--config <file>', config),
    new Option('--output <format>', 'format of the report').choices(['text', 'json']).default('text'),
    new Option('--output-file <file>', 'write the report to a file instead of standard output'),
    new Option('--fail-on <what>', 'what is not success').choices(['fail', 'unknown', 'never']).default('unknown'),
    new Option('--quiet', 'text: nothing about what passed'),
    new Option('--color <when>', 'text: colours').choices(['auto', 'always', 'never']).default('auto'),
  ];
}

/**
 * A flag that is also read from a variable named as it. One that is empty is most likely a mistake in a manifest.
 * None may be called --port or --service-…: Kubernetes sets such variables for a Service that is called kubelet-guard.
 */
export function flag(flags: string, description: string, choices?: readonly string[]): Option {
  const option =
    choices === undefined ? new Option(flags, description) : new Option(flags, description).choices(choices);
  const { parseArg } = option;
  option.argParser((value, previous) => {
    if (value === '') throw new InvalidArgumentError('It is empty.');
    return parseArg === undefined ? value : parseArg(value, previous);
  });
  return option.env(`KUBELET_GUARD_${option.name().replaceAll('-', '_').toUpperCase()}`);
}

/** The exit codes that all commands that report share. */
export const EXIT_CODES = `
Exit codes:
  0  all passed
  1  a violation, whatever else could not be told
  2  wrong use
  3  could not tell, or nothing to judge
`;

/** Reads a GuardConfiguration; loaded only where one is wanted. */
export async function readConfiguration(path: string, controls: readonly Control[]): Promise<GuardConfiguration> {
  const { loadConfiguration } = await import('../runtime/configuration/configuration.ts');
  return loadConfiguration(path, controls);
}

/** Prints a report, or writes it to the file that was asked for. */
export function deliver(report: string, { outputFile }: Pick<ReportOptions, 'outputFile'>, { print }: Terminal): void {
  if (outputFile === undefined) {
    print(report);
    return;
  }
  try {
    writeFileSync(outputFile, report);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'no reason given';
    throw new StartError('usage', `the report cannot be written: ${reason}; choose another --output-file`, { cause });
  }
}

/** Tells whether a report is to have colours. */
export function wantsColor(
  { color, outputFile }: Pick<ReportOptions, 'color' | 'outputFile'>,
  { env, isTerminal }: Terminal,
): boolean {
  if (color !== 'auto') return color === 'always';
  const { NO_COLOR = '', TERM } = env;
  if (outputFile !== undefined || NO_COLOR !== '' || TERM === 'dumb') return false;
  return isTerminal('stdout');
}

/** The CA that kubelets are verified by, as kube-apiserver's flag of the same name. */
export function kubeletCA(): Option {
  return flag(
    '--kubelet-certificate-authority <file>',
    'CA of the serving certificates of kubelets: a kubelet with another one is sent no token (default: any is accepted, because the token can do no more than read configz)',
  );
}
