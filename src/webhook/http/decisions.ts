// What became of each review, for the log and the page.

import { verdictOf, type AdmissionDecision } from '../../outputs/admission/answer.ts';
import type { AdmissionHistory } from '../../outputs/html/live.ts';
import type { Log } from '../../runtime/log.ts';
import type { RequestAttributes } from '../admission-review.ts';
import type { UncheckedReview } from '../review.ts';
import { createDecisionLog } from './decision-log.ts';
import { RecentDecisions } from './recent-decisions.ts';
import { seenChange, seenUnchecked, type SeenChange } from './seen-change.ts';

/** Receives each decision. */
export interface Decisions {
  /** @param decision undefined if the webhook does not check such requests */
  readonly decided: (attributes: RequestAttributes, decision: AdmissionDecision | undefined) => void;
  /** The decision on a review that was too large, or took too long, to check. */
  readonly unchecked: (review: UncheckedReview) => void;
  /** The decisions of the last hour. */
  readonly history: () => AdmissionHistory;
  /** Called once a minute: logs how often each change was repeated. */
  readonly eachMinute: () => void;
}

/** What it needs. */
export interface DecisionsDeps {
  readonly log: Log;
  readonly now: () => Date;
  /** Called when what the page shows has changed. */
  readonly changed: () => void;
}

/** Makes it. A dry run leaves no trace. */
export function createDecisions({ log, now, changed }: DecisionsDeps): Decisions {
  const decisionLog = createDecisionLog(log);
  const recent = new RecentDecisions(now);
  const tell = (seen: SeenChange): void => {
    decisionLog.add(seen);
    recent.add(seen);
    changed();
  };
  return {
    decided: (attributes, decision) => {
      if (attributes.dryRun) return;
      const verdict = verdictOf(decision);
      recent.count(verdict);
      if (decision === undefined || verdict === 'skip') return;
      if (verdict !== 'allow' || decision.exempted.length > 0) tell(seenChange(attributes, decision, verdict));
      else if (log.isLevelEnabled('debug')) decisionLog.allowed(seenChange(attributes, decision, verdict));
    },
    unchecked: (review) => {
      recent.count('unchecked');
      tell(seenUnchecked(review));
    },
    history: () => recent.history(),
    eachMinute: () => {
      decisionLog.logRepeated();
      if (recent.hasChanged()) changed();
    },
  };
}
