import { exemptionOf } from './exempt.ts';
import type { Decision, DecisionPolicy, Finding } from '../finding.ts';
import type { Outcome } from '../outcome.ts';
import { isWorse, type Judged } from './worse.ts';

/** What is known of an object as it was before. */
export interface Before extends Judged {
  /** The control's slug. */
  readonly control: string;
  readonly container: string | undefined;
}

/** A finding, as what was before. */
export function beforeOf({ control, subject, outcome }: Finding): Before {
  return { ...judgedOf(outcome), control: control.slug, container: subject.container };
}

/**
 * Decides about a change at admission.
 *
 * @param now the findings of what is to be written
 * @param before what is known of what is there, or undefined where nothing is: then `ratchet` judges as `enforce`
 * @param policy the configured actions and exemptions
 * @param today the day in UTC, as YYYY-MM-DD
 * @returns all findings that refuse the change, all that are warned about, and all that an exemption takes out
 */
export function decide(
  now: readonly Finding[],
  before: readonly Before[] | undefined,
  policy: DecisionPolicy,
  today: string,
): Decision {
  const denied: Finding[] = [];
  const warned: Finding[] = [];
  const exempted: Decision['exempted'][number][] = [];
  for (const finding of now) {
    if (isSilent(finding.outcome)) continue;
    const action = policy.action(finding.control, finding.surface);
    if (action === 'off') continue;
    const exemption = exemptionOf(policy.exemptions, finding, today);
    if (exemption) exempted.push({ finding, exemption });
    else if (isRefused(finding, before, action, policy.onUnknown)) denied.push(finding);
    else warned.push(finding);
  }
  return { allowed: denied.length === 0, denied, warned, exempted };
}

function isSilent(outcome: Outcome): boolean {
  return outcome.result === 'pass' && outcome.warnings.length === 0;
}

function isRefused(
  finding: Finding,
  before: readonly Before[] | undefined,
  action: 'audit' | 'ratchet' | 'enforce',
  onUnknown: DecisionPolicy['onUnknown'],
): boolean {
  const { result } = finding.outcome;
  if (result === 'pass' || action === 'audit') return false;
  if (result === 'unknown' && onUnknown === 'audit') return false;
  return action === 'enforce' || isWorse(judgedOf(finding.outcome), sameBefore(finding, before));
}

/** What is known before of the same control and container: with them the object before and the object now are compared. */
function sameBefore({ control, subject }: Finding, before: readonly Before[] | undefined): Before[] {
  return (before ?? []).filter((other) => other.control === control.slug && other.container === subject.container);
}

function judgedOf(outcome: Outcome): Judged {
  return { result: outcome.result, violations: outcome.result === 'fail' ? outcome.violations : [] };
}
