// What the background sweeper needs of `serve`.

import type { Cluster } from '../../../kube/cluster.ts';
import type { GuardConfiguration } from '../../../runtime/configuration/configuration.ts';
import type { Log } from '../../../runtime/log.ts';
import type { SweepMetrics } from '../../../runtime/metrics/sweep.ts';

/** What the background sweeper needs. */
export interface SweeperDeps {
  readonly cluster: Cluster;
  /** The current configuration. */
  readonly configuration: () => GuardConfiguration;
  /** The version of the program. */
  readonly version: string;
  /** The benchmark of --benchmark. */
  readonly benchmark: string | undefined;
  /** The CA of the kubelets' serving certificates in PEM, where one is configured. */
  readonly kubeletCA: string | undefined;
  readonly log: Log;
  readonly metrics: SweepMetrics;
  readonly now: () => Date;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** Whether the webhook of this process has just had a review: sweeps give way to it. */
  readonly isReviewing: () => boolean;
  /** Called when what the page shows has changed. */
  readonly changed: () => void;
  /** The port of the page in each replica, for the command that reaches it. */
  readonly localPort: number;
}
