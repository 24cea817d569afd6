// The result of a check, and the report of all of them.

import { escapeLine } from '../../outputs/printable.ts';

/** The result of a check. */
export interface Check {
  readonly check: CheckName;
  readonly result: 'ok' | 'problem' | 'unknown';
  /** What was found, in one sentence. */
  readonly message: string;
  /** One line each. */
  readonly details?: readonly string[];
  /** What to do about it. */
  readonly remedy?: string;
}

/** The names of the checks, in the order of the report. */
export type CheckName =
  | 'cluster'
  | 'installed'
  | 'pods'
  | 'endpoints'
  | 'registration'
  | 'platform'
  | 'certificate'
  | 'canary'
  | 'rights'
  | 'policies'
  | 'sweeps'
  | 'reports'
  | 'other-webhooks'
  | 'configuration';

/** What to do about a right that whoever runs doctor does not have. */
export const NO_RIGHT =
  'get the right that is missing (docs/doctor.md lists all), or let a cluster administrator run doctor';

/** What to do about a consequence. */
export const FIRST = 'fix that first, then run doctor again';

const WORDS = { ok: 'ok      ', problem: 'PROBLEM ', unknown: 'UNKNOWN ' } as const;
const MOST_DETAILS = 20;

/** The report as text. */
export function renderDoctorText(checks: readonly Check[]): string {
  const lines = checks.flatMap(({ check, result, message, details = [], remedy }, at) => {
    const shown = details.slice(0, MOST_DETAILS);
    const rest = details.length - shown.length;
    return [
      `${WORDS[result]} ${check}: ${message}`,
      ...shown.map((detail) => `         - ${detail}`),
      ...(rest > 0 ? [`         - ... and ${rest} more`] : []),
      ...(remedy === undefined || (result === 'unknown' && isRepeated(remedy, checks.slice(at + 1)))
        ? []
        : [`         To fix it: ${remedy}`]),
    ];
  });
  const { ok, problem, unknown } = summaryOf(checks);
  const summary = `${ok} ok, ${problem} ${problem === 1 ? 'problem' : 'problems'}, ${unknown} unknown`;
  return [...lines, '', summary].map((line) => `${escapeLine(line)}\n`).join('');
}

/** What several unknown checks need is printed once, after the last of them. */
function isRepeated(remedy: string, later: readonly Check[]): boolean {
  return later.some((check) => check.result === 'unknown' && check.remedy === remedy);
}

/** The report as JSON. */
export function renderDoctorJson(checks: readonly Check[]): string {
  const head = { apiVersion: 'kubelet-guard.dev/v1alpha1', kind: 'DoctorReport' };
  return `${JSON.stringify({ ...head, summary: summaryOf(checks), checks }, undefined, 2)}\n`;
}

/** @returns 0 all ok, 1 a problem, 3 something is unknown, or there was no check */
export function doctorExitCode(checks: readonly Check[]): 0 | 1 | 3 {
  const { problem, unknown } = summaryOf(checks);
  if (problem > 0) return 1;
  return unknown > 0 || checks.length === 0 ? 3 : 0;
}

function summaryOf(checks: readonly Check[]): Record<Check['result'], number> {
  const summary = { ok: 0, problem: 0, unknown: 0 };
  for (const { result } of checks) summary[result] += 1;
  return summary;
}
