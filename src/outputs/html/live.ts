// What the page of a running `serve` shows beside the report: types only.

import type { AdmissionVerdict } from '../admission/answer.ts';
import type { ReportedRunProblem, Run } from '../guard-report.ts';

/** The state of a running `serve`. All times are RFC 3339 in UTC. */
export interface LiveState {
  readonly now: string;
  /** The version of what the page shows: `/events` sends another one when that has changed. */
  readonly version: string;
  /** Why there is no report; undefined if there is one. */
  readonly noReport?: string;
  readonly sweeper?: SweeperState;
  /** Undefined if this process has no webhook. */
  readonly admission?: AdmissionHistory;
  /** When the certificate of this process's webhook expires. */
  readonly servingCertificate?: { readonly notAfter: string };
}

/** What the sweeper of this process does. */
export interface SweeperState {
  /** Whether this replica sweeps; if not, the replica that does, if it is known. */
  readonly leadership:
    | { readonly state: 'leading' }
    | {
        readonly state: 'following';
        /** The name of the pod or machine that sweeps. */
        readonly leader: string;
        /** The command that reaches the page of the leader; absent outside a cluster. */
        readonly command?: string;
      }
    | { readonly state: 'unknown'; readonly reason: string };
  /** The start of the sweep that runs now. */
  readonly runningSince?: string;
  /** The last sweep, if it came after that of the report and was not complete. */
  readonly incomplete?: Pick<Run, 'startedAt' | 'finishedAt'> & { readonly problems: readonly ReportedRunProblem[] };
  /** How often it sweeps, in seconds. */
  readonly intervalSeconds: number;
}

/** The decisions of the webhook of this process in the last hour. */
export interface AdmissionHistory {
  /** The start of the hour, or of the process if that is later. */
  readonly since: string;
  /** How many reviews ended how, without dry runs. */
  readonly counts: Readonly<Record<AdmissionVerdict | 'unchecked', number>>;
  /** The last changes with findings or exemptions, the newest first. Changes that are alike share an entry. */
  readonly decisions: readonly AdmissionEntry[];
  /** How many entries are left out, because there were too many. */
  readonly leftOut: number;
}

/** Changes that are alike, and what the webhook decided. */
export interface AdmissionEntry {
  readonly verdict: AdmissionVerdict | 'unchecked';
  readonly first: string;
  readonly last: string;
  readonly count: number;
  readonly user: string;
  readonly operation: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  /** Why: what each finding says, or why it was not checked. */
  readonly reasons: readonly string[];
}
