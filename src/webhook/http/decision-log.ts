// The log of decisions: one line for each change with findings or exemptions. Changes that are alike are counted.

import {
  exemptionsIn,
  verdictOf,
  type AdmissionDecision,
  type AdmissionVerdict,
} from '../../outputs/admission/answer.ts';
import type { Log } from '../../runtime/log.ts';
import type { RequestAttributes } from '../admission-review.ts';
import type { UncheckedReview } from '../review.ts';

/** Logs decisions. */
export interface DecisionLog {
  /**
   * Logs a decision. Kubelets show warnings to nobody, so the log has the findings. A change without findings is logged at
   * level debug only, and a dry run is not logged.
   */
  readonly decided: (attributes: RequestAttributes, decision: AdmissionDecision) => void;
  /** Logs the decision on a review that was too large, or took too long, to check. */
  readonly unchecked: (review: UncheckedReview) => void;
  /** Logs how often each change was repeated since the last call, and forgets those that were not. Called once a minute. */
  readonly logRepeated: () => void;
}

/** A client that is denied tries again: kubeadm does it twice a second. */
interface Repeated {
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly fields: object;
  count: number;
}

/** The number of different changes that are remembered. Further ones are logged each time. */
const MOST_REMEMBERED = 256;

/** Every caller of the port chooses the texts of its reviews. */
const MOST_CHARACTERS = 256;

const MESSAGES: Readonly<Record<Exclude<AdmissionVerdict, 'skip'>, string>> = {
  allow: 'a change was allowed because of exemptions',
  warn: 'a change was allowed with findings',
  deny: 'a change was denied',
};

/** Makes the log of decisions. */
export function createDecisionLog(log: Log): DecisionLog {
  const remembered = new Map<string, Repeated>();

  /** Logs the first of changes that are alike, and counts the others. */
  const logOnce = (level: Repeated['level'], message: string, uid: string, fields: object): void => {
    const key = JSON.stringify([message, fields]);
    const known = remembered.get(key);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    if (remembered.size < MOST_REMEMBERED) remembered.set(key, { level, message, fields, count: 0 });
    log[level]({ uid: cut(uid), ...fields }, message);
  };

  return {
    decided: (attributes, decision) => {
      const verdict = verdictOf(decision);
      if (attributes.dryRun || verdict === 'skip') return;
      if (verdict === 'allow' && decision.exempted.length === 0 && !log.isLevelEnabled('debug')) return;
      const exemptions = exemptionsIn(decision);
      const fields = { ...fieldsOf(attributes, decision), ...(exemptions.length > 0 && { exemptions }) };
      if (verdict !== 'allow') logOnce('warn', MESSAGES[verdict], attributes.uid, fields);
      else if (exemptions.length > 0) logOnce('info', MESSAGES.allow, attributes.uid, fields);
      else log.debug({ uid: attributes.uid, ...fields }, 'a change was allowed');
    },
    unchecked: ({ uid, reason, decision }) => {
      logOnce('warn', 'a review was not checked', uid, { reason, decision: verdictOf(decision) });
    },
    logRepeated: () => {
      for (const [key, known] of remembered) {
        const { level, message, fields, count } = known;
        if (count === 0) remembered.delete(key);
        else log[level]({ ...fields, count }, `${message} again`);
        known.count = 0;
      }
    },
  };
}

function fieldsOf(
  { username, operation, resource, namespace, name }: RequestAttributes,
  { denied, warned }: AdmissionDecision,
): object {
  const controls = [...new Set([...denied, ...warned].map(({ control }) => control.slug))];
  return {
    user: cut(username),
    operation: cut(operation),
    resource: cut(resource),
    namespace: cut(namespace),
    name: cut(name),
    controls,
  };
}

/** A short text of its own: a part of a text keeps the whole text in memory. */
function cut(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  return `${Buffer.from(text.slice(0, MOST_CHARACTERS)).toString()}...`;
}
