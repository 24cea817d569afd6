// The webhook's own CA and serving certificate, kept in a Secret that all replicas share.

import type { X509Certificate } from 'node:crypto';

import { watchExpiry } from './expiry.ts';
import type { CABundles, RotationOptions, SecretDeps, SecretData } from './secret-deps.ts';
import { certificatesIn, renew, type Material } from './rotation.ts';
import { certificatesOf, type Certificates, type CertificateSource } from './certificates.ts';
import { StartError } from '../start-error.ts';

export type { WatchSecret, RotationOptions } from './secret-deps.ts';

const DAY = 24 * 60 * 60 * 1000;

/** A CA for a year and certificates for 90 days, each renewed after two thirds of that. */
export const ROTATION: RotationOptions = {
  authority: 365 * DAY,
  serving: 90 * DAY,
  every: 10_000,
  rest: 10 * 60 * 1000,
  settle: 10 * 60 * 1000,
};

/** Milliseconds that a start waits for a certificate. */
const PATIENCE = 30_000;
/** Between two tries of a start. */
const RETRY = 1000;
/** Milliseconds after a change before it reads: changes come together, and nobody can make it read more often. */
const QUIET = 500;
/** By how much a pause varies, upwards: replicas do not all come at once. */
const JITTER = 0.2;
/** How often it reads again because another replica wrote first. */
const TRIES = 5;

/**
 * Keeps certificates in a Secret that all replicas share. The first replica that finds one due renews it, and the others use it.
 *
 * @param signal ends the wait for the first certificate
 * @throws StartError where there is no certificate to start with
 */
export async function certificatesInSecret<S extends SecretData, R extends CABundles>(
  deps: SecretDeps<S, R>,
  signal: AbortSignal,
): Promise<CertificateSource> {
  const source = new SecretSource(deps);
  await source.begin(signal);
  return {
    current: () => source.current(),
    start: (changed) => {
      source.start(changed);
    },
    stop: () => source.stop(),
  };
}

class SecretSource<S extends SecretData, R extends CABundles> {
  readonly #deps: SecretDeps<S, R>;
  readonly #warn: (certificates: Certificates) => void;
  readonly #stopped = new AbortController();
  #isWatched = false;
  /** Ends the wait for the next read. */
  #wake = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  #changed: (certificates: Certificates) => void = () => undefined;
  #current: Certificates | undefined;
  /** The CA that signs, and since when it is seen in the caBundle. */
  #trusted: { readonly fingerprint: string; readonly since: number } | undefined;
  #fault: string | undefined;

  constructor(deps: SecretDeps<S, R>) {
    this.#deps = deps;
    this.#warn = watchExpiry(deps.log, deps.now);
  }

