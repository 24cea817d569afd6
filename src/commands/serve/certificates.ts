import { setTimeout } from 'node:timers/promises';

import { followAuthorities, followCertificates } from '../../runtime/certificates/files.ts';
import type { FollowSecret, Rotation } from '../../runtime/certificates/secret.ts';
import type { CertificateSource } from '../../runtime/certificates/certificates.ts';
import type { Log } from '../../runtime/log.ts';
import type { CertificateMetrics } from '../../runtime/metrics/metrics.ts';
import { StartError } from '../../runtime/start-error.ts';
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

/** What the certificates need of `serve`. */
export interface CertificateSurroundings {
  /** Where development certificates are made, in the demo. */
  readonly developmentFolder: string | undefined;
  readonly cluster: Cluster | undefined;
  readonly log: Log;
  readonly metrics: CertificateMetrics;
  readonly now: () => Date;
  /** Milliseconds between two looks at files. */
  readonly every: number;
  /** How quickly what is kept in a Secret is renewed; as documented where it is not given. */
  readonly rotation?: Rotation | undefined;
  /** Ends the wait for the first certificate. */
  readonly signal: AbortSignal;
}

/** What the webhook proves itself with, and whom it answers, kept in step. */
export interface Identity {
  readonly current: () => ServingIdentity;
  readonly expires: () => Date;
  /** Keeps it in step from now on, and tells of each change. */
  readonly start: (changed: () => void) => void;
  readonly stop: () => Promise<unknown>;
}

/** As shipped: what API servers know the webhook by. */
const REGISTRATION = 'kubelet-guard';
const SERVICE = 'kubelet-guard';

/**
 * Finds or makes the certificates to serve with.
 *
 * @throws StartError where there are none
 */
export async function servingIdentity(
  options: CertificateOptions,
  surroundings: CertificateSurroundings,
): Promise<Identity> {
  const { metrics } = surroundings;
  const source = await certificateSource(options, surroundings);
  const authorities =
    options.clientCaFile === undefined ? undefined : await followAuthorities(options.clientCaFile, surroundings);
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

async function certificateSource(
  options: CertificateOptions,
  surroundings: CertificateSurroundings,
): Promise<CertificateSource> {
  const { tlsCertFile: certificate, tlsPrivateKeyFile: key, tlsSecret, tlsService } = options;
  const { developmentFolder, now } = surroundings;
  if (tlsSecret !== undefined && (certificate ?? key) !== undefined) {
    throw new StartError('usage', '--tls-secret and --tls-cert-file are two ways to the same: pass one of them');
  }
  if (tlsSecret === undefined && tlsService !== undefined) {
    throw new StartError('usage', '--tls-service names what --tls-secret makes certificates for: pass both');
  }
  if (tlsSecret !== undefined) return secretSource(tlsSecret, tlsService ?? SERVICE, surroundings);
  if (certificate !== undefined && key !== undefined) return followCertificates({ certificate, key }, surroundings);
  if (certificate !== undefined || key !== undefined) {
    throw new StartError('usage', '--tls-cert-file and --tls-private-key-file go together: pass both');
  }
  if (developmentFolder !== undefined) {
    const { developmentCertificates } = await import('../../runtime/certificates/development.ts');
    const made = await developmentCertificates(developmentFolder, now());
    return { current: () => made, start: () => undefined, stop: () => Promise.resolve() };
  }
  const fault =
    'no certificate to serve with: pass --tls-secret, or --tls-cert-file and --tls-private-key-file, or try it out with --demo';
  throw new StartError('certificate', fault);
}

async function secretSource(
  name: string,
  service: string,
  { cluster, log, metrics, now, rotation, signal }: CertificateSurroundings,
): Promise<CertificateSource> {
  if (cluster === undefined) {
    throw new StartError('usage', '--tls-secret needs a cluster: pass --kubeconfig, or certificates in files');
  }
  const { keepCertificates, ROTATION } = await import('../../runtime/certificates/secret.ts');
  const namespace = cluster.namespace ?? OWN_NAMESPACE;
  const host = `${service}.${namespace}.svc`;
  const surroundings = {
    secret: secretOf(cluster.request, { namespace, name }),
    registration: webhookConfigurationOf(cluster.request, REGISTRATION),
    follow: followIn(cluster, { namespace, name }, log),
    names: [host, `${host}.cluster.local`] as const,
    rotation: rotation ?? ROTATION,
    log,
    metrics,
    now,
    clock: () => performance.now(),
    // it keeps the process alive: at the start there is nothing else that would
    pause: (milliseconds: number, aborted: AbortSignal) => setTimeout(milliseconds, undefined, { signal: aborted }),
    random: Math.random,
  };
  return keepCertificates(surroundings, signal);
}

/** Follows Secret and registration, each by its name: rights are given for these two alone. */
function followIn(cluster: Cluster, { namespace, name }: SecretName, log: Log): FollowSecret {
  return ({ changed, followed }) => {
    const all = [
      { what: `the Secret ${namespace}/${name}`, api: cluster.secret(name), within: namespace },
      { what: `the registration ${REGISTRATION}`, api: cluster.webhookConfiguration(REGISTRATION), within: '' },
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
            log.info({ reason: lost }, `${what} cannot be watched; it is looked at again and again`);
          }
          followed(missing.size === 0);
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
