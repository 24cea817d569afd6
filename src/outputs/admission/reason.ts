// Why a change was denied or allowed, and how it could be allowed, in words.

import { subjectNames } from '../../policy/decision/exempt.ts';
import type { DecidedFinding } from '../../policy/finding.ts';

/** What was before, in words. */
const BEFORE = {
  'nothing-known': ' (before: nothing known, so ratchet acts like enforce)',
  absent: ' (before: the object had no such component)',
  passed: ' (before: passed)',
  'new-violation': ' (new violation: it failed before, but not in this way)',
  'not-worse': '',
} as const;

/** Says which action denied, and what was before. */
export function denialOf({ reason: { action, before, isLowered }, outcome }: DecidedFinding): string {
  // the update of a running pod is denied for what it makes worse only
  const configured = isLowered ? 'enforce' : action;
  const by = outcome.result === 'unknown' ? `${configured}, and onUnknown is deny` : configured;
  return `Denied by ${by}${before === undefined ? '' : BEFORE[before]}`;
}

/** Says why a finding did not deny. */
export function allowanceOf({ reason: { action, before, isLowered }, outcome }: DecidedFinding): string {
  if (outcome.result === 'pass') return 'Allowed: only a warning';
  if (isLowered) return 'Allowed: the pod already runs';
  if (action === 'audit') return 'Allowed: the action is audit';
  if (before === 'not-worse') return 'Allowed by ratchet: not worse than before';
  return 'Allowed: unknown, and onUnknown is audit';
}

/** A denial lists this many subjects for exemptions. */
const MOST_SUBJECTS = 3;

/**
 * Says how an administrator can allow what was denied. No exemption can if nothing is known of the object.
 */
export function wayOut(denied: readonly DecidedFinding[]): string {
  const wanted = denied
    .filter(({ subject }) => subject.kind !== undefined && subject.kind !== UNCHECKED)
    .map(
      (finding) =>
        `control ${finding.control.slug}, subject ${subjectNames(finding).findLast((name) => !name.startsWith('node/')) ?? ''}`,
    );
  const entries = [...new Set(wanted)];
  const off = 'In an emergency: docs/install.md, "Turn the webhook off".';
  if (entries.length === 0) return off;
  const more = entries.length > MOST_SUBJECTS ? ` and ${entries.length - MOST_SUBJECTS} more` : '';
  return `To allow it all the same, an administrator of kubelet-guard can add an exemption to its configuration (docs/configuration.md, "Exemptions"): ${entries.slice(0, MOST_SUBJECTS).join('; ')}${more}. ${off}`;
}

/** The kind of a review of which only the uid is known. */
const UNCHECKED = 'AdmissionReview';
