// Options and texts that commands share: the report, its exit codes, and flags with an environment variable.

import { InvalidArgumentError, Option } from 'commander';

import type { Control } from '../policy/control.ts';
import type { FailOn } from '../outputs/counts.ts';
import type { GuardConfiguration } from '../runtime/configuration/configuration.ts';
import { outputOption, type DeliveryOptions } from './deliver.ts';
import { selectionFlags, type SelectionOptions } from './selection.ts';

/** The options of every command that prints a report. */
export interface ReportOptions extends DeliveryOptions, SelectionOptions {
  readonly config?: string;
  readonly benchmark?: string;
  readonly failOn: FailOn;
}

/** The options of `ReportOptions`, in the order of the help. */
export function reportOptions(config: string): readonly Option[] {
  return [
    new Option('--config <file>', config),
    benchmarkFlag(),
    ...selectionFlags(),
    outputOption(),
    new Option('--output-file <file>', 'write the report to a file instead of standard output'),
    new Option('--fail-on <what>', 'which results make the exit code non-zero')
      .choices(['fail', 'unknown', 'never'])
      .default('unknown'),
    new Option('--quiet', 'text: do not list what passed'),
    new Option('--all', 'text: list each finding; without it, findings that differ only in names share a block'),
    new Option('--color <when>', 'text: use colors').choices(['auto', 'always', 'never']).default('auto'),
  ];
}

/**
 * A flag that can also be set by an environment variable of the same name. An empty value is denied: it is most likely a
 * mistake in a manifest. No flag may be named --port or --service-…: Kubernetes sets those variables for a Service named
 * kubelet-guard.
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

/** The benchmark whose ids are shown. */
export function benchmarkFlag(): Option {
  return flag(
    '--benchmark <benchmark>',
    'benchmark whose ids are shown, such as cis-aks or cis-aks-1.8 (default: that of the configuration, or of the platform)',
  );
}

/** The exit codes of every command that prints a report. */
export const EXIT_CODES = `
Exit codes:
  0  all passed
  1  a violation, even if other results are unknown
  2  wrong use or configuration
  3  undecided, or nothing to check

These are the codes of --fail-on unknown, the default. With --fail-on fail, unknown findings do not fail the run (0), but what
could not be read, or nothing to check, still gives 3. With --fail-on never the code is 0 whatever was found, even if a path does
not exist, nothing answers, or nothing was checked: only wrong use (2), a cluster that cannot be asked at all (3), a signal and a
crash (3) still show. Such a run looks like one that passed, so read its summary.
`;

/**
 * Reads a GuardConfiguration. The reader is loaded only if one is given.
 *
 * @throws StartError if the file cannot be read or is not valid
 */
export async function loadGuardConfiguration(path: string, controls: readonly Control[]): Promise<GuardConfiguration> {
  const { loadConfiguration } = await import('../runtime/configuration/configuration.ts');
  return loadConfiguration(path, controls);
}

/** The CA that verifies kubelets, as with kube-apiserver's flag of the same name. */
export function kubeletCA(): Option {
  return flag(
    '--kubelet-certificate-authority <file>',
    'CA of kubelet serving certificates; no token is sent to a kubelet that it does not verify (default: accept every certificate, because the token can only read configz)',
  );
}
