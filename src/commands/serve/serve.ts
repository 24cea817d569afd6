import { createServer } from 'node:http';
import { hostname } from 'node:os';
import type { Writable } from 'node:stream';

import { controls } from '../../controls/index.ts';
import { createLocal, type LocalReport, type LocalSweep } from './local-port.ts';
import { createApp } from '../../webhook/http/app.ts';
import type { ValidatorConfiguration } from '../../webhook/validator.ts';
import { startReviewer } from './reviewer.ts';
import { RESOURCE_NAMES } from '../../webhook/resources.ts';
import { createObjectCache } from '../../webhook/object-cache.ts';
import { BODY_MEMORY_BYTES } from '../../webhook/http/body.ts';
import { BodyMemory } from '../../webhook/http/body-memory.ts';
import { changeIdentity, createWebhookServer } from '../../webhook/http/server.ts';
import type { Rotation } from '../../runtime/certificates/secret.ts';
import {
  judgedControls,
  loadConfiguration,
  type GuardConfiguration,
} from '../../runtime/configuration/configuration.ts';
import { authorityOf, listen, parseAddress, type Listener } from '../../runtime/listener.ts';
import { boundConnections } from '../../runtime/connections.ts';
import { createLog, logLevels, type Log, type LogLevel } from '../../runtime/log.ts';
import { createMetrics } from '../../runtime/metrics/metrics.ts';
import { createReloader } from '../../runtime/configuration/reload.ts';
import { StartError } from '../../runtime/start-error.ts';
import type { Cluster } from '../../kube/cluster.ts';
import type { Sweeper, SweeperOptions } from './background-sweeper.ts';
import { followCluster, followNodes, pause, type Listeners } from './watches.ts';
import type { ObjectWatches } from '../../webhook/object-watches.ts';
import { findCluster } from '../kubeconfig.ts';
import { servingIdentity, type CertificateOptions } from './certificates.ts';
import type { Terminal } from '../terminal.ts';

/** The flags of `serve`. */
export interface ServeOptions extends CertificateOptions {
  readonly listen?: string | undefined;
  readonly localListen?: string | undefined;
  readonly config?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly kubeletCertificateAuthority?: string | undefined;
  readonly only?: 'webhook' | 'sweep' | undefined;
  readonly logLevel?: string | undefined;
  readonly demo?: boolean | undefined;
}

/** What `serve` needs of its process. */
export interface ServeEnvironment {
  readonly stdout: Writable;
  /** Hands over every signal that asks the process to end. */
  readonly onSignal: (handler: (name: string) => void) => void;
  /** Hands over every signal that asks for a sweep. */
  readonly onSweepSignal: (handler: () => void) => void;
  readonly now: () => Date;
  readonly version: string;
  /** The folder of the package. */
  readonly root: string;
  /** Milliseconds for which the webhook serves on after the signal, until the API servers have heard that it stops. */
  readonly linger: number;
  /** Milliseconds between two looks at the files of configuration and certificates; 1000 where it is not given. */
  readonly reloadEvery?: number;
  /** How quickly certificates in a Secret are renewed; as documented where it is not given. */
  readonly rotation?: Rotation;
  /** The folder below which the files of a service account are, where there are any; without it none are looked for. */
  readonly serviceAccountRoot?: string;
  /** The variables that name proxies, and that credential plugins get. */
  readonly env?: Terminal['env'];
  /** Whether a credential plugin can ask on standard input. */
  readonly isInteractive?: boolean;
}

/** Kubernetes kills a container 30 s after SIGTERM, other supervisors after 10. */
const PATIENCE = 6000;
const PATIENCE_LOCAL = 1000;

const RELOAD_EVERY = 1000;

/** Milliseconds after a review for which more are expected. */
const RECENT = 1000;

const NO_CLUSTER =
  'no cluster is followed or swept: ratchet knows no mirror pod and no ConfigMap from before, and judges their creation as enforce does; pass --kubeconfig to give it a memory';
const NO_SWEEPER = { refused: 'no-sweeper', reason: 'this process has no sweeper' } as const;

/**
 * Runs the webhook and the background sweeper, or one of them, until a signal ends it.
 *
 * @returns the exit code: 0 after a graceful stop, 1 where a second signal cut it short
 * @throws StartError where it cannot start
 */
