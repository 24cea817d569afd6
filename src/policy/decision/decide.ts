// The decision about a change at admission: which findings deny it and which warn about it.

import { findExemption } from './exempt.ts';
import type { DecidedFinding, Decision, DecisionPolicy, DecisionReason, Finding } from '../finding.ts';
import type { Outcome } from '../outcome.ts';
import { isWorse, type OutcomeSummary } from './worse.ts';

/** The earlier result of one control on one container of an object. */
export interface PreviousOutcome extends OutcomeSummary {
  /** The control's slug. */
  readonly control: string;
  /** Undefined if the object has no containers. */
  readonly container: string | undefined;
}

/** Makes the previous outcome from a finding about the old object. */
export function previousOutcomeOf({ control, subject, outcome }: Finding): PreviousOutcome {
  return { ...outcomeSummary(outcome), control: control.slug, container: subject.container };
}

/**
 * Decides about a change at admission.
 *
 * @param now the findings about the new object
 * @param before what is known of the old object; undefined if nothing is known, then `ratchet` acts like `enforce`
 * @param policy the configured actions and exemptions
 * @param today the day in UTC, as YYYY-MM-DD
 * @returns all findings that deny the change, all that warn about it, and all that are exempt
 */
export function decide(
  now: readonly Finding[],
  before: readonly PreviousOutcome[] | undefined,
  policy: DecisionPolicy,
  today: string,
): Decision {
  const denied: DecidedFinding[] = [];
  const warned: DecidedFinding[] = [];
  const exempted: Decision['exempted'][number][] = [];
  for (const finding of now) {
    if (hasNothingToSay(finding.outcome)) continue;
    const action = policy.action(finding.control, finding.surface);
    if (action === 'off') continue;
    const exemption = findExemption(policy.exemptions, finding, today);
    if (exemption) {
      exempted.push({ finding, exemption });
      continue;
    }
    const isLowered = policy.isLowered?.(finding.control, finding.surface) === true;
    const reason = reasonOf(finding, before, action, isLowered);
    const decided: DecidedFinding = { ...finding, reason };
    if (isDenied(finding, reason, policy.onUnknown)) denied.push(decided);
    else warned.push(decided);
  }
  return { allowed: denied.length === 0, denied, warned, exempted };
}

function hasNothingToSay(outcome: Outcome): boolean {
  return outcome.result === 'pass' && outcome.warnings.length === 0;
}

function reasonOf(
  finding: Finding,
  before: readonly PreviousOutcome[] | undefined,
  action: DecisionReason['action'],
  isLowered: boolean,
): DecisionReason {
  const lowered = isLowered && ({ isLowered } as const);
  if (action !== 'ratchet') return { action, ...lowered };
  const previous = previousOf(finding, before);
  if (previous.length === 0) return { action, ...lowered, before: before ? 'absent' : 'nothing-known' };
  const passed = previous.some(({ result }) => result === 'pass');
  const worse = passed ? 'passed' : 'new-violation';
  return { action, ...lowered, before: isWorse(outcomeSummary(finding.outcome), previous) ? worse : 'not-worse' };
}

function isDenied(
  { outcome: { result } }: Finding,
  { action, before }: DecisionReason,
  onUnknown: DecisionPolicy['onUnknown'],
): boolean {
  if (result === 'pass' || action === 'audit') return false;
  if (result === 'unknown' && onUnknown === 'audit') return false;
  return action === 'enforce' || before !== 'not-worse';
}

/** Gives the previous outcomes of the same control and container. */
function previousOf({ control, subject }: Finding, before: readonly PreviousOutcome[] | undefined): PreviousOutcome[] {
  return (before ?? []).filter((other) => other.control === control.slug && other.container === subject.container);
}

function outcomeSummary(outcome: Outcome): OutcomeSummary {
  return { result: outcome.result, violations: outcome.result === 'fail' ? outcome.violations : [] };
}
