// Exemptions with the findings that each of them exempts, from the configured ones and from the findings.

import { findExemption, utcDay } from '../../../policy/decision/exempt.ts';
import { millisecondsOf } from '../../../policy/timestamp.ts';
import type { ReportedExemption, ReportedFinding, ReportHead } from '../../guard-report.ts';
import { shownResultOf } from '../../shown-result.ts';
import { listedNameOf } from '../../text/names.ts';
import { compareTexts } from '../../text/natural.ts';
import { DAY } from '../ages.ts';

/** An exemption, and what it does in a report. */
export interface UsedExemption {
  readonly control: string;
  /** Absent if the report has only the findings and not the configured exemptions. */
  readonly subject?: string;
  readonly reason: string;
  /** The last day on which it applies; absent if the report does not have it. */
  readonly expires?: string;
  readonly isExpired: boolean;
  /** How many findings it exempts. */
  count: number;
  /** The names of their subjects. */
  readonly names: Set<string>;
}

/** Collects exempt findings. */
export class UsedExemptions {
  readonly #configured: readonly ReportedExemption[];
  readonly #today: string;
  readonly #used: Map<object | string, UsedExemption>;

  constructor(head: ReportHead | undefined) {
    this.#configured = head?.exemptions ?? [];
    this.#today = utcDay(head?.run.startedAt ?? '');
    this.#used = new Map(
      this.#configured.map(({ expired = false, ...exemption }, index) => [
        this.#configured[index] ?? '',
        { ...exemption, isExpired: expired, count: 0, names: new Set<string>() },
      ]),
    );
  }

  add(finding: ReportedFinding): void {
    const { control, subject, exempted } = finding;
    if (exempted === undefined || shownResultOf(finding) !== 'exempt') return;
    const same = this.#configured.filter(
      ({ reason, expires, expired }) => expired !== true && reason === exempted.reason && expires === exempted.expires,
    );
    const configured = findExemption(same, { control: { slug: control }, subject }, this.#today);
    const key = configured ?? JSON.stringify([control, exempted.reason, exempted.expires]);
    const used = this.#used.get(key) ?? { control, ...exempted, isExpired: false, count: 0, names: new Set<string>() };
    this.#used.set(key, used);
    used.count += 1;
    used.names.add(listedNameOf(finding));
  }

  /** Those that expire first come first. */
  sorted(): readonly UsedExemption[] {
    return [...this.#used.values()].sort((a, b) => compareTexts(orderOf(a), orderOf(b)));
  }
}

function orderOf({ expires = '', control, subject, reason }: UsedExemption): string {
  return JSON.stringify([expires, control, subject, reason]);
}

/** The end of the last day on which an exemption applies, in milliseconds since 1970; undefined if that is no day. */
export function endOfExemption({ expires }: Pick<UsedExemption, 'expires'>): number | undefined {
  const start = expires === undefined ? undefined : millisecondsOf(`${expires}T00:00:00Z`);
  return start === undefined ? undefined : start + DAY;
}
