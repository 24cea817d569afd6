// What `serve` runs beside its ports: the reload of the configuration, the sweeper and the watches.

import { controls } from '../../controls/index.ts';
import type { Cluster } from '../../kube/cluster.ts';
import { admissionControls, type GuardConfiguration } from '../../runtime/configuration/configuration.ts';
import { createReloader } from '../../runtime/configuration/reload.ts';
import type { Log } from '../../runtime/log.ts';
import type { Metrics } from '../../runtime/metrics/metrics.ts';
import { createObjectCache } from '../../webhook/object-cache.ts';
import type { ObjectWatches } from '../../webhook/object-watches.ts';
import type { ValidatorConfiguration, ValidatorDeps } from '../../webhook/validator.ts';
import { benchmarkOf } from '../../runtime/benchmark.ts';
import type { ServeOptions } from './options.ts';
import type { SweeperDeps } from './sweeper/deps.ts';
import type { Sweeper } from './sweeper/sweeper.ts';
import { pause, startWatches } from './watches.ts';

/** What the background work needs. */
export interface BackgroundDeps {
  readonly cluster: Cluster | undefined;
  readonly configuration: GuardConfiguration;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly now: () => Date;
  readonly version: string;
  /** Called when what the page shows has changed. */
  readonly changed: () => void;
  /** The port of the page. */
  readonly localPort: number;
}

/** The background work. */
export interface Background {
  /** The current configuration. */
  readonly configuration: () => GuardConfiguration;
  readonly validator: ValidatorDeps;
  readonly sweeper: Sweeper | undefined;
  /** Why the webhook should get no calls yet, or undefined. */
  readonly unready: () => string | undefined;
  /** Sweeps give way to reviews: each review has to be reported here. */
  readonly onReview: () => void;
  /** Starts to reload the configuration, and returns what ends that. */
  readonly startReloading: (milliseconds: number) => () => void;
  readonly stop: () => Promise<unknown>;
}

/** Milliseconds after a review for which more reviews are expected. */
const RECENT = 1000;

/** Starts the sweeper and the watches. Without a cluster there are none. */
export async function startBackground(
  options: ServeOptions,
  { cluster, configuration, log, metrics, now, version, changed, localPort }: BackgroundDeps,
): Promise<Background> {
  const cache = createObjectCache(now);
  const validatorConfiguration = (chosen: GuardConfiguration) => validatorPart(chosen, options.benchmark);
  let current = validatorConfiguration(configuration);
  let lastReview = -Infinity;
  const reloader = createReloader({
    initial: configuration,
    controls,
    log,
    metrics: metrics.configuration,
    now,
    onReload: (loaded) => {
      current = validatorConfiguration(loaded);
      watches?.watch(loaded.namespaces);
      sweeper?.reload();
      changed();
    },
  });
  const sweeper = await sweeperOf(cluster, options, {
    configuration: reloader.current,
    version,
    benchmark: options.benchmark,
    log,
    metrics: metrics.sweep,
    now,
    clock: () => performance.now(),
    pause,
    isReviewing: () => performance.now() - lastReview < RECENT,
    changed,
    localPort,
  });
  const watches: ObjectWatches | undefined =
    cluster && startWatches(cluster, { cache, notices: sweeper?.notices, log });
  watches?.watch(configuration.namespaces);
  return {
    configuration: reloader.current,
    validator: {
      configuration: () => current,
      cache,
      stored: (...name) => sweeper?.stored(...name) ?? [],
      now,
    },
    sweeper,
    unready: () => watches?.unready(),
    onReview: () => {
      lastReview = performance.now();
    },
    startReloading: reloader.start,
    stop: () => Promise.all([sweeper?.stop(), watches?.stop()]),
  };
}

/** The part of a configuration that the validator needs. */
function validatorPart(configuration: GuardConfiguration, benchmark: string | undefined): ValidatorConfiguration {
  const { policy, namespaces } = configuration;
  const shown = benchmarkOf(benchmark, configuration).show(controls);
  return { controls: admissionControls(shown, configuration), policy, namespaces };
}

async function sweeperOf(
  cluster: Cluster | undefined,
  options: ServeOptions,
  deps: Omit<SweeperDeps, 'cluster' | 'kubeletCA'>,
): Promise<Sweeper | undefined> {
  if (cluster === undefined || options.only === 'webhook') return undefined;
  const [{ startSweeper }, { readKubeletCA }] = await Promise.all([
    import('./sweeper/sweeper.ts'),
    import('../sweep-deps.ts'),
  ]);
  return startSweeper({ ...deps, cluster, kubeletCA: readKubeletCA(options.kubeletCertificateAuthority) });
}
