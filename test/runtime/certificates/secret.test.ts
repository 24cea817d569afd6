import { X509Certificate } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

import { describe, expect, test } from '@jest/globals';

import { certificatesIn } from '../../../src/runtime/certificates/rotation.ts';
import { certificatesInSecret, ROTATION, type WatchSecret } from '../../../src/runtime/certificates/secret.ts';
import type { CertificateSource } from '../../../src/runtime/certificates/certificates.ts';
import { createLog } from '../../../src/runtime/log.ts';
import { Lines } from '../../support/admission.ts';

const DAY = 24 * 60 * 60 * 1000;
const START = Date.parse('2026-11-23T12:00:00Z');
const LOST = 'certificates cannot be kept up to date; trying again';
const FOUND = 'certificates are kept up to date again';
const UPDATED = 'caBundle of ValidatingWebhookConfiguration guard updated';
const { signal } = new AbortController();

interface Seen {
  readonly version: number;
}

/** A cluster with one Secret and one ValidatingWebhookConfiguration, as an API server keeps them, and its own clock. */
class FakeCluster {
  version = 0;
  now = START;
  secret: (Seen & { data: Readonly<Record<string, string>>; isForeign: boolean }) | undefined;
  registered: (Seen & { caBundles: readonly string[] }) | undefined = { version: 0, caBundles: ['', 'x'] };
  /** Runs before each call; it can throw or change something. */
  beforeCall: (call: string) => void = () => undefined;
  readonly lines = new Lines();
  readonly watchers: Parameters<WatchSecret>[0][] = [];
  readonly results: string[] = [];
  /** The replicas that wait until a time. */
  readonly #waiting = new Set<{ until: number; go: () => void }>();
  #started = 0;

