// `serve`: composes the webhook, the background sweeper and the local port, and ends them with a signal.

import { randomUUID } from 'node:crypto';

import { controls } from '../../controls/index.ts';
import type { Cluster } from '../../kube/cluster.ts';
import { loadConfiguration, type GuardConfiguration } from '../../runtime/configuration/configuration.ts';
import { authorityOf, parseAddress } from '../../runtime/listener.ts';
import { createLog, type Log } from '../../runtime/log.ts';
import { createMetrics } from '../../runtime/metrics/metrics.ts';
import { allSteps, StartError } from '../../runtime/start-error.ts';
import { RESOURCE_NAMES } from '../../webhook/resources.ts';
import { benchmarkOf } from '../../runtime/benchmark.ts';
import { findCluster, namedKubeconfig } from '../kubeconfig.ts';
import { startBackground } from './background.ts';
import { servingIdentity } from './certificates.ts';
import type { Demo } from './demo/demo.ts';
import { createEvents } from './local/events.ts';
import { logLevelOf, type ServeDeps, type ServeOptions } from './options.ts';
import { startPorts, sweepNow, type Served } from './ports.ts';
import { receiveStopSignals, type StopSignals } from './signals.ts';
import { pause } from './watches.ts';

/** Milliseconds for answers during a stop. Kubernetes kills a container 30 s after SIGTERM, other supervisors after 10 s. */
const STOP_LIMIT = 6000;
const LOCAL_STOP_LIMIT = 1000;

const RELOAD_EVERY = 1000;

const NO_CLUSTER =
  'no cluster is watched or swept; ratchet does not know the old state of mirror pods and ConfigMaps, and acts like enforce when they are created; pass --kubeconfig to change that';

/**
 * Runs the webhook and the background sweeper, or one of them, until a signal ends it.
 *
 * @returns the exit code: 0 after a graceful stop, 1 if a second signal ended it at once
 * @throws StartError (rejects) if it cannot start
 */
export async function serve(options: ServeOptions, deps: ServeDeps): Promise<number> {
  const signals = receiveStopSignals(deps.onSignal);
  const start = await prepare(options, deps, signals);
  const { log, demo, identity } = start;
  const events = createEvents({ instance: randomUUID(), clock: () => performance.now(), pause });
  const background = await startBackground(options, {
    ...start,
    now: deps.now,
    version: deps.version,
    changed: events.changed,
    localPort: start.addresses.local.port,
  });
  deps.onSweepSignal(() => {
    const answer = sweepNow(background.sweeper, 'signal');
    if ('refused' in answer) log.warn(answer, 'a signal starts no sweep');
    else log.info(answer, 'a signal starts a sweep');
  });
  const stopBackground = () => Promise.all([background.stop(), identity?.stop()]);
  const { local, webhook } = await startPorts(start, { background, events, signals, now: deps.now }).catch(
    async (cause: unknown) => {
      await stopBackground();
      throw cause;
    },
  );
  if (!demo) warnOf(start.cluster, log);
  const stopReloading = background.startReloading(deps.reloadEvery ?? RELOAD_EVERY);
  const localUrl = `http://${authorityOf(local.address)}`;
  const urls = { ...(webhook && { webhook: `https://${authorityOf(webhook.address)}` }), local: localUrl };
  log.info({ ...urls, version: deps.version }, 'serving');
  if (demo && webhook) {
    await demo.present({ webhook: webhook.address, local: localUrl, log, stdout: deps.stdout });
    const { configuration } = background;
    const { changed } = events;
    void demo.follow({ ...deps, configuration, changed, pause, signal: signals.aborted });
  }

  const signal = await signals.first;
  log.info({ signal }, 'stopping');
  stopReloading();
  events.stop();
  // another replica takes over while this one still answers
  const stopped = stopBackground();
  await webhook?.drain({ linger: demo ? 0 : deps.linger, patience: STOP_LIMIT });
  await local.drain({ linger: 0, patience: LOCAL_STOP_LIMIT });
  await webhook?.stop();
  await stopped;
  log.info('stopped');
  return signals.received() > 1 ? 1 : 0;
}

/** Everything that can be wrong with a start is found here, except an address in use. */
interface Start extends Served {
  readonly configuration: GuardConfiguration;
  readonly cluster: Cluster | undefined;
}

async function prepare(options: ServeOptions, deps: ServeDeps, signals: StopSignals): Promise<Start> {
  const { now } = deps;
  const log = createLog(logLevelOf(options), deps.stdout);
  const demo = options.demo === true ? (await import('./demo/demo.ts')).createDemo(options, deps.root) : undefined;
  const metrics = createMetrics(deps.version, RESOURCE_NAMES);
  const identityIn = (cluster: Cluster | undefined) =>
    servingIdentity(options, {
      developmentFolder: demo?.certificateFolder,
      cluster,
      log,
      metrics: metrics.certificates,
      now,
      every: deps.reloadEvery ?? RELOAD_EVERY,
      rotation: deps.rotation,
      signal: signals.aborted,
    });
  const isWebhook = options.only !== 'sweep';
  const isInFiles = demo === undefined && options.tlsSecret === undefined;
  const [configuration, webhook, local, cluster, inFiles] = await allSteps([
    () => configurationOf(options, demo),
    () => parseAddress(options.listen ?? (demo ? '127.0.0.1:8443' : ':8443'), '--listen'),
    () => parseAddress(options.localListen ?? '127.0.0.1:8080', '--local-listen'),
    () => (demo ? undefined : clusterOf(options, deps)),
    () => (isWebhook && isInFiles ? identityIn(undefined) : undefined),
  ]);
  await demo?.prepare(webhook, { configuration, now, version: deps.version });
  const start = { log, demo, configuration, addresses: { webhook, local }, cluster, metrics };
  if (!isWebhook) return { ...start, identity: undefined };
  const identity =
    inFiles ??
    (await identityIn(cluster).catch((cause: unknown) => {
      // a signal ended the wait for a certificate: stop as usual
      if (signals.received() > 0) return undefined;
      throw cause;
    }));
  return { ...start, identity };
}

function configurationOf({ config, benchmark }: ServeOptions, demo: Demo | undefined): GuardConfiguration {
  const configuration = loadConfiguration(config ?? demo?.configuration, controls);
  // a wrong name ends the start
  benchmarkOf(benchmark, configuration);
  return configuration;
}

/**
 * The cluster of the flags, of $KUBECONFIG or of the service account. Not that of ~/.kube/config: a sweeper writes to its
 * cluster, so somebody must have named it.
 */
async function clusterOf(
  { kubeconfig, context, only }: ServeOptions,
  { serviceAccountRoot: root, env = {}, isInteractive = false, version }: ServeDeps,
): Promise<Cluster | undefined> {
  const named = kubeconfig ?? namedKubeconfig(env);
  const cluster = await findCluster({ kubeconfig: named, context, root, env, isInteractive, version });
  if (cluster === undefined && only === 'sweep')
    throw new StartError('usage', 'there is no cluster to sweep: pass --kubeconfig');
  return cluster;
}

function warnOf(cluster: Cluster | undefined, log: Log): void {
  if (cluster === undefined) log.warn(NO_CLUSTER);
  for (const note of cluster?.notes ?? []) log.warn(`the kubeconfig: ${note}`);
}
