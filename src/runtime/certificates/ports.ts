// What certificates in a Secret are kept with: the calls, the times, and who is told.

import type { Lifetimes } from './rotation.ts';
import type { Log } from '../log.ts';
import type { CertificateMetrics } from '../metrics/metrics.ts';

/** The values of a Secret, as it was when it was read. */
export interface Stored {
  readonly data: Readonly<Record<string, string>>;
  /** Whether it is somebody else's, and must stay as it is. */
  readonly isForeign: boolean;
}

/** The Secret that all replicas share. Calls reject with a reason; undefined is none there, or that somebody was first. */
export interface SharedSecret<T extends Stored = Stored> {
  readonly name: string;
  readonly read: (signal: AbortSignal) => Promise<T | undefined>;
  readonly create: (data: Stored['data'], signal: AbortSignal) => Promise<T | undefined>;
  /** Replaces a Secret that is still as it was seen. */
  readonly update: (seen: T, data: Stored['data'], signal: AbortSignal) => Promise<T | undefined>;
}

/** What API servers know the webhook by, for each of the webhooks that are registered. */
export interface Registered {
  readonly caBundles: readonly string[];
}

/** The registration with the API servers. Calls reject with a reason. */
export interface Registration<T extends Registered = Registered> {
  readonly read: (signal: AbortSignal) => Promise<T | undefined>;
  /** Gives all webhooks this bundle if it is still as it was seen; false where it is not. */
  readonly setCABundle: (seen: T, caBundle: string, signal: AbortSignal) => Promise<boolean>;
}

/** How quickly things happen, in milliseconds. */
export interface Rotation extends Lifetimes {
  /** Between two looks at Secret and registration while they cannot be followed. */
  readonly every: number;
  /** And while they are: what is renewed by time alone waits for this. As `every` where it is not given. */
  readonly rest?: number;
  /** So long a new CA has to be registered before it signs: until then every API server has heard of it. */
  readonly settle: number;
}

/** Follows Secret and registration: tells that one of them changed, and whether it would hear of it. */
export type FollowSecret = (events: {
  readonly changed: () => void;
  readonly followed: (isFollowed: boolean) => void;
}) => { readonly stop: () => Promise<void> };

/** What keeping certificates in a Secret needs. */
export interface SecretSurroundings<S extends Stored, R extends Registered> {
  readonly secret: SharedSecret<S>;
  readonly registration: Registration<R>;
  readonly follow: FollowSecret;
  /** The DNS names that API servers call the webhook by. */
  readonly names: readonly [string, ...string[]];
  readonly rotation: Rotation;
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