  async #call<T>(name: string, answer: () => T): Promise<T> {
    await setImmediate();
    this.beforeCall(name);
    return answer();
  }

  #write(data: Readonly<Record<string, string>>) {
    this.version += 1;
    this.secret = { version: this.version, data, isForeign: false };
    return this.secret;
  }

  readonly #secretCalls = {
    name: 'ns/tls',
    read: () => this.#call('read', () => this.secret),
    create: (data: Readonly<Record<string, string>>) =>
      this.#call('create', () => (this.secret === undefined ? this.#write(data) : undefined)),
    update: (seen: Seen, data: Readonly<Record<string, string>>) =>
      this.#call('update', () => (this.secret?.version === seen.version ? this.#write(data) : undefined)),
  };

  readonly #webhookConfiguration = {
    name: 'guard',
    read: () => this.#call('read webhook configuration', () => this.registered),
    setCABundle: (seen: Seen, caBundle: string) =>
      this.#call('setCABundle', () => {
        if (this.registered?.version !== seen.version) return false;
        this.version += 1;
        this.registered = { version: this.version, caBundles: this.registered.caBundles.map(() => caBundle) };
        return true;
      }),
  };

  replica(aborted = signal): Promise<CertificateSource> {
    const deps = {
      secret: this.#secretCalls,
      webhookConfiguration: this.#webhookConfiguration,
      watch: (events: Parameters<WatchSecret>[0]) => {
        this.watchers.push(events);
        return { stop: () => Promise.resolve() };
      },
      names: ['guard.ns.svc'] as const,
      rotation: ROTATION,
      log: createLog('info', this.lines),
      metrics: { reloaded: (result: string) => void this.results.push(result) },
      now: () => new Date(this.now),
      clock: () => this.now - START,
      pause: (milliseconds: number, end: AbortSignal) =>
        new Promise<void>((resolve) => {
          const waiter = { until: this.now + milliseconds, go: resolve };
          this.#waiting.add(waiter);
          end.addEventListener('abort', () => {
            this.#waiting.delete(waiter);
            resolve();
          });
        }),
      random: () => 0.5,
    };
    return certificatesInSecret(deps, aborted).finally(() => {
      this.#started += 1;
    });
  }

  /** Advances the clock in one step and runs the replicas that waited for it, until they wait again or have started. */
  async pass(milliseconds: number): Promise<void> {
    const before = this.#waiting.size + this.#started;
    this.now += milliseconds;
    for (const waiter of [...this.#waiting]) {
      if (waiter.until > this.now) continue;
      this.#waiting.delete(waiter);
      waiter.go();
    }
    while (this.#waiting.size + this.#started < before) await setImmediate();
  }

  /** Waits until a replica waits for its next read. */
  async waits(): Promise<void> {
    while (this.#waiting.size === 0) await setImmediate();
  }

  /** Lets every replica read once. */
  nextRead(): Promise<void> {
    return this.pass(12_000);
  }

  get bundle(): string {
    return this.secret?.data['ca.crt'] ?? '';
  }

  get messages(): unknown[] {
    return this.lines.entries.map(({ msg }) => msg);
  }
}

function verifies(bundle: string, { certificate }: { certificate: string }): boolean {
  return certificatesIn(bundle).some(({ publicKey }) => new X509Certificate(certificate).verify(publicKey));
}

describe('the first start', () => {
  test('creates the Secret, and sets its CA in every webhook of the ValidatingWebhookConfiguration', async () => {
    const cluster = new FakeCluster();
    const source = await cluster.replica();
    expect(source.current()).toMatchObject({
      certificate: cluster.secret?.data['tls.crt'],
      key: cluster.secret?.data['tls.key'],
      expires: new Date(START + 90 * DAY),
    });
    expect(cluster.registered?.caBundles).toEqual([cluster.bundle, cluster.bundle]);
    expect(cluster.lines.text).not.toContain('PRIVATE KEY');
  });

  test('of five replicas at once ends with one CA and one certificate', async () => {
    const cluster = new FakeCluster();
    const sources = await Promise.all(Array.from({ length: 5 }, () => cluster.replica()));
    expect(new Set(sources.map((source) => source.current().certificate)).size).toBe(1);
    expect([certificatesIn(cluster.bundle).length, cluster.secret?.version]).toEqual([1, 1]);
    expect(cluster.registered?.caBundles).toEqual([cluster.bundle, cluster.bundle]);
  });

  test('fills an empty Secret, and does not change one that kubelet-guard did not write', async () => {
    const cluster = new FakeCluster();
    cluster.secret = { version: 0, data: {}, isForeign: false };
    await cluster.replica();
    expect(cluster.secret.version).toBe(1);

    const foreign = { version: 7, data: { 'tls.crt': 'theirs' }, isForeign: true };
    cluster.secret = foreign;
    const start = expect(cluster.replica()).rejects.toThrow(
      'no certificate from the Secret ns/tls: kubelet-guard did not write the Secret ns/tls and does not overwrite it',
    );
    await cluster.waits();
    for (let second = 0; second < 32; second += 1) await cluster.pass(1000);
    await start;
    expect(cluster.secret).toBe(foreign);
  });

  test('waits for an API server that cannot be reached, and continues when it answers', async () => {
    const cluster = new FakeCluster();
    cluster.beforeCall = () => {
      throw new Error('connection refused');
    };
    const start = cluster.replica();
    await cluster.waits();
    for (let second = 0; second < 10; second += 1) await cluster.pass(1000);
    cluster.beforeCall = () => undefined;
    await cluster.pass(1000);
    expect((await start).current().expires).toEqual(new Date(cluster.now + 90 * DAY));
    expect(cluster.messages).toEqual([LOST, 'serving certificate loaded', UPDATED, FOUND]);
  });

  test('ends when the process is stopped', async () => {
    const cluster = new FakeCluster();
    cluster.beforeCall = () => {
      throw new Error('connection refused');
    };
    const abort = new AbortController();
    const start = expect(cluster.replica(abort.signal)).rejects.toThrow('the process is stopped');
    await cluster.waits();
    abort.abort();
    await start;
  });

  test('works without a ValidatingWebhookConfiguration', async () => {
    const cluster = new FakeCluster();
    cluster.registered = undefined;
    expect(verifies(cluster.bundle, (await cluster.replica()).current())).toBe(false);
    expect(certificatesIn(cluster.bundle)).toHaveLength(1);
  });
});

describe('while replicas run', () => {
  async function running(replicas = 2) {
    const cluster = new FakeCluster();
    const received: string[][] = [];
    const sources = await Promise.all(Array.from({ length: replicas }, () => cluster.replica()));
    for (const source of sources) {
      const mine: string[] = [];
      received.push(mine);
      source.start(({ certificate }) => mine.push(certificate));
    }
    const stop = () => Promise.all(sources.map((source) => source.stop()));
    return { cluster, sources, received, stop };
  }

  test('a caBundle that somebody edits is updated at the next read, and nothing else is written', async () => {
    const { cluster, stop } = await running();
    await cluster.nextRead();
    const before = cluster.version;
    cluster.registered = { version: 1000, caBundles: [cluster.bundle, `${cluster.bundle}${cluster.bundle}`] };
    await cluster.nextRead();
    expect(cluster.registered.caBundles).toEqual([cluster.bundle, cluster.bundle]);
    await cluster.nextRead();
    expect(cluster.version).toBe(before + 1);
    await stop();
  });

  test('while it watches, it reads on changes and otherwise rarely; without a watch it reads often', async () => {
    const { cluster, stop } = await running();
    const edit = () => (cluster.registered = { version: cluster.version + 1000, caBundles: [''] });
    const setWatched = (isWatched: boolean) => {
      for (const { watched } of cluster.watchers) watched(isWatched);
      return cluster.waits();
    };
    await setWatched(true);
    await cluster.pass(1000);
    edit();
    await cluster.nextRead();
    expect(cluster.registered?.caBundles).toEqual(['']);
    for (const { changed } of cluster.watchers) changed();
    await cluster.waits();
    await cluster.pass(1000);
    expect(cluster.registered?.caBundles).toEqual([cluster.bundle]);
    edit();
    // a change without a watch event is found too
    await cluster.pass(12 * 60_000);
    expect(cluster.registered?.caBundles).toEqual([cluster.bundle]);
    edit();
    await setWatched(false);
    await cluster.pass(1000);
    await cluster.nextRead();
    expect(cluster.registered?.caBundles).toEqual([cluster.bundle]);
    await stop();
  });

  test('a certificate that one replica renews is used by the others, with one callback each', async () => {
    const { cluster, sources, received, stop } = await running(3);
    await cluster.pass(61 * DAY);
    await cluster.nextRead();
    await cluster.nextRead();
    const current = cluster.secret?.data['tls.crt'];
    expect(sources.map((source) => source.current().certificate)).toEqual([current, current, current]);
    expect(received).toEqual([[current], [current], [current]]);
    expect(cluster.secret?.version).toBeGreaterThan(1);
    expect(certificatesIn(cluster.bundle)).toHaveLength(1);
    await stop();
  });

  test('a new CA signs only after API servers had enough time to load it', async () => {
    const { cluster, sources, stop } = await running(1);
    for (let day = 0; day < 243; day += 1) await cluster.pass(DAY);
    await cluster.pass(DAY);
    const [source] = sources as [CertificateSource];
    expect(certificatesIn(cluster.bundle)).toHaveLength(2);
    expect(cluster.registered?.caBundles[0]).toBe(cluster.bundle);

    // edits remove the new CA until the serving certificate has to be renewed
    const [, old = ''] = certificatesIn(cluster.bundle).map(String);
    for (let day = 244; day < 305; day += 1) {
      cluster.registered = { version: day * 1000, caBundles: [old] };
      await cluster.pass(DAY);
    }
    expect(verifies(old, source.current())).toBe(true);
    await cluster.nextRead();
    await cluster.pass(9 * 60 * 1000);
    expect(verifies(old, source.current())).toBe(true);
    await cluster.pass(60 * 1000);
    await cluster.nextRead();
    expect(verifies(old, source.current())).toBe(false);
    expect(verifies(cluster.bundle, source.current())).toBe(true);
    await stop();
  });

  test("a ValidatingWebhookConfiguration that cannot be read stops neither renewal nor the use of another replica's certificate", async () => {
    const { cluster, sources, stop } = await running();
    cluster.beforeCall = (call) => {
      if (call === 'read webhook configuration') throw new Error('HTTP 403: allow this account to get it');
    };
    await cluster.pass(61 * DAY);
    await cluster.nextRead();
    expect(sources.map((source) => source.current().certificate)).toEqual([
      cluster.secret?.data['tls.crt'],
      cluster.secret?.data['tls.crt'],
    ]);
    expect(cluster.lines.entries.filter(({ msg }) => msg === LOST)).toHaveLength(2);
    expect(cluster.results.filter((result) => result === 'failure').length).toBeGreaterThan(2);
    await stop();
  });

  test('an API server that cannot be reached changes nothing but the log', async () => {
    const { cluster, sources, received, stop } = await running(1);
    const before = sources[0]?.current();
    cluster.beforeCall = () => {
      throw new Error('connection refused');
    };
    for (let read = 0; read < 5; read += 1) await cluster.nextRead();
    expect([sources[0]?.current(), received]).toEqual([before, [[]]]);
    cluster.beforeCall = () => undefined;
    await cluster.nextRead();
    expect(cluster.messages.slice(-2)).toEqual([LOST, FOUND]);
    await cluster.nextRead();
    expect(cluster.messages.at(-1)).toBe(FOUND);
    await stop();
  });

  test('a renewal that always fails is logged as a warning', async () => {
    const { cluster, stop } = await running(1);
    cluster.beforeCall = () => {
      throw new Error('connection refused');
    };
    await cluster.pass(67 * DAY);
    expect(cluster.messages.at(-1)).toBe(LOST);
    await cluster.pass(2 * DAY);
    expect(cluster.messages.at(-1)).toContain('was not renewed');
    await stop();
  });

  test('a Secret that is deleted is re-created with a new CA, so a stolen key is useless', async () => {
    const { cluster, sources, stop } = await running();
    const before = cluster.bundle;
    cluster.secret = undefined;
    await cluster.nextRead();
    await cluster.nextRead();
    expect(certificatesIn(cluster.bundle)).toHaveLength(1);
    expect(cluster.bundle).not.toBe(before);
    expect(sources.every((source) => verifies(cluster.bundle, source.current()))).toBe(true);
    expect(cluster.registered?.caBundles).toEqual([cluster.bundle, cluster.bundle]);
    await stop();
  });

  test('a slow replica cannot restore an older bundle', async () => {
    const { cluster, stop } = await running(1);
    const newer = `${cluster.bundle}${cluster.bundle}`;
    let isSlow = true;
    cluster.registered = { version: 5000, caBundles: ['edited'] };
    cluster.beforeCall = (call) => {
      if (call !== 'setCABundle' || !isSlow) return;
      // between its read and its write another replica writes both
      isSlow = false;
      cluster.secret = { version: 6000, data: { ...cluster.secret?.data, other: 'x' }, isForeign: false };
      cluster.registered = { version: 6000, caBundles: [newer] };
    };
    const seen: (readonly string[])[] = [];
    const observe = cluster.beforeCall;
    cluster.beforeCall = (call) => {
      observe(call);
      seen.push(cluster.registered?.caBundles ?? []);
    };
    await cluster.nextRead();
    // its own write failed, and its next read found what the other replica wrote
    expect(seen.some(([bundle]) => bundle === newer)).toBe(true);
    expect(seen.at(-1)).toEqual([newer]);
    expect(cluster.registered.caBundles).toEqual([cluster.bundle]);
    await stop();
  });

  test('nothing is read after a stop', async () => {
    const { cluster, stop } = await running();
    await stop();
    cluster.beforeCall = () => {
      throw new Error('it still asks');
    };
    await cluster.nextRead();
    expect(cluster.messages).not.toContain(LOST);
  });
});
