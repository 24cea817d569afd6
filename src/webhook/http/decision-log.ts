// The log of decisions: one line for each change with findings or exemptions. Changes that are alike are counted.

import type { Log } from '../../runtime/log.ts';
import type { SeenChange } from './seen-change.ts';

/** Logs decisions. */
export interface DecisionLog {
  /** Logs a change. Kubelets show warnings to nobody, so the log has the findings. */
  readonly add: (seen: SeenChange) => void;
  /** Logs a change without findings. */
  readonly allowed: (seen: SeenChange) => void;
  /** Logs how often each change was repeated since the last call, and forgets those that were not. Called once a minute. */
  readonly logRepeated: () => void;
}

/** A client that is denied tries again: kubeadm does it twice a second. */
interface Repeated extends Pick<SeenChange, 'verdict' | 'change'> {
  count: number;
}

/** The number of different changes that are remembered. Further ones are logged each time. */
const MOST_REMEMBERED = 256;

const MESSAGES: Readonly<Record<SeenChange['verdict'], readonly ['info' | 'warn', string]>> = {
  allow: ['info', 'a change was allowed because of exemptions'],
  warn: ['warn', 'a change was allowed with findings'],
  deny: ['warn', 'a change was denied'],
  unchecked: ['warn', 'a review was not checked'],
};

/** Makes the log of decisions. */
export function createDecisionLog(log: Log): DecisionLog {
  const remembered = new Map<string, Repeated>();
  return {
    add: (seen) => {
      const { key, uid, verdict, change } = seen;
      const known = remembered.get(key);
      if (known !== undefined) {
        known.count += 1;
        return;
      }
      if (remembered.size < MOST_REMEMBERED) remembered.set(key, { verdict, change, count: 0 });
      const [level, message] = MESSAGES[verdict];
      log[level]({ uid, ...change }, message);
    },
    allowed: ({ uid, change }) => {
      log.debug({ uid, ...change }, 'a change was allowed');
    },
    logRepeated: () => {
      for (const [key, known] of remembered) {
        const { verdict, change, count } = known;
        const [level, message] = MESSAGES[verdict];
        if (count === 0) remembered.delete(key);
        else log[level]({ ...change, count }, `${message} again`);
        known.count = 0;
      }
    },
  };
}
