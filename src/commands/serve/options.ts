// The flags of `serve`, and what it needs of its process.

import type { Writable } from 'node:stream';

import type { RotationOptions } from '../../runtime/certificates/secret.ts';
import { logLevels, type LogLevel } from '../../runtime/log.ts';
import { StartError } from '../../runtime/start-error.ts';
import type { Terminal } from '../terminal.ts';
import type { CertificateOptions } from './certificates.ts';

/** The flags of `serve`. */
export interface ServeOptions extends CertificateOptions {
  readonly listen?: string | undefined;
  readonly localListen?: string | undefined;
  readonly config?: string | undefined;
  readonly benchmark?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly kubeletCertificateAuthority?: string | undefined;
  readonly only?: 'webhook' | 'sweep' | undefined;
  readonly logLevel?: string | undefined;
  readonly demo?: boolean | undefined;
}

/** What `serve` needs of its process. */
export interface ServeDeps {
  readonly stdout: Writable;
  /** Calls back on each signal that ends the process. */
  readonly onSignal: (handler: (name: string) => void) => void;
  /** Calls back on each signal that starts a sweep. */
  readonly onSweepSignal: (handler: () => void) => void;
  readonly now: () => Date;
  readonly version: string;
  /** The folder of the package. */
  readonly root: string;
  /** Milliseconds for which the webhook goes on after the signal, until the API servers know that it stops. */
  readonly linger: number;
  /** Milliseconds between two reads of the configuration and certificate files; 1000 by default. */
  readonly reloadEvery?: number;
  /** When certificates in a Secret are renewed; as documented by default. */
  readonly rotation?: RotationOptions;
  /** The folder that contains the files of a service account. Without it a service account is not used. */
  readonly serviceAccountRoot?: string;
  /** The environment variables for proxies and credential plugins. */
  readonly env?: Terminal['env'];
  /** Whether a credential plugin can read from standard input. */
  readonly isInteractive?: boolean;
}

/**
 * The level of the log.
 *
 * @throws StartError if the flag has no valid level
 */
export function logLevelOf({ logLevel, demo }: ServeOptions): LogLevel {
  // a person reads the output of the demo: only what needs attention
  if (logLevel === undefined) return demo === true ? 'warn' : 'info';
  const level = logLevels.find((known) => known === logLevel);
  if (level === undefined) throw new StartError('usage', `--log-level must be one of ${logLevels.join(', ')}`);
  return level;
}
