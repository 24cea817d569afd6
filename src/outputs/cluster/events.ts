// Kubernetes Events about changed findings.

import { remediationFor } from '../../policy/benchmarks/remedy.ts';
import { titleOf } from '../../policy/benchmarks/shown.ts';
import { summaryOf, driftOf, type StoredFinding } from '../../policy/decision/drift.ts';
import { findingKey } from '../../policy/finding-key.ts';
import type { Finding } from '../../policy/finding.ts';
import { MANAGED_BY, referenceOf, type Digest, type ObjectReference, type ReportSubject } from './objects.ts';
import { contradictionsOf, describe } from './words.ts';
import { escapeLine } from '../printable.ts';
import { record } from './remembered.ts';

/** Why there is an Event. */
export type DriftReason =
  'KubeletGuardViolation' | 'KubeletGuardUnknown' | 'KubeletGuardResolved' | 'KubeletGuardDisagreement';

/** An Event of the core API, because programs that show, sort and export Events read its times. */
export interface DriftEvent {
  readonly apiVersion: 'v1';
  readonly kind: 'Event';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly involvedObject: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  readonly reason: DriftReason;
  readonly message: string;
  readonly source: { readonly component: string };
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly count: 1;
}

/** The longest note of an Event of the newer API, in bytes; readers expect no more (validation/events.go:37). */
const LONGEST = 1024;

/** The object of Events about a kube-apiserver that no object of the cluster shows. */
const API_SERVERS: ObjectReference = { apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'kubernetes' };

/**
 * Makes the Events of a finding: one if it is new or worse or no longer exempt, one if it is resolved, one if its sources begin
 * to contradict each other; none if it has not changed.
 *
 * Replicas that stored and see the same give an Event the same name, so that it is created only once.
 *
 * @param at the time of the run, RFC 3339 in UTC
 */
export function driftEvents(
  about: ReportSubject,
  finding: Finding,
  before: StoredFinding | undefined,
  at: string,
  digest: Digest,
): readonly DriftEvent[] {
  const now = summaryOf(finding);
  const state = driftOf(now, before, at)?.state;
  const title = titleWithSubject(finding);
  const make = (reason: DriftReason, message: string): DriftEvent => {
    const involvedObject = referenceOf(finding.subject, about) ?? (about.kind === 'node' ? nodeOf(about) : API_SERVERS);
    const key = findingKey(finding);
    const uid = about.kind === 'node' ? about.uid : '';
    const identity = JSON.stringify([uid, key, before && record(key, before), reason, now.violations]);
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        name: `${MANAGED_BY.value}.${digest(identity)}`,
        namespace: involvedObject.namespace ?? 'default',
      },
      involvedObject,
      type: reason === 'KubeletGuardResolved' ? 'Normal' : 'Warning',
      reason,
      message: cutBytes(escapeLine(message), LONGEST),
      source: { component: MANAGED_BY.value },
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    };
  };
  const events: DriftEvent[] = [];
  const wasExempt = state === 'persisting' && before?.exempted === true;
  if (state === 'new' || wasExempt) {
    const codes = now.violations.map(({ code }) => code).join(', ');
    const reason = now.result === 'fail' ? 'KubeletGuardViolation' : 'KubeletGuardUnknown';
    const what = codes === '' ? describe(finding) : `${codes}: ${describe(finding)}`;
    const ended = wasExempt ? ` No exemption applies any longer; it is so since ${before.since}.` : '';
    events.push(make(reason, `${title}: ${what}.${ended} To fix it: ${remediationFor(finding)}`));
  } else if (state === 'resolved') {
    const was = before?.result === 'fail' ? 'failed' : 'was unknown';
    events.push(make('KubeletGuardResolved', `${title} passes; it ${was} since ${before?.since ?? at}`));
  }
  if (now.disagrees === true && before?.disagrees === true && before.disagreed !== true) {
    const what = `the deciding evidence says ${now.result}, but ${contradictionsOf(finding)}`;
    const why = 'If a file was changed, restart the process that reads it; else correct the file.';
    events.push(make('KubeletGuardDisagreement', `${title}: sources disagree: ${what}. ${why}`));
  }
  return events;
}

function titleWithSubject(finding: Finding): string {
  const { subject } = finding;
  const container = subject.container === undefined ? '' : `, container ${subject.container}`;
  return `${titleOf(finding)} of ${subject.component} ${subject.name}${container}`;
}

function nodeOf({ name, uid }: { readonly name: string; readonly uid: string }): ObjectReference {
  return { apiVersion: 'v1', kind: 'Node', name, uid };
}

/** Cuts between characters, to a number of bytes in UTF-8. */
function cutBytes(text: string, most: number): string {
  const bytes = new Uint8Array(most);
  const { read } = new TextEncoder().encodeInto(text, bytes);
  if (read === text.length) return text;
  const { read: fits } = new TextEncoder().encodeInto(text, bytes.subarray(3));
  return `${text.slice(0, fits)}...`;
}
