// A change with findings or exemptions, as the log and the page show it, and which changes are alike.

import {
  exemptionsIn,
  verdictOf,
  type AdmissionDecision,
  type AdmissionVerdict,
} from '../../outputs/admission/answer.ts';
import type { Exemption } from '../../policy/control.ts';
import type { Finding } from '../../policy/finding.ts';
import type { RequestAttributes } from '../admission-review.ts';
import type { UncheckedReview } from '../review.ts';

/** The change that a request asks for; all texts are short and of their own. */
interface RequestedChange {
  readonly user: string;
  readonly operation: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  /** The controls that deny it or warn about it. */
  readonly controls: readonly string[];
  readonly exemptions?: readonly Exemption[];
}

/** A decision that is logged and shown. It refers to the whole decision: whoever keeps it keeps its key, change and reasons only. */
export type SeenChange = {
  readonly uid: string;
  /** The same for changes that are alike. */
  readonly key: string;
  /** What the findings say. They are not part of what makes changes alike. */
  readonly reasons: () => readonly string[];
} & (
  | { readonly verdict: Exclude<AdmissionVerdict, 'skip'>; readonly change: RequestedChange }
  | { readonly verdict: 'unchecked'; readonly change: { readonly reason: string; readonly decision: AdmissionVerdict } }
);

/** Every caller of the port chooses the texts of its reviews. */
const MOST_CHARACTERS = 256;
/** So many reasons of a change are shown. */
const MOST_REASONS = 8;

/** Makes it from a decision. */
export function seenChange(
  attributes: RequestAttributes,
  decision: AdmissionDecision,
  verdict: Exclude<AdmissionVerdict, 'skip'>,
): SeenChange {
  const { username, operation, resource, namespace, name, uid } = attributes;
  const { denied, warned } = decision;
  const exemptions = exemptionsIn(decision);
  const change: RequestedChange = {
    user: cut(username),
    operation: cut(operation),
    resource: cut(resource),
    namespace: cut(namespace),
    name: cut(name),
    controls: [...new Set([...denied, ...warned].map(({ control }) => control.slug))],
    ...(exemptions.length > 0 && { exemptions }),
  };
  return {
    ...{ uid: cut(uid), key: JSON.stringify([verdict, change]), verdict, change },
    reasons: () => reasonsOf(decision),
  };
}

/** Makes it from a review that was too large, or took too long, to check. */
export function seenUnchecked({ uid, reason, decision }: UncheckedReview): SeenChange {
  const change = { reason: cut(reason), decision: verdictOf(decision) };
  const answer = change.decision === 'deny' ? 'denied' : 'allowed';
  return {
    ...{ uid: cut(uid), key: JSON.stringify(['unchecked', change]), verdict: 'unchecked', change },
    reasons: () => [`not checked, and ${answer}: ${change.reason}`],
  };
}

function reasonsOf({ denied, warned, exempted, problems }: AdmissionDecision): string[] {
  const all = [
    ...[...denied, ...warned].flatMap((finding) => faultsOf(finding)),
    ...exempted.flatMap(({ finding, exemption }) =>
      faultsOf(finding).map((fault) => `exempt (${exemption.reason}): ${fault}`),
    ),
    ...problems.map(({ code, message }) => `not checked: ${message} (${code})`),
  ];
  const reasons = all.slice(0, MOST_REASONS).map((text) => ownCopy(cut(text)));
  return all.length > MOST_REASONS ? [...reasons, `and ${all.length - MOST_REASONS} more`] : reasons;
}

function faultsOf({ control, outcome }: Finding): string[] {
  const violations = outcome.result === 'fail' ? outcome.violations : [];
  const unknown = outcome.result === 'pass' ? [] : outcome.problems;
  return [
    ...violations.map(({ code, message }) => `${control.slug}: ${message} (${code})`),
    ...unknown.map(({ code, message }) => `${control.slug}: unknown: ${message} (${code})`),
    ...outcome.warnings.map(({ code, message }) => `${control.slug}: ${message} (${code})`),
  ];
}

/** A short text of its own: a part of a text keeps the whole text in memory. */
function cut(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  return `${ownCopy(text.slice(0, MOST_CHARACTERS))}...`;
}

function ownCopy(text: string): string {
  return Buffer.from(text).toString();
}