  current(): Certificates {
    if (this.#current === undefined) throw new Error('there is no certificate yet');
    return this.#current;
  }

  async begin(signal: AbortSignal): Promise<void> {
    const { secret, clock, pause } = this.#deps;
    const deadline = clock() + PATIENCE;
    for (;;) {
      await this.#sync(signal);
      if (this.#current !== undefined) return;
      if (signal.aborted || clock() >= deadline) {
        const reason = signal.aborted ? 'the process is stopped' : String(this.#fault);
        throw new StartError('certificate', `no certificate from the Secret ${secret.name}: ${reason}`);
      }
      await pause(RETRY, signal).catch(() => undefined);
    }
  }

  start(changed: (certificates: Certificates) => void): void {
    this.#changed = changed;
    this.#ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { pause, random, rotation, watch } = this.#deps;
    const { signal } = this.#stopped;
    const isStopped = (): boolean => signal.aborted;
    const wait = (milliseconds: number, until: AbortSignal) =>
      pause(milliseconds * (1 + JITTER * random()), until).catch(() => undefined);
    const watching = watch({
      changed: () => {
        this.#wake.abort();
      },
      watched: (isWatched) => {
        this.#isWatched = isWatched;
        this.#wake.abort();
      },
    });
    while (!isStopped()) {
      const rest = this.#isWatched ? rotation.rest : undefined;
      await wait(rest ?? rotation.every, AbortSignal.any([signal, this.#wake.signal]));
      if (this.#wake.signal.aborted) await wait(QUIET, signal);
      this.#wake = new AbortController();
      if (!isStopped()) await this.#sync(signal);
    }
    await watching.stop();
  }

  /** Reads and renews once. A fault is logged when it begins and when it ends. */
  async #sync(signal: AbortSignal): Promise<void> {
    const { log, metrics } = this.#deps;
    try {
      let isDone = false;
      for (let tries = 0; tries < TRIES && !isDone; tries += 1) isDone = await this.#syncOnce(signal);
      if (!isDone) throw new Error('other replicas wrote first each time');
      if (this.#fault !== undefined) log.info('certificates are kept up to date again');
      this.#fault = undefined;
    } catch (cause) {
      if (signal.aborted) return;
      const reason = cause instanceof Error ? cause.message : 'no reason given';
      metrics.reloaded('failure');
      if (reason !== this.#fault) log.warn({ reason }, 'certificates cannot be kept up to date; trying again');
      this.#fault = reason;
    }
    if (this.#current !== undefined) this.#warn(this.#current);
  }

  /**
   * The ValidatingWebhookConfiguration is read before the Secret, and updated only if nobody wrote to it since. So no replica
   * can write a bundle that is older than another replica's.
   *
   * @returns false where somebody else wrote first
   */
  async #syncOnce(signal: AbortSignal): Promise<boolean> {
    const { secret, webhookConfiguration } = this.#deps;
    // also where it cannot be read, another replica's certificate is used
    const seen = await webhookConfiguration.read(signal).then(
      (configuration) => ({ configuration, caBundles: configuration?.caBundles ?? [] }),
      (fault: unknown) => ({ fault, caBundles: undefined }),
    );
    const found = await secret.read(signal);
    if (found?.isForeign === true) {
      const advice = 'name another one with --tls-secret, or serve with files';
      throw new Error(`kubelet-guard did not write the Secret ${secret.name} and does not overwrite it: ${advice}`);
    }
    const material = await this.#renew(found?.data ?? {}, seen.caBundles);
    const isNew = Object.entries(material).some(([key, value]) => found?.data[key] !== value);
    if (isNew) {
      const stored = await (found === undefined
        ? secret.create(material, signal)
        : secret.update(found, material, signal));
      if (stored === undefined) return false;
    }
    this.#use(material['tls.crt'], material['tls.key']);
    if ('fault' in seen) throw seen.fault;
    return seen.configuration === undefined || this.#updateBundle(seen.configuration, material['ca.crt'], signal);
  }

  #renew(data: SecretData['data'], caBundles: readonly string[] | undefined): Promise<Material> {
    const { names, rotation, now, clock } = this.#deps;
    const [signer] = certificatesIn(data['ca.crt']);
    const isIn = (bundle: string): boolean => signer !== undefined && bundle.includes(String(signer).trim());
    if (signer === undefined || caBundles?.every(isIn) !== true) this.#trusted = undefined;
    else if (this.#trusted?.fingerprint !== signer.fingerprint256) {
      this.#trusted = { fingerprint: signer.fingerprint256, since: clock() };
    }
    const isKnown = ({ fingerprint256 }: X509Certificate): boolean =>
      this.#trusted?.fingerprint === fingerprint256 && clock() - this.#trusted.since >= rotation.settle;
    return renew(data, { now: now(), lifetimes: rotation, names, isKnown });
  }

  #use(certificate: string, key: string): void {
    const { log, metrics } = this.#deps;
    if (this.#current?.certificate === certificate && this.#current.key === key) return;
    const [parsed] = certificatesIn(certificate);
    if (parsed === undefined) return;
    const isFirst = this.#current === undefined;
    this.#current = certificatesOf(certificate, key, parsed);
    const fields = { expires: this.#current.expires, serial: parsed.serialNumber, issuer: parsed.issuer };
    if (isFirst) log.info(fields, 'serving certificate loaded');
    else {
      metrics.reloaded('success');
      log.info(fields, 'serving certificate renewed');
    }
    this.#changed(this.#current);
  }

  async #updateBundle(configuration: R, bundle: string, signal: AbortSignal): Promise<boolean> {
    const { webhookConfiguration, log } = this.#deps;
    if (configuration.caBundles.every((caBundle) => caBundle === bundle)) return true;
    const isWritten = await webhookConfiguration.setCABundle(configuration, bundle, signal);
    if (isWritten)
      log.info(
        { authorities: certificatesIn(bundle).map(({ subject }) => subject) },
        `caBundle of ValidatingWebhookConfiguration ${webhookConfiguration.name} updated`,
      );
    return isWritten;
  }
}
