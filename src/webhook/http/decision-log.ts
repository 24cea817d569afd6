// The log of decisions: one line for each change with findings or exemptions.

import { exemptionsIn, verdictOf, type AdmissionDecision } from '../../outputs/admission/answer.ts';
import type { Log } from '../../runtime/log.ts';
import type { RequestAttributes } from '../admission-review.ts';
import type { UncheckedReview } from '../review.ts';

/**
 * Logs a decision. Kubelets show warnings to nobody, so the log has the findings. A change without findings is logged at
 * level debug only, and a dry run is not logged.
 */
export function logDecision(log: Log, attributes: RequestAttributes, decision: AdmissionDecision): void {
  const verdict = verdictOf(decision);
  const { denied, warned, exempted } = decision;
  if (attributes.dryRun) return;
  if (verdict === 'allow' && exempted.length === 0 && !log.isLevelEnabled('debug')) return;
  const { uid, resource, operation, namespace, name } = attributes;
  const controls = [...new Set([...denied, ...warned].map(({ control }) => control.slug))];
  const exemptions = exemptionsIn(decision);
  const inUse = exemptions.length > 0 && { exemptions };
  const fields = { uid, operation, resource, namespace, name, controls, ...inUse };
  if (verdict === 'allow' && inUse) log.info(fields, 'a change was allowed because of exemptions');
  else if (verdict === 'allow') log.debug(fields, 'a change was allowed');
  else if (verdict === 'deny') log.warn(fields, 'a change was denied');
  else log.warn(fields, 'a change was allowed with findings');
}

/** Logs the decision on a review that was too large, or took too long, to check. */
export function logUnchecked(log: Log, { uid, reason, decision }: UncheckedReview): void {
  log.warn({ uid, reason, decision: verdictOf(decision) }, 'a review was not checked');
}
