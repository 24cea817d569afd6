// Exemptions with the findings that each of them exempts, from the configured ones and from the findings.

import { millisecondsOf } from '../../../policy/timestamp.ts';
import type { ReportedExemption, ReportedFinding } from '../../guard-report.ts';
import { shownResultOf } from '../../shown-result.ts';
import { listedNameOf } from '../../text/names.ts';
import { compareTexts } from '../../text/natural.ts';
import { DAY } from '../ages.ts';

/** An exemption, and what it does in a report. */
export interface UsedExemption {
  readonly control: string;
  /** Absent in reports of older versions. */
  readonly subject?: string;
  readonly reason: string;
  /** The last day on which it applies; absent if the report does not have it. */
  readonly expires?: string;
  isExpired: boolean;
  /** How many findings it exempts. */
  count: number;
  /** The names of their subjects. */
  readonly names: Set<string>;
}

type Named = Pick<UsedExemption, 'control' | 'subject' | 'reason' | 'expires'>;

/** Collects exempt findings. */
export class UsedExemptions {
  readonly #used = new Map<string, UsedExemption>();

  constructor(configured: readonly ReportedExemption[] = []) {
    for (const { expired = false, ...exemption } of configured) this.#entryOf(exemption).isExpired ||= expired;
  }

  add(finding: ReportedFinding): void {
    const { control, exempted } = finding;
    if (exempted === undefined || shownResultOf(finding) !== 'exempt') return;
    const used = this.#entryOf({ control, ...exempted });
    used.count += 1;
    used.names.add(listedNameOf(finding));
  }

  /** A finding names its exemption by what the configuration says of it; in older reports by less. */
  #entryOf(exemption: Named): UsedExemption {
    const key = orderOf(exemption);
    const used = this.#used.get(key) ?? { ...exemption, isExpired: false, count: 0, names: new Set() };
    this.#used.set(key, used);
    return used;
  }

  /** Those that expire first come first. */
  sorted(): readonly UsedExemption[] {
    return [...this.#used].sort(([a], [b]) => compareTexts(a, b)).map(([, used]) => used);
  }
}

function orderOf({ expires = '', control, subject, reason }: Named): string {
  return JSON.stringify([expires, control, subject, reason]);
}

/** The end of the last day on which an exemption applies, in milliseconds since 1970; undefined if that is no day. */
export function endOfExemption({ expires }: Pick<UsedExemption, 'expires'>): number | undefined {
  const start = expires === undefined ? undefined : millisecondsOf(`${expires}T00:00:00Z`);
  return start === undefined ? undefined : start + DAY;
}
