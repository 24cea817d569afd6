// Reloads the configuration when its file changes, and warns about exemptions that expire.

import type { ControlMetadata, Exemption } from '../../policy/control.ts';
import type { Log } from '../log.ts';
import type { ConfigurationMetrics } from '../metrics/metrics.ts';
import { StartError } from '../start-error.ts';
import { changesBetween } from './changes.ts';
import { dayOf, expiredExemptions, readConfiguration, type GuardConfiguration } from './configuration.ts';
import { isSameState, readFileState, type FileState } from './file-state.ts';

/** What a reloader needs. */
export interface ReloadDeps {
  /** The configuration of the start. If it was not read from a file, it is never read again. */
  readonly initial: GuardConfiguration;
  readonly controls: readonly ControlMetadata[];
  readonly log: Log;
  readonly metrics: ConfigurationMetrics;
  readonly now: () => Date;
  /** Called with each new configuration. */
  readonly onReload?: (configuration: GuardConfiguration) => void;
}

/** Keeps the configuration up to date with its file. */
export interface Reloader {
  /** The current configuration. */
  readonly current: () => GuardConfiguration;
  /** Reads the file and the day once. It never rejects. A call during another one waits for that one. */
  readonly poll: () => Promise<void>;
  /** Polls at an interval, until the function that it returns is called. */
  readonly start: (milliseconds: number) => () => void;
}

/** The number of items of a long list that are logged. */
const LOGGED = 20;

/**
 * Makes a reloader.
 *
 * It polls, because fs.watch watches an inode: it misses the symlink swap of a mounted ConfigMap, a rename over the file, and
 * changes on a network file system.
 *
 * A file counts only when two polls in a row have read the same, so that a file that is being written is left alone.
 */
export function createReloader({ initial, controls, log, metrics, now, onReload }: ReloadDeps): Reloader {
  let configuration = initial;
  let previous: FileState | undefined;
  /** The content that was rejected, so that it is rejected only once. */
  let rejected: string | undefined;
  const expiry = expiryWarnings(log, now);

  const reject = (path: string, key: string, faults: readonly string[]): void => {
    rejected = key;
    metrics.reloaded('failure');
    log.error({ path, faults }, 'the configuration file has faults; the previous configuration stays in use');
  };

  const accept = (path: string, next: GuardConfiguration): void => {
    const changes = changesBetween(configuration, next, controls);
    configuration = next;
    rejected = undefined;
    metrics.reloaded('success');
    log.info({ path, count: changes.length, changes: changes.slice(0, LOGGED) }, 'the configuration is reloaded');
    expiry.warn(configuration);
    onReload?.(next);
  };

  const readFile = async (path: string): Promise<void> => {
    const state = await readFileState(path, previous, now().getTime());
    const isStable = state !== undefined && isSameState(state, previous);
    previous = state;
    if (!isStable || state.key === rejected) return;
    const { key, content } = state;
    if (content instanceof StartError) reject(path, key, content.faults);
    else if (content !== configuration.file?.text || rejected !== undefined) {
      const next = parse(path, content, controls);
      if (next instanceof StartError) reject(path, key, next.faults);
      else accept(path, next);
    }
  };

  expiry.warn(configuration);
  metrics.countExemptions(() => {
    const { length: expired } = expiredExemptions(configuration, dayOf(now()));
    return { active: configuration.policy.exemptions.length - expired, expired };
  });
  const poll = onceAtATime(log, async () => {
    expiry.warnOnNewDay(configuration);
    if (initial.file !== undefined) await readFile(initial.file.path);
  });
  return {
    current: () => configuration,
    poll,
    start: (milliseconds) => {
      const timer = setInterval(() => void poll(), milliseconds);
      return () => {
        clearInterval(timer);
      };
    },
  };
}

function onceAtATime(log: Log, work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work()
      .catch((cause: unknown) => {
        log.error({ err: cause }, 'reloading the configuration failed because of a bug');
      })
      .finally(() => {
        running = undefined;
      });
    return running;
  };
}

interface ExpiryWarnings {
  /** Warns about all exemptions that have expired. */
  readonly warn: (configuration: GuardConfiguration) => void;
  /** Warns about the exemptions that have expired since the last warning; once a day. */
  readonly warnOnNewDay: (configuration: GuardConfiguration) => void;
}

function expiryWarnings(log: Log, now: () => Date): ExpiryWarnings {
  let day = '';
  const warnSince = (configuration: GuardConfiguration, since: string): void => {
    day = dayOf(now());
    const expired = expiredExemptions(configuration, day).filter(({ expires }) => expires >= since);
    logExpired(log, expired);
  };
  return {
    warn: (configuration) => {
      warnSince(configuration, '');
    },
    warnOnNewDay: (configuration) => {
      if (dayOf(now()) !== day) warnSince(configuration, day);
    },
  };
}

function logExpired(log: Log, expired: readonly Exemption[]): void {
  if (expired.length === 0) return;
  const fields = { count: expired.length, exemptions: expired.slice(0, LOGGED) };
  log.warn(fields, 'exemptions have expired and no longer apply: renew or remove them');
}

/** A configuration, or its faults. A crash is a fault too, because half of a configuration must never be used. */
function parse(path: string, text: string, controls: readonly ControlMetadata[]): GuardConfiguration | StartError {
  try {
    return readConfiguration({ path, text }, controls);
  } catch (cause) {
    if (cause instanceof StartError) return cause;
    const reason = cause instanceof Error ? cause.message : 'no reason given';
    return new StartError('configuration', `${path} crashed kubelet-guard: ${reason}; please report it`, { cause });
  }
}
