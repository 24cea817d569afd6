import { watchExpiry } from './expiry.ts';
import {
  parseAuthorities,
  parseCertificates,
  readTexts,
  type CertificateFiles,
  type CertificateSource,
  type FileTexts,
} from './certificates.ts';
import type { Log } from '../log.ts';
import type { CertificateMetrics } from '../metrics/metrics.ts';
import { StartError } from '../start-error.ts';

/** What following files needs. */
export interface FileSurroundings {
  readonly log: Log;
  readonly metrics: Pick<CertificateMetrics, 'reloaded'>;
  readonly now: () => Date;
  /** Milliseconds between two looks. */
  readonly every: number;
}

/** Files that are read again whenever they change. */
export interface FollowedFiles<T> {
  /** What they held when they were last good. */
  readonly current: () => T;
  /** Looks once. It never fails; a call while another one looks waits for that one. */
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
  files: CertificateFiles,
  surroundings: FileSurroundings,
): Promise<CertificateSource & Pick<FollowedFiles<unknown>, 'poll'>> {
  const { log, now } = surroundings;
  const { certificate, key } = files;
  return followFiles(
    [certificate, key],
    (texts) => parseCertificates(files, texts, now()),
    watchExpiry(log, now),
    surroundings,
  );
}

/**
 * The CAs of clients in a file.
 *
 * @throws StartError where there is none to start with
 */
export function followAuthorities(path: string, surroundings: FileSurroundings): Promise<FollowedFiles<string>> {
  return followFiles(
    [path],
    (texts) => parseAuthorities(path, texts),
    () => undefined,
    surroundings,
  );
}

/**
 * As with the configuration, it polls, because a watch misses the symlink swap of a mounted Secret, and takes what two
 * looks in a row saw alike, so that files that are being written, one after the other, are left alone until they are at
 * rest.
 */
async function followFiles<T>(
  paths: readonly string[],
  parse: (texts: FileTexts) => T,
  looked: (current: T) => void,
  { log, metrics, every }: FileSurroundings,
): Promise<FollowedFiles<T>> {
  const first = await readTexts(paths);
  let current = parse(first);
  let taken = markOf(first);
  let before = taken;
  let refused: string | undefined;
  let changed: (next: T) => void = () => undefined;

  const refuse = (mark: string, faults: readonly string[]): void => {
    // what is not valid yet becomes so without a change: it is parsed again each time, and told once
    const told = [mark, ...faults].join('\n');
    if (told === refused) return;
    refused = told;
    metrics.reloaded('failure');
    log.error({ paths, faults }, 'certificate files are refused; what they held before stays in force');
  };

  const take = (mark: string, texts: FileTexts): void => {
    try {
      current = parse(texts);
    } catch (cause) {
      if (!(cause instanceof StartError)) throw cause;
      refuse(mark, cause.faults);
      return;
    }
    taken = mark;
    refused = undefined;
    metrics.reloaded('success');
    log.info({ paths }, 'certificate files have changed, and are taken');
    changed(current);
  };

  const look = async (): Promise<void> => {
    const texts = await readTexts(paths);
    const mark = markOf(texts);
    const isAtRest = mark === before;
    before = mark;
    if (isAtRest && (mark !== taken || refused !== undefined)) take(mark, texts);
    looked(current);
  };

  let polling: Promise<void> | undefined;
  const poll = (): Promise<void> => {
    polling ??= look()
      .catch((cause: unknown) => {
        log.error({ err: cause }, 'certificate files could not be read again because of a bug');
      })
      .finally(() => {
        polling = undefined;
      });
    return polling;
  };
  let timer: NodeJS.Timeout | undefined;
  looked(current);
  return {
    current: () => current,
    poll,
    start: (listener) => {
      changed = listener;
      timer = setInterval(() => void poll(), every);
    },
    stop: async () => {
      clearInterval(timer);
      await polling;
    },
  };
}

function markOf(texts: FileTexts): string {
  return JSON.stringify([...texts.values()].map((text) => (typeof text === 'string' ? text : { fault: text.message })));
}