export async function serve(options: ServeOptions, environment: ServeEnvironment): Promise<number> {
  const { now, stdout } = environment;
  const signals = receiveSignals(environment);
  const log = createLog(levelOf(options), stdout);
  const demo = options.demo === true ? await import('./demo.ts') : undefined;
  if (demo && options.only === 'sweep')
    throw new StartError('usage', '--demo has no cluster to sweep: leave out --only sweep');
  const samples = demo?.samplesOf(environment.root);
  const configuration = loadConfiguration(options.config ?? samples?.configuration, controls);
  const listenOn = parseAddress(options.listen ?? (demo ? '127.0.0.1:8443' : ':8443'), '--listen');
  const localListenOn = parseAddress(options.localListen ?? '127.0.0.1:8080', '--local-listen');
  demo?.assertDemonstrable(
    listenOn,
    (options.tlsCertFile ?? options.tlsPrivateKeyFile ?? options.tlsSecret) !== undefined,
  );
  const sample = samples && (await demo?.judgeSamples(samples, rulesOf(configuration).controls, now));
  const cluster = demo ? undefined : await clusterOf(options, environment, log);

  const metrics = createMetrics(environment.version, RESOURCE_NAMES);
  const identity =
    options.only === 'sweep'
      ? undefined
      : await servingIdentity(options, {
          developmentFolder: demo?.certificateFolder,
          cluster,
          log,
          metrics: metrics.certificates,
          now,
          every: environment.reloadEvery ?? RELOAD_EVERY,
          rotation: environment.rotation,
          signal: signals.aborted,
        }).catch((cause: unknown) => {
          // asked to stop before there was a certificate: it stops as it does otherwise
          if (signals.received() > 0) return undefined;
          throw cause;
        });
  const cache = createObjectCache(now);
  let rules = rulesOf(configuration);
  let reviewed = -Infinity;
  const reloader = createReloader({
    initial: configuration,
    controls,
    log,
    metrics: metrics.configuration,
    now,
    onReload: (changed) => {
      rules = rulesOf(changed);
      following?.watch(changed.namespaces);
      sweeper?.reload();
    },
  });
  const sweeper = await sweeperOf(cluster, options, {
    configuration: reloader.current,
    log,
    metrics: metrics.sweep,
    now,
    clock: () => performance.now(),
    pause,
    isReviewing: () => performance.now() - reviewed < RECENT,
  });
  const following = cluster && followingOf(cluster, { cache, notices: sweeper?.notices, log });
  following?.watch(configuration.namespaces);
  environment.onSweepSignal(() => {
    const answer = demanded(sweeper, 'signal');
    log.info(answer, 'a signal asks for a sweep');
  });
  const stopFollowing = () => Promise.all([sweeper?.stop(), following?.stop(), identity?.stop()]);

  let serving = false;
  let stopReviewing: (() => Promise<void>) | undefined;
  const unready = (): string | undefined => {
    if (signals.received() > 0) return 'stopping';
    if (!serving) return 'starting';
    if (identity && now() > identity.expires()) return 'the serving certificate has expired';
    return identity && following?.unready();
  };
  const local = createLocal({
    names: [localListenOn.host, hostname()],
    metrics,
    log,
    unready,
    report: () => (sample ? { chunks: [sample.json] } : reportOf(sweeper)),
    sweep: () => demanded(sweeper, 'call'),
  });

  const listeners: Listener[] = [];
  signals.onSecond(() => {
    for (const listener of listeners) listener.cut();
  });
  let webhook: Listener | undefined;
  try {
    listeners.push(await listen(createServer(local), localListenOn, '--local-listen'));
    if (identity) {
      const reviewer = await startReviewer({
        configuration: () => rules,
        cache,
        stored: (...name) => sweeper?.stored(...name) ?? [],
        now,
      });
      stopReviewing = reviewer.stop;
      const app = createApp({
        reviewer: {
          ...reviewer,
          review: (...call) => {
            reviewed = performance.now();
            return reviewer.review(...call);
          },
        },
        bodyMemory: new BodyMemory(BODY_MEMORY_BYTES),
        metrics: metrics.admission,
        log,
        clock: () => performance.now(),
      });
      const server = createWebhookServer(app, identity.current());
      boundConnections(server);
      webhook = await listen(server, listenOn, '--listen');
      listeners.push(webhook);
      identity.start(() => {
        changeIdentity(server, identity.current());
      });
    }
  } catch (cause) {
    await Promise.all([
      stopFollowing(),
      stopReviewing?.(),
      ...listeners.map((listener) => listener.drain({ linger: 0, patience: 0 })),
    ]);
    throw cause;
  }
  serving = true;
  const stopReloading = reloader.start(environment.reloadEvery ?? RELOAD_EVERY);
  const [localListener] = listeners as [Listener];
  const localPort = `http://${authorityOf(localListener.address)}`;
  const addresses = { ...(webhook && { webhook: `https://${authorityOf(webhook.address)}` }), local: localPort };
  log.info({ ...addresses, version: environment.version }, 'serving');
  if (demo && samples && sample && webhook) {
    await demo.present({ samples, sample, webhook: webhook.address, local: localPort, log, stdout });
  }

  const signal = await signals.first;
  log.info({ signal }, 'stopping');
  stopReloading();
  // another replica takes over while this one still answers
  const stopped = stopFollowing();
  await webhook?.drain({ linger: demo ? 0 : environment.linger, patience: PATIENCE });
  await localListener.drain({ linger: 0, patience: PATIENCE_LOCAL });
  await stopReviewing?.();
  await stopped;
  log.info('stopped');
  return signals.received() > 1 ? 1 : 0;
}

