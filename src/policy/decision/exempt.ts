// Exemptions: which findings the configuration exempts.

import type { Exemption } from '../control.ts';
import type { Finding } from '../finding.ts';

/**
 * Finds the exemption that applies to a finding. A pattern names a subject as `kind/name`, `kind/namespace/name` or
 * `node/name`. `*` matches any characters but a slash, and the kind matches in any case.
 *
 * @param today the day in UTC, as YYYY-MM-DD
 * @returns the first exemption of the finding's control that has not expired and whose pattern matches
 */
export function findExemption(
  exemptions: readonly Exemption[],
  finding: Finding,
  today: string,
): Exemption | undefined {
  const names = subjectNames(finding);
  return exemptions.find(
    (exemption) =>
      exemption.control === finding.control.slug &&
      !isExpired(exemption, today) &&
      names.some((name) => matches(exemption, name)),
  );
}

/** Tells whether an exemption has expired. `expires` is the last day on which it applies. */
export function isExpired({ expires }: Pick<Exemption, 'expires'>, today: string): boolean {
  return expires < today;
}

/** Gives the day of a time, RFC 3339 in UTC, as YYYY-MM-DD. */
export function utcDay(time: string): string {
  return time.slice(0, 10);
}

/** Gives the names that a pattern can match: by kind, shortest first, then by node. */
export function subjectNames({ subject: { kind, namespace, name, node } }: Pick<Finding, 'subject'>): string[] {
  const names: string[] = [];
  if (kind !== undefined) names.push(`${kind.toLowerCase()}/${name}`);
  if (kind !== undefined && namespace !== undefined) names.push(`${kind.toLowerCase()}/${namespace}/${name}`);
  if (node !== undefined) names.push(`node/${node}`);
  return names;
}

function matches({ subject }: Exemption, name: string): boolean {
  const slash = subject.indexOf('/');
  const kind = slash === -1 ? subject : subject.slice(0, slash);
  return matchesPattern(`${kind.toLowerCase()}${subject.slice(kind.length)}`, name);
}

/**
 * Tells whether a pattern matches a name. `*` matches any characters but a slash. The time is linear in the name, however many
 * `*` the pattern has.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  let at = 0;
  let wanted = 0;
  let star = -1;
  let starAt = 0;
  while (at < name.length) {
    if (pattern[wanted] === '*') {
      star = wanted;
      wanted += 1;
      starAt = at;
    } else if (pattern[wanted] === name[at]) {
      wanted += 1;
      at += 1;
    } else {
      if (star === -1 || name[starAt] === '/') return false;
      wanted = star + 1;
      starAt += 1;
      at = starAt;
    }
  }
  while (pattern[wanted] === '*') wanted += 1;
  return wanted === pattern.length;
}
