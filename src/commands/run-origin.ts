// What a report says of the program and the configuration that made it.

import type { Run } from '../outputs/guard-report.ts';
import type { GuardConfiguration } from '../runtime/configuration/configuration.ts';
import { sha256 } from '../runtime/digest.ts';

/** The program and the configuration of a run, for its report. */
export type RunOrigin = Pick<Run, 'tool' | 'configuration'>;

/**
 * Makes it.
 *
 * @param version the version of the program
 * @param configuration undefined if none is in use
 */
export function runOrigin(version: string, configuration: Pick<GuardConfiguration, 'file'> | undefined): RunOrigin {
  const file = configuration?.file;
  return {
    tool: { name: 'kubelet-guard', version },
    ...(file && { configuration: { digest: sha256(file.text) } }),
  };
}
