// Certificates in files, read again when the files change.

import { watchExpiry } from './expiry.ts';
import {
  parseAuthorities,
  parseCertificates,
  readTexts,
  type ServingCertificateFiles,
  type CertificateSource,
  type FileTexts,
} from './certificates.ts';
import type { Log } from '../log.ts';
import type { CertificateMetrics } from '../metrics/metrics.ts';
import { oneAtATime } from '../one-at-a-time.ts';
import { StartError } from '../start-error.ts';

/** What reading files again needs. */
export interface FileDeps {
  readonly log: Log;
  readonly metrics: Pick<CertificateMetrics, 'reloaded'>;
  readonly now: () => Date;
  /** Milliseconds between two reads. */
  readonly every: number;
}

/** Files that are read again whenever they change. */
export interface FollowedFiles<T> {
  /** What they held when they were last valid. */
  readonly current: () => T;
  /** Reads once; never rejects. A call during a read waits for that read. */
  readonly poll: () => Promise<void>;
  readonly start: (changed: (next: T) => void) => void;
  readonly stop: () => Promise<void>;
}

/**
 * A serving certificate and its key in files, of cert-manager or anything else.
 *
 * @throws StartError where there is none to start with
 */
export function followCertificates(
  files: ServingCertificateFiles,
  deps: FileDeps,
): Promise<CertificateSource & Pick<FollowedFiles<unknown>, 'poll'>> {
  const { log, now } = deps;
  const { certificate, key } = files;
  return followFiles(
    [certificate, key],
    (texts) => parseCertificates(files, texts, now()),
    watchExpiry(log, now),
    deps,
  );
}

/**
 * The CAs of clients in a file.
 *
 * @throws StartError where there is none to start with
 */
export function followAuthorities(path: string, deps: FileDeps): Promise<FollowedFiles<string>> {
  return followFiles(
    [path],
    (texts) => parseAuthorities(path, texts),
    () => undefined,
    deps,
  );
}

/**
 * Reads the files at intervals, as with the configuration: a watch misses the symlink swap of a mounted Secret. It uses what two
 * reads in a row have in common, so that files that are just being written, one after the other, are not used.
 */
async function followFiles<T>(
  paths: readonly string[],
  parse: (texts: FileTexts) => T,
  checked: (current: T) => void,
  deps: FileDeps,
): Promise<FollowedFiles<T>> {
  const { log, every } = deps;
  const first = await readTexts(paths);
  const files = new FileReader(paths, first, parse, deps);
  const poll = oneAtATime(
    async () => {
      files.update(await readTexts(paths));
      checked(files.current);
    },
    (cause) => {
      log.error({ err: cause }, 'reloading certificate files failed because of a bug');
    },
  );
  let timer: NodeJS.Timeout | undefined;
  let polling: Promise<void> | undefined;
  checked(files.current);
  return {
    current: () => files.current,
    poll,
    start: (changed) => {
      files.changed = changed;
      timer = setInterval(() => {
        polling = poll();
      }, every);
    },
    stop: async () => {
      clearInterval(timer);
      await polling;
    },
  };
}

/** What the files held when they were last valid. */
class FileReader<T> {
  changed: (next: T) => void = () => undefined;
  current: T;
  readonly #paths: readonly string[];
  readonly #parse: (texts: FileTexts) => T;
  readonly #deps: FileDeps;
  /** The state of the files that is in use. */
  #used: string;
  /** The state of the files at the last read. */
  #last: string;
  /** The faults that were logged last; undefined while the files are valid. */
  #refused: string | undefined;

  /** @throws StartError where the files are not valid */
  constructor(paths: readonly string[], first: FileTexts, parse: (texts: FileTexts) => T, deps: FileDeps) {
    this.#paths = paths;
    this.#parse = parse;
    this.#deps = deps;
    this.current = parse(first);
    this.#used = markOf(first);
    this.#last = this.#used;
  }

  update(texts: FileTexts): void {
    const mark = markOf(texts);
    const isAtRest = mark === this.#last;
    this.#last = mark;
    // a certificate that is not valid yet becomes valid without a change of the files
    if (isAtRest && (mark !== this.#used || this.#refused !== undefined)) this.#use(mark, texts);
  }

  #use(mark: string, texts: FileTexts): void {
    const { log, metrics } = this.#deps;
    try {
      this.current = this.#parse(texts);
    } catch (cause) {
      if (!(cause instanceof StartError)) throw cause;
      this.#refuse(mark, cause.faults);
      return;
    }
    this.#used = mark;
    this.#refused = undefined;
    metrics.reloaded('success');
    log.info({ paths: this.#paths }, 'certificate files reloaded');
    this.changed(this.current);
  }

  /** Logs the same faults once. */
  #refuse(mark: string, faults: readonly string[]): void {
    const refused = [mark, ...faults].join('\n');
    if (refused === this.#refused) return;
    this.#refused = refused;
    const { log, metrics } = this.#deps;
    metrics.reloaded('failure');
    log.error({ paths: this.#paths, faults }, 'certificate files are not valid; the previous certificates stay in use');
  }
}

function markOf(texts: FileTexts): string {
  return JSON.stringify([...texts.values()].map((text) => (typeof text === 'string' ? text : { fault: text.message })));
}
