// Writes exemptions for what fails: `check --generate-exemptions`.

import { subjectNames } from '../../policy/decision/exempt.ts';
import type { Exemption } from '../../policy/control.ts';
import type { Finding, Inspection } from '../../policy/finding.ts';
import { escapeForTerminal } from '../../outputs/printable.ts';

const DEFAULT_DAYS = 90;

/** A name that a subject pattern can hold. A `*` or a `/` in it would exempt other subjects too. */
const NAME = /^[A-Za-z0-9._:-]+$/;

/** The longest pattern, in characters. */
const MOST = 512;

/** Exemptions as text, with notes for the reader. */
export interface GeneratedExemptions {
  /** The `exemptions` of a GuardConfiguration, as YAML. */
  readonly yaml: string;
  /** Lines for standard error: findings that no exemption could be written for, and what else an exemption covers. */
  readonly notes: readonly string[];
}

/**
 * Writes an exemption for every finding that fails and has none yet.
 *
 * @param findings all findings of the run
 * @param isExempt whether an exemption covers a finding already
 * @param today the start of the run
 * @param expires the last day of the exemptions as YYYY-MM-DD; 90 days from today if undefined
 * @returns exemptions sorted by control and subject, each once
 */
export function generateExemptions(
  findings: Inspection['findings'],
  isExempt: (finding: Finding) => boolean,
  today: Date,
  expires = lastDay(today),
): GeneratedExemptions {
  const reason = `existing on ${dayOf(today)}, found by check`;
  const exemptions = new Map<string, Exemption>();
  const notes = new Set<string>();
  for (const finding of findings.filter(({ outcome }) => outcome.result === 'fail')) {
    if (isExempt(finding)) continue;
    const control = finding.control.slug;
    const { subject, isExact } = patternOf(finding);
    const key = keyOf(control, subject);
    const twin = exemptions.get(key) ?? { subject };
    if (isExact && twin.subject === subject) {
      exemptions.set(key, { control, subject, reason, expires });
    } else {
      notes.add(`no exemption of ${control} for ${JSON.stringify(subject)}: no pattern matches it alone; fix it`);
    }
  }
  for (const note of covered(exemptions, findings)) notes.add(note);
  return { yaml: render(sorted(exemptions)), notes: [...notes] };
}

/** A configuration rejects the second of two patterns that differ only in case, so they have one key. */
function keyOf(control: string, subject: string): string {
  return `${control} ${subject.toLowerCase()}`;
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function lastDay(today: Date): string {
  const last = new Date(today);
  last.setUTCDate(last.getUTCDate() + DEFAULT_DAYS);
  return dayOf(last);
}

/** The narrowest pattern, and whether a configuration accepts it and it matches this name only. */
function patternOf(finding: Finding): { readonly subject: string; readonly isExact: boolean } {
  const { kind, namespace, name, node = '' } = finding.subject;
  const parts = kind === undefined ? [node] : [kind, ...(namespace === undefined ? [] : [namespace]), name];
  const subject = subjectNames(finding)[parts.length === 3 ? 1 : 0] ?? name;
  return { subject, isExact: subject.length <= MOST && parts.every((part) => NAME.test(part)) };
}

/** An exemption does not name files: a subject that passes in one file can have the name of one that fails in another. */
function covered(exemptions: ReadonlyMap<string, Exemption>, findings: Inspection['findings']): string[] {
  const passing = new Map<string, number>();
  for (const finding of findings.filter(({ outcome }) => outcome.result !== 'fail')) {
    for (const name of subjectNames(finding)) {
      const key = keyOf(finding.control.slug, name);
      if (exemptions.get(key)?.subject === name) passing.set(key, (passing.get(key) ?? 0) + 1);
    }
  }
  return [...passing].map(([key, count]) => {
    const { control, subject } = exemptions.get(key) ?? { control: '', subject: key };
    const others = count === 1 ? 'one finding that does not fail' : `${count} findings that do not fail`;
    return `the exemption of ${control} for ${subject} also covers ${others}, because the name is the same`;
  });
}

/** Sorted by code units, so that the order is the same on every machine. */
function sorted(exemptions: ReadonlyMap<string, Exemption>): readonly Exemption[] {
  return [...exemptions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, exemption]) => exemption);
}

function render(exemptions: readonly Exemption[]): string {
  if (exemptions.length === 0) return 'exemptions: []\n';
  const items = exemptions.map(({ control, subject, reason, expires }) =>
    [
      `  - control: ${control}`,
      `    subject: ${JSON.stringify(subject)}`,
      `    reason: ${JSON.stringify(reason)}`,
      `    expires: ${expires}`,
    ].join('\n'),
  );
  return escapeForTerminal(`exemptions:\n${items.join('\n')}\n`);
}
