import type { X509Certificate } from 'node:crypto';

import { watchExpiry } from './expiry.ts';
import type { Registered, Rotation, SecretSurroundings, Stored } from './ports.ts';
import { certificatesIn, renew, type Material } from './rotation.ts';
import { certificatesOf, type Certificates, type CertificateSource } from './certificates.ts';
import { StartError } from '../start-error.ts';

export type { FollowSecret, Rotation } from './ports.ts';

const DAY = 24 * 60 * 60 * 1000;

/** A CA for a year and certificates for 90 days, each renewed after two thirds of that. */
export const ROTATION: Rotation = {
  authority: 365 * DAY,
  serving: 90 * DAY,
  every: 10_000,
  rest: 10 * 60 * 1000,
  settle: 10 * 60 * 1000,
};

/** So long a start waits for a certificate. */
const PATIENCE = 30_000;
/** Between two tries of a start. */
const RETRY = 1000;
/** Changes come together, and nobody can make it look more often than this. */
const QUIET = 500;
/** By how much a pause varies, upwards: replicas do not all come at once. */
const JITTER = 0.2;
/** How often one look starts anew because another replica was first. */
const TRIES = 5;

/**
 * Own certificates in a Secret that all replicas share: whichever finds something due renews it, and the others take it.
 *
 * @param signal ends the wait for the first certificate
 * @throws StartError where there is no certificate to start with
 */
export async function keepCertificates<S extends Stored, R extends Registered>(
  surroundings: SecretSurroundings<S, R>,
  signal: AbortSignal,
): Promise<CertificateSource> {
  const keeper = new Keeper(surroundings);
  await keeper.begin(signal);
  return {
    current: () => keeper.current(),
    start: (changed) => {
      keeper.start(changed);
    },
    stop: () => keeper.stop(),
  };
}

class Keeper<S extends Stored, R extends Registered> {
  readonly #surroundings: SecretSurroundings<S, R>;
  readonly #warn: (certificates: Certificates) => void;
  readonly #stopped = new AbortController();
  #isFollowed = false;
  /** Ends the wait for the next look. */
  #wake = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  #changed: (certificates: Certificates) => void = () => undefined;
  #current: Certificates | undefined;
  /** The CA that signs, and since when it is seen to be registered. */
  #registered: { readonly fingerprint: string; readonly since: number } | undefined;
  #fault: string | undefined;

  constructor(surroundings: SecretSurroundings<S, R>) {
    this.#surroundings = surroundings;
    this.#warn = watchExpiry(surroundings.log, surroundings.now);
  }