async function clusterOf(
  { kubeconfig, context, only }: ServeOptions,
  { serviceAccountRoot: root, env = {}, isInteractive = false, version }: ServeEnvironment,
  log: Log,
): Promise<Cluster | undefined> {
  const cluster = await findCluster({ kubeconfig, context, root, env, isInteractive, version });
  if (cluster === undefined && only === 'sweep')
    throw new StartError('usage', 'no cluster to sweep: pass --kubeconfig');
  if (cluster === undefined) log.warn(NO_CLUSTER);
  for (const note of cluster?.notes ?? []) log.warn(`the kubeconfig: ${note}`);
  return cluster;
}

async function sweeperOf(
  cluster: Cluster | undefined,
  options: ServeOptions,
  surroundings: Omit<SweeperOptions, 'cluster' | 'kubeletCA'>,
): Promise<Sweeper | undefined> {
  if (cluster === undefined || options.only === 'webhook') return undefined;
  const [{ startSweeper }, { readKubeletCA }] = await Promise.all([
    import('./background-sweeper.ts'),
    import('../sweep-deps.ts'),
  ]);
  return startSweeper({ ...surroundings, cluster, kubeletCA: readKubeletCA(options.kubeletCertificateAuthority) });
}

/** Where the nodes are followed too, that ends with the rest. */
function followingOf(cluster: Cluster, listeners: Listeners): ObjectWatches {
  const following = followCluster(cluster, listeners);
  if (listeners.notices === undefined) return following;
  const nodes = followNodes(cluster, listeners.notices.nodes, listeners.log);
  return {
    ...following,
    stop: async () => {
      await Promise.all([following.stop(), nodes.stop()]);
    },
  };
}

function rulesOf(configuration: GuardConfiguration): ValidatorConfiguration {
  const { policy, namespaces } = configuration;
  return { controls: judgedControls(controls, configuration), policy, namespaces };
}

function reportOf(sweeper: Sweeper | undefined): LocalReport {
  return sweeper?.report() ?? { reason: NO_SWEEPER.reason };
}

function demanded(sweeper: Sweeper | undefined, asked: 'call' | 'signal'): LocalSweep {
  return sweeper?.demand(asked) ?? NO_SWEEPER;
}

function receiveSignals({ onSignal }: ServeEnvironment): {
  readonly first: Promise<string>;
  readonly received: () => number;
  readonly onSecond: (end: () => void) => void;
  readonly aborted: AbortSignal;
} {
  const abort = new AbortController();
  let count = 0;
  let end: (() => void) | undefined;
  const { promise, resolve } = Promise.withResolvers<string>();
  onSignal((name) => {
    count += 1;
    resolve(name);
    abort.abort();
    if (count > 1) end?.();
  });
  return {
    first: promise,
    received: () => count,
    onSecond: (handler) => {
      end = handler;
    },
    aborted: abort.signal,
  };
}

function levelOf({ logLevel, demo }: ServeOptions): LogLevel {
  // the demo is read by a person: only what asks for attention
  if (logLevel === undefined) return demo === true ? 'warn' : 'info';
  const level = logLevels.find((known) => known === logLevel);
  if (level === undefined) throw new StartError('usage', `--log-level must be one of ${logLevels.join(', ')}`);
  return level;
}
