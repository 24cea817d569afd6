// The certificates of the webhook: from files, from a Secret, or for the demo.

import { setTimeout } from 'node:timers/promises';

import { followAuthorities, followCertificates } from '../../runtime/certificates/files.ts';
import type { WatchSecret, RotationOptions } from '../../runtime/certificates/secret.ts';
import type { CertificateSource } from '../../runtime/certificates/certificates.ts';
import type { Log } from '../../runtime/log.ts';
import type { CertificateMetrics } from '../../runtime/metrics/metrics.ts';
import { allSteps, StartError } from '../../runtime/start-error.ts';
import type { Cluster } from '../../kube/cluster.ts';
import { webhookConfigurationOf } from '../../kube/objects/webhook-configuration.ts';
import { watchObjects } from '../../kube/watch/object-watch.ts';
import { secretOf, type SecretName } from '../../kube/objects/secret.ts';
import type { ServingIdentity } from '../../webhook/http/server.ts';
import { pause } from './watches.ts';
import { OWN_NAMESPACE } from '../sweep-deps.ts';

/** The flags of `serve` about certificates. */
export interface CertificateOptions {
  readonly tlsCertFile?: string | undefined;
  readonly tlsPrivateKeyFile?: string | undefined;
  readonly tlsSecret?: string | undefined;
  readonly tlsService?: string | undefined;
  readonly clientCaFile?: string | undefined;
}

/** What the certificates need. */
export interface CertificateDeps {
  /** The folder for development certificates, in the demo. */
  readonly developmentFolder: string | undefined;
  readonly cluster: Cluster | undefined;
  readonly log: Log;
  readonly metrics: CertificateMetrics;
  readonly now: () => Date;
  /** Milliseconds between two reads of files. */
  readonly every: number;
  /** When certificates in a Secret are renewed; as documented by default. */
  readonly rotation?: RotationOptions | undefined;
  /** Ends the wait for the first certificate. */
  readonly signal: AbortSignal;
}

/** The webhook's certificate and the CAs of its clients, which can change while it runs. */
export interface Identity {
  readonly current: () => ServingIdentity;
  readonly expires: () => Date;
  /** Starts to follow changes, and calls back on each of them. */
  readonly start: (changed: () => void) => void;
  readonly stop: () => Promise<unknown>;
}

/** The name of the ValidatingWebhookConfiguration as shipped. */
const REGISTRATION = 'kubelet-guard';
/** The name of the Service as shipped. */
const SERVICE = 'kubelet-guard';

/**
 * Reads or makes the certificates of the webhook.
 *
 * @throws StartError (rejects) if there are none
 */
export async function servingIdentity(options: CertificateOptions, deps: CertificateDeps): Promise<Identity> {
  const { metrics } = deps;
  const { clientCaFile, tlsSecret } = options;
  const readAuthorities = () => (clientCaFile === undefined ? undefined : followAuthorities(clientCaFile, deps));
  const readSource = () => certificateSource(options, deps);
  // a certificate in a Secret may be made and waited for, which must not delay what is wrong with a file
  const [authorities, source] =
    tlsSecret === undefined
      ? await allSteps([readAuthorities, readSource])
      : ([await readAuthorities(), await readSource()] as const);
  metrics.expires(source.current().expires);
  return {
    current: () => ({ ...source.current(), clientCA: authorities?.current() }),
    expires: () => source.current().expires,
    start: (changed) => {
      source.start(({ expires }) => {
        metrics.expires(expires);
        changed();
      });
      authorities?.start(changed);
    },
    stop: () => Promise.all([source.stop(), authorities?.stop()]),
  };
}

async function certificateSource(options: CertificateOptions, deps: CertificateDeps): Promise<CertificateSource> {
  const { tlsCertFile: certificate, tlsPrivateKeyFile: key, tlsSecret, tlsService } = options;
  const { developmentFolder, now } = deps;
  if (tlsSecret !== undefined && (certificate ?? key) !== undefined) {
    throw new StartError('usage', '--tls-secret and --tls-cert-file exclude each other: pass one of them');
  }
  if (tlsSecret === undefined && tlsService !== undefined) {
    throw new StartError('usage', '--tls-service needs --tls-secret: pass both');
  }
  if (tlsSecret !== undefined) return secretSource(tlsSecret, tlsService ?? SERVICE, deps);
  if (certificate !== undefined && key !== undefined) return followCertificates({ certificate, key }, deps);
  if (certificate !== undefined || key !== undefined) {
    throw new StartError('usage', '--tls-cert-file and --tls-private-key-file need each other: pass both');
  }
  if (developmentFolder !== undefined) {
    const { developmentCertificates } = await import('../../runtime/certificates/development.ts');
    const made = await developmentCertificates(developmentFolder, now());
    return { current: () => made, start: () => undefined, stop: () => Promise.resolve() };
  }
  const fault =
    'there is no serving certificate: pass --tls-secret, or --tls-cert-file and --tls-private-key-file, or try --demo';
  throw new StartError('certificate', fault);
}

async function secretSource(
  name: string,
  service: string,
  { cluster, log, metrics, now, rotation, signal }: CertificateDeps,
): Promise<CertificateSource> {
  if (cluster === undefined) {
    throw new StartError(
      'usage',
      '--tls-secret needs a cluster: pass --kubeconfig, or use --tls-cert-file and --tls-private-key-file',
    );
  }
  const { certificatesInSecret, ROTATION } = await import('../../runtime/certificates/secret.ts');
  const namespace = cluster.namespace ?? OWN_NAMESPACE;
  const host = `${service}.${namespace}.svc`;
  const deps = {
    secret: secretOf(cluster.request, { namespace, name }),
    webhookConfiguration: webhookConfigurationOf(cluster.request, REGISTRATION),
    watch: watchIn(cluster, { namespace, name }, log),
    names: [host, `${host}.cluster.local`] as const,
    rotation: rotation ?? ROTATION,
    log,
    metrics,
    now,
    clock: () => performance.now(),
    // it keeps the process alive: nothing else does at the start
    pause: (milliseconds: number, aborted: AbortSignal) => setTimeout(milliseconds, undefined, { signal: aborted }),
    random: Math.random,
  };
  return certificatesInSecret(deps, signal);
}

/** Watches the Secret and the ValidatingWebhookConfiguration, each by name: the webhook has rights for these two only. */
function watchIn(cluster: Cluster, { namespace, name }: SecretName, log: Log): WatchSecret {
  return ({ changed, watched }) => {
    const all = [
      { what: `Secret ${namespace}/${name}`, api: cluster.secret(name), within: namespace },
      {
        what: `ValidatingWebhookConfiguration ${REGISTRATION}`,
        api: cluster.webhookConfiguration(REGISTRATION),
        within: '',
      },
    ];
    const missing = new Set(all.map(({ what }) => what));
    const watches = all.map(({ what, api, within }) => {
      const events = {
        seen: changed,
        gone: changed,
        state: (_namespace: string, lost: string | undefined) => {
          if (lost === undefined) missing.delete(what);
          else {
            missing.add(what);
            log.info({ reason: lost }, `${what} cannot be watched; it is read at intervals instead`);
          }
          watched(missing.size === 0);
        },
        crashed: (cause: unknown) => {
          log.error({ err: cause }, `watching ${what} failed because of a bug`);
        },
      };
      const watch = watchObjects(api, events, { clock: () => performance.now(), pause, random: Math.random });
      watch.follow([within]);
      return watch;
    });
    return {
      stop: async () => {
        await Promise.all(watches.map((watch) => watch.stop()));
      },
    };
  };
}
