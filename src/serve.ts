import { createServer } from 'node:http';
import type { Writable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';

import { controls } from './controls/index.ts';
import { createLocal } from './entrances/local.ts';
import { createApp } from './entrances/webhook/app.ts';
import { createJudge, judgedResources } from './entrances/webhook/judge.ts';
import { followObjects, type Following } from './entrances/webhook/follow.ts';
import { rememberObjects, type ObjectMemory } from './entrances/webhook/memory.ts';
import { createWebhookServer } from './entrances/webhook/server.ts';
import { loadCertificates, type Certificates } from './runtime/certificates.ts';
import { loadConfiguration } from './runtime/configuration.ts';
import { authorityOf, listen, parseAddress, type Listener } from './runtime/listener.ts';
import { createLog, logLevels, type Log, type LogLevel } from './runtime/log.ts';
import { createMetrics } from './runtime/metrics.ts';
import { createReloader } from './runtime/reload.ts';
import { StartError } from './runtime/start-error.ts';
import { watchObjects, type ObjectApi, type ObjectWatchEvents } from './sources/object-watch.ts';

/** The flags of `serve`. */
export interface ServeOptions {
  readonly listen?: string | undefined;
  readonly localListen?: string | undefined;
  readonly tlsCertFile?: string | undefined;
  readonly tlsPrivateKeyFile?: string | undefined;
  readonly config?: string | undefined;
  readonly kubeconfig?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly demo?: boolean | undefined;
}

/** What `serve` needs of its process. */
export interface ServeEnvironment {
  readonly stdout: Writable;
  /** Hands over every signal that asks the process to end. */
  readonly onSignal: (handler: (name: string) => void) => void;
  readonly now: () => Date;
  readonly version: string;
  /** Milliseconds for which the webhook serves on after the signal, until the API servers have heard that it stops. */
  readonly linger: number;
  /** Milliseconds between two looks at the configuration file; 1000 where it is not given. */
  readonly reloadEvery?: number;
  /** The folder below which the files of a service account are, where there are any; without it none are looked for. */
  readonly serviceAccountRoot?: string;
}

/** Kubernetes kills a container 30 s after SIGTERM, other supervisors after 10. */
const PATIENCE = 6000;
const PATIENCE_LOCAL = 1000;

const RELOAD_EVERY = 1000;

/** What kubeadm creates before it updates. */
const CONFIG_MAPS = ['kubeadm-config', 'kubelet-config'];

const NO_CLUSTER =
  'no cluster is followed: ratchet has no memory of mirror pods from before this start, nor of what other replicas saw; pass --kubeconfig to give it one';

/**
 * Runs the webhook until a signal ends it.
 *
 * @returns the exit code: 0 after a graceful stop, 1 where a second signal cut it short
 * @throws StartError where it can not start
 */
export async function serve(options: ServeOptions, environment: ServeEnvironment): Promise<number> {
  const { now, stdout } = environment;
  const signals = receiveSignals(environment);
  const log = createLog(levelOf(options), stdout);
  const demo = options.demo === true ? await import('./demo.ts') : undefined;
  const configuration = loadConfiguration(options.config ?? demo?.configurationFile, controls);
  const listenOn = parseAddress(options.listen ?? (demo ? '127.0.0.1:8443' : '0.0.0.0:8443'), '--listen');
  const localListenOn = parseAddress(options.localListen ?? '127.0.0.1:8080', '--local-listen');
  demo?.assertDemonstrable(listenOn, (options.tlsCertFile ?? options.tlsPrivateKeyFile) !== undefined);
  const certificates = await certificatesOf(options, demo?.certificateFolder, now());
  const sample = await demo?.judgeSamples(controls, now);

  const memory = rememberObjects(now);
  const following = demo ? undefined : await followCluster(options, environment, memory, log);
  following?.follow(configuration.namespaces);

  const metrics = createMetrics(environment.version, judgedResources);
  metrics.certificateExpires(certificates.expires);
  const reloader = createReloader({
    initial: configuration,
    controls,
    log,
    metrics: metrics.configuration,
    now,
    onReload: ({ namespaces }) => following?.follow(namespaces),
  });
  let serving = false;
  const unready = (): string | undefined => {
    if (signals.received() > 0) return 'stopping';
    if (!serving) return 'starting';
    return now() > certificates.expires ? 'the serving certificate has expired' : following?.unready();
  };
  const app = createApp({
    judge: createJudge({ controls, rules: reloader.current, memory, now }),
    metrics: metrics.admission,
    log,
    clock: () => performance.now(),
  });
  const local = createLocal({ metrics, log, unready, report: sample?.json });

  const listeners: Listener[] = [];
  signals.onSecond(() => {
    for (const listener of listeners) listener.cut();
  });
  try {
    listeners.push(await listen(createServer(local), localListenOn, '--local-listen'));
    listeners.push(await listen(createWebhookServer(app, certificates), listenOn, '--listen'));
  } catch (cause) {
    await Promise.all([following?.stop(), ...listeners.map((listener) => listener.drain({ linger: 0, patience: 0 }))]);
    throw cause;
  }
  const [localListener, webhookListener] = listeners as [Listener, Listener];
  serving = true;
  const stopReloading = reloader.start(environment.reloadEvery ?? RELOAD_EVERY);
  const webhook = `https://${authorityOf(webhookListener.address)}`;
  const localPort = `http://${authorityOf(localListener.address)}`;
  log.info({ webhook, local: localPort, version: environment.version }, 'serving');
  if (demo !== undefined && sample !== undefined) {
    await demo.present({ sample, webhook: webhookListener.address, local: localPort, log, stdout });
  }

  const signal = await signals.first;
  log.info({ signal }, 'stopping');
  stopReloading();
  await webhookListener.drain({ linger: demo ? 0 : environment.linger, patience: PATIENCE });
  await localListener.drain({ linger: 0, patience: PATIENCE_LOCAL });
  await following?.stop();
  log.info('stopped');
  return signals.received() > 1 ? 1 : 0;
}

/** Follows the cluster, so that `ratchet` knows what there was before a start and what other replicas saw. */
async function followCluster(
  { kubeconfig }: ServeOptions,
  { serviceAccountRoot: root }: ServeEnvironment,
  memory: ObjectMemory,
  log: Log,
): Promise<Following | undefined> {
  const { connectCluster } = await import('./sources/cluster.ts');
  const cluster = await connectCluster({ kubeconfig, root }).catch((cause: unknown) => {
    const reason = (cause as Error).message;
    throw new StartError('usage', `can not use the kubeconfig ${kubeconfig ?? ''}: ${reason}`, { cause });
  });
  if (cluster === undefined) {
    log.warn(NO_CLUSTER);
    return undefined;
  }
  const clock = { clock: () => performance.now(), pause, random: Math.random };
  const watch = (api: ObjectApi) => (events: ObjectWatchEvents) => watchObjects(api, events, clock);
  const configMaps = CONFIG_MAPS.map((name) => ({
    kind: 'ConfigMap' as const,
    what: `ConfigMaps ${name}`,
    within: (namespace: string) => namespace === 'kube-system',
    watch: watch(cluster.configMap(name)),
  }));
  const pods = { kind: 'Pod' as const, what: 'mirror pods', within: () => true, watch: watch(cluster.pods) };
  return followObjects({ controls, memory, log, followed: [pods, ...configMaps], pause });
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return setTimeout(milliseconds, undefined, { signal, ref: false });
}

function receiveSignals({ onSignal }: ServeEnvironment): {
  readonly first: Promise<string>;
  readonly received: () => number;
  readonly onSecond: (end: () => void) => void;
} {
  let count = 0;
  let end: (() => void) | undefined;
  const { promise, resolve } = Promise.withResolvers<string>();
  onSignal((name) => {
    count += 1;
    resolve(name);
    if (count > 1) end?.();
  });
  return {
    first: promise,
    received: () => count,
    onSecond: (handler) => {
      end = handler;
    },
  };
}

function levelOf({ logLevel, demo }: ServeOptions): LogLevel {
  // the demo is read by a person: only what asks for attention
  if (logLevel === undefined) return demo === true ? 'warn' : 'info';
  const level = logLevels.find((known) => known === logLevel);
  if (level === undefined) throw new StartError('usage', `--log-level must be one of ${logLevels.join(', ')}`);
  return level;
}

async function certificatesOf(
  options: ServeOptions,
  developmentFolder: string | undefined,
  now: Date,
): Promise<Certificates> {
  const { tlsCertFile: certificate, tlsPrivateKeyFile: key } = options;
  if (certificate !== undefined && key !== undefined) return loadCertificates({ certificate, key }, now);
  if (certificate !== undefined || key !== undefined) {
    throw new StartError('usage', '--tls-cert-file and --tls-private-key-file go together: pass both');
  }
  if (developmentFolder !== undefined) {
    const { developmentCertificates } = await import('./runtime/development-certificates.ts');
    return developmentCertificates(developmentFolder, now);
  }
  const fault =
    'no certificate to serve with: pass --tls-cert-file and --tls-private-key-file, or try it out with --demo';
  throw new StartError('certificate', fault);
}