  current(): Certificates {
    if (this.#current === undefined) throw new Error('there is no certificate yet');
    return this.#current;
  }

  async begin(signal: AbortSignal): Promise<void> {
    const { secret, clock, pause } = this.#surroundings;
    const deadline = clock() + PATIENCE;
    for (;;) {
      await this.#look(signal);
      if (this.#current !== undefined) return;
      if (signal.aborted || clock() >= deadline) {
        const reason = signal.aborted ? 'it is stopped' : String(this.#fault);
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
    const { pause, random, rotation, follow } = this.#surroundings;
    const { signal } = this.#stopped;
    const isStopped = (): boolean => signal.aborted;
    const wait = (milliseconds: number, until: AbortSignal) =>
      pause(milliseconds * (1 + JITTER * random()), until).catch(() => undefined);
    const following = follow({
      changed: () => {
        this.#wake.abort();
      },
      followed: (isFollowed) => {
        this.#isFollowed = isFollowed;
        this.#wake.abort();
      },
    });
    while (!isStopped()) {
      const rest = this.#isFollowed ? rotation.rest : undefined;
      await wait(rest ?? rotation.every, AbortSignal.any([signal, this.#wake.signal]));
      if (this.#wake.signal.aborted) await wait(QUIET, signal);
      this.#wake = new AbortController();
      if (!isStopped()) await this.#look(signal);
    }
    await following.stop();
  }

  /** Looks once, and tells of a fault when it comes and when it goes. */
  async #look(signal: AbortSignal): Promise<void> {
    const { log, metrics } = this.#surroundings;
    try {
      let isDone = false;
      for (let tries = 0; tries < TRIES && !isDone; tries += 1) isDone = await this.#step(signal);
      if (!isDone) throw new Error('other replicas were first again and again');
      if (this.#fault !== undefined) log.info('the certificates are kept in step again');
      this.#fault = undefined;
    } catch (cause) {
      if (signal.aborted) return;
      const reason = cause instanceof Error ? cause.message : 'no reason given';
      metrics.reloaded('failure');
      if (reason !== this.#fault) log.warn({ reason }, 'the certificates cannot be kept in step; it is tried again');
      this.#fault = reason;
    }
    if (this.#current !== undefined) this.#warn(this.#current);
  }

  /**
   * The registration is read before the Secret, and written only if it is still the same: so nobody can write a bundle
   * that is older than what somebody else wrote in between.
   *
   * @returns false where somebody else was first
   */
  async #step(signal: AbortSignal): Promise<boolean> {
    const { secret, registration } = this.#surroundings;
    // a registration that cannot be read is no reason not to take the certificate of another replica
    const seen = await registration.read(signal).then(
      (registered) => ({ registered, caBundles: registered?.caBundles ?? [] }),
      (fault: unknown) => ({ fault, caBundles: undefined }),
    );
    const found = await secret.read(signal);
    if (found?.isForeign === true) {
      const advice = 'name another one with --tls-secret, or serve with files';
      throw new Error(`the Secret ${secret.name} is not of kubelet-guard, and stays as it is: ${advice}`);
    }
    const material = await this.#renewed(found?.data ?? {}, seen.caBundles);
    const isNew = Object.entries(material).some(([key, value]) => found?.data[key] !== value);
    if (isNew) {
      const stored = await (found === undefined
        ? secret.create(material, signal)
        : secret.update(found, material, signal));
      if (stored === undefined) return false;
    }
    this.#take(material['tls.crt'], material['tls.key']);
    if ('fault' in seen) throw seen.fault;
    return seen.registered === undefined || this.#register(seen.registered, material['ca.crt'], signal);
  }

  #renewed(data: Stored['data'], caBundles: readonly string[] | undefined): Promise<Material> {
    const { names, rotation, now, clock } = this.#surroundings;
    const [signer] = certificatesIn(data['ca.crt']);
    const isIn = (bundle: string): boolean => signer !== undefined && bundle.includes(String(signer).trim());
    if (signer === undefined || caBundles?.every(isIn) !== true) this.#registered = undefined;
    else if (this.#registered?.fingerprint !== signer.fingerprint256) {
      this.#registered = { fingerprint: signer.fingerprint256, since: clock() };
    }
    const isKnown = ({ fingerprint256 }: X509Certificate): boolean =>
      this.#registered?.fingerprint === fingerprint256 && clock() - this.#registered.since >= rotation.settle;
    return renew(data, { now: now(), lifetimes: rotation, names, isKnown });
  }

  #take(certificate: string, key: string): void {
    const { log, metrics } = this.#surroundings;
    if (this.#current?.certificate === certificate && this.#current.key === key) return;
    const [parsed] = certificatesIn(certificate);
    if (parsed === undefined) return;
    const isFirst = this.#current === undefined;
    this.#current = certificatesOf(certificate, key, parsed);
    const fields = { expires: this.#current.expires, serial: parsed.serialNumber, issuer: parsed.issuer };
    if (isFirst) log.info(fields, 'the serving certificate is there');
    else {
      metrics.reloaded('success');
      log.info(fields, 'the serving certificate is renewed');
    }
    this.#changed(this.#current);
  }

  async #register(registered: R, bundle: string, signal: AbortSignal): Promise<boolean> {
    const { registration, log } = this.#surroundings;
    if (registered.caBundles.every((caBundle) => caBundle === bundle)) return true;
    const isWritten = await registration.setCABundle(registered, bundle, signal);
    if (isWritten)
      log.info(
        { authorities: certificatesIn(bundle).map(({ subject }) => subject) },
        'the caBundle of the registration is put right',
      );
    return isWritten;
  }
}
