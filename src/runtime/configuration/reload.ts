import type { ControlMetadata, Exemption } from '../../policy/control.ts';
import { changesBetween } from './changes.ts';
import { dayOf, expiredExemptions, readConfiguration, type GuardConfiguration } from './configuration.ts';
import { isSame, lookAt, type Sight } from './file-state.ts';
import type { Log } from '../log.ts';
import type { ConfigurationMetrics } from '../metrics/metrics.ts';
import { StartError } from '../start-error.ts';

/** What a reloader works with. */
export interface ReloadSurroundings {
  /** What was read at the start; where that was no file, there is nothing to read again. */
  readonly initial: GuardConfiguration;
  readonly controls: readonly ControlMetadata[];
  readonly log: Log;
  readonly metrics: ConfigurationMetrics;
  readonly now: () => Date;
  /** Is told of each configuration that came into force after the start. */
  readonly onReload?: (configuration: GuardConfiguration) => void;
}

/** Keeps a configuration in step with its file. */
export interface Reloader {
  /** The configuration in force. */
  readonly current: () => GuardConfiguration;
  /** Looks at the file and the day once. It never fails; a call while another one looks waits for that one. */
  readonly poll: () => Promise<void>;
  /** Polls from time to time, until the function that it returns is called. */
  readonly start: (milliseconds: number) => () => void;
}

/** How much of a long list goes into a line of the log. */
const LISTED = 20;

/**
 * Makes a reloader.
 *
 * It polls, where fs.watch would tell of changes at once: a watch is of one inode, and misses the symlink swap of a
 * mounted ConfigMap, a rename over the file, and what happens on a network file system.
 *
 * A file is taken or refused when two polls in a row saw it alike, so that one that is being written is left alone
 * until it is at rest.
 */
export function createReloader(surroundings: ReloadSurroundings): Reloader {
  const { initial, controls, log, metrics, now, onReload } = surroundings;
  let configuration = initial;
  let day = '';
  let before: Sight | undefined;
  let refused: string | undefined;

  const passDay = (): void => {
    const today = dayOf(now());
    if (today === day) return;
    const known = day;
    day = today;
    const expired = expiredExemptions(configuration, today);
    // on another day only what it brought: the rest has been said
    warnOfExpired(log, known === '' ? expired : expired.filter(({ expires }) => expires >= known));
  };

  const announce = (): void => {
    day = '';
    passDay();
  };

  const refuse = (path: string, key: string, faults: readonly string[]): void => {
    refused = key;
    metrics.reloaded('failure');
    log.error({ path, faults }, 'the configuration is refused; the one before stays in force');
  };

  const take = (path: string, next: GuardConfiguration): void => {
    const changes = changesBetween(configuration, next, controls);
    configuration = next;
    refused = undefined;
    metrics.reloaded('success');
    log.info({ path, count: changes.length, changes: changes.slice(0, LISTED) }, 'the configuration is reloaded');
    announce();
    onReload?.(next);
  };

  const look = async (path: string): Promise<void> => {
    const sight = await lookAt(path);
    const isAtRest = sight !== undefined && isSame(sight, before);
    before = sight;
    if (!isAtRest || sight.key === refused) return;
    const { key, content } = sight;
    if (content instanceof StartError) refuse(path, key, content.faults);
    else if (content !== configuration.file?.text || refused !== undefined) {
      const next = understand(path, content, controls);
      if (next instanceof StartError) refuse(path, key, next.faults);
      else take(path, next);
    }
  };

  const pollOnce = async (): Promise<void> => {
    passDay();
    if (initial.file !== undefined) await look(initial.file.path);
  };

  let polling: Promise<void> | undefined;
  const poll = (): Promise<void> => {
    polling ??= pollOnce()
      .catch((cause: unknown) => {
        log.error({ err: cause }, 'the configuration could not be read again because of a bug');
      })
      .finally(() => {
        polling = undefined;
      });
    return polling;
  };

  announce();
  metrics.countExemptions(() => {
    const { length: expired } = expiredExemptions(configuration, dayOf(now()));
    return { active: configuration.policy.exemptions.length - expired, expired };
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

function warnOfExpired(log: Log, expired: readonly Exemption[]): void {
  if (expired.length === 0) return;
  const fields = { count: expired.length, exemptions: expired.slice(0, LISTED) };
  log.warn(fields, 'exemptions have expired and no longer apply: renew or remove them');
}

/** A bug of ours is no reason to judge by half a configuration, or to look for it anew every second. */
function understand(path: string, text: string, controls: readonly ControlMetadata[]): GuardConfiguration | StartError {
  try {
    return readConfiguration({ path, text }, controls);
  } catch (cause) {
    if (cause instanceof StartError) return cause;
    const reason = cause instanceof Error ? cause.message : 'no reason given';
    return new StartError('configuration', `${path} crashed kubelet-guard: ${reason}; please report it`, { cause });
  }
}
