// What keeping certificates in a Secret needs, and how quickly certificates are renewed.

import type { Lifetimes } from './rotation.ts';
import type { Log } from '../log.ts';
import type { CertificateMetrics } from '../metrics/metrics.ts';

/** The values of a Secret, as they were read. */
export interface SecretData {
  readonly data: Readonly<Record<string, string>>;
  /** Whether somebody else wrote it: it must not be overwritten. */
  readonly isForeign: boolean;
}

/** The calls about the Secret. They reject with a reason. Undefined: there is none, or somebody else wrote first. */
export interface CertificateSecret<T extends SecretData = SecretData> {
  readonly name: string;
  readonly read: (signal: AbortSignal) => Promise<T | undefined>;
  readonly create: (data: SecretData['data'], signal: AbortSignal) => Promise<T | undefined>;
  /** Replaces a Secret that nobody wrote to since. */
  readonly update: (seen: T, data: SecretData['data'], signal: AbortSignal) => Promise<T | undefined>;
}

/** The caBundle of each webhook of a ValidatingWebhookConfiguration. */
export interface CABundles {
  readonly caBundles: readonly string[];
}

/** The calls about the ValidatingWebhookConfiguration. They reject with a reason. */
export interface WebhookConfiguration<T extends CABundles = CABundles> {
  readonly name: string;
  readonly read: (signal: AbortSignal) => Promise<T | undefined>;
  /** Sets the caBundle of all webhooks; false where somebody wrote to it since. */
  readonly setCABundle: (seen: T, caBundle: string, signal: AbortSignal) => Promise<boolean>;
}

/** How quickly certificates are renewed, in milliseconds. */
export interface RotationOptions extends Lifetimes {
  /** Between two reads of the Secret and the ValidatingWebhookConfiguration while they cannot be watched. */
  readonly every: number;
  /** Between two reads while they are watched, for what is due by its age alone. `every` by default. */
  readonly rest?: number;
  /** How long a new CA is in the caBundle before it signs: by then every API server has read it. */
  readonly settle: number;
}

/** Watches the Secret and the ValidatingWebhookConfiguration, and calls back on changes. */
export type WatchSecret = (events: {
  readonly changed: () => void;
  /** Whether both are watched from now on. */
  readonly watched: (isWatched: boolean) => void;
}) => { readonly stop: () => Promise<void> };

/** What keeping certificates in a Secret needs. */
export interface SecretDeps<S extends SecretData, R extends CABundles> {
  readonly secret: CertificateSecret<S>;
  readonly webhookConfiguration: WebhookConfiguration<R>;
  readonly watch: WatchSecret;
  /** The DNS names that API servers call the webhook by. */
  readonly names: readonly [string, ...string[]];
  readonly rotation: RotationOptions;
  readonly log: Log;
  readonly metrics: Pick<CertificateMetrics, 'reloaded'>;
  readonly now: () => Date;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  /** Resolves after so many milliseconds, or rejects when the signal aborts. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<unknown>;
  /** From 0 to 1. */
  readonly random: () => number;
}
