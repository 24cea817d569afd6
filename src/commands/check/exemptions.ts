import { subjectNames } from '../../policy/decision/exempt.ts';
import type { Exemption } from '../../policy/control.ts';
import type { Finding, Inspection } from '../../policy/finding.ts';
import { escapeForTerminal } from '../../outputs/printable.ts';

const DEFAULT_DAYS = 90;

/** What a part of a subject pattern can hold; a `*` or a `/` in a name would exempt others too. */
const NAME = /^[A-Za-z0-9._:-]+$/;

/** The characters that a pattern can have. */
const MOST = 512;

/** Exemptions as text, and what its reader has to know. */
export interface GeneratedExemptions {
  /** The `exemptions` of a GuardConfiguration, as YAML. */
  readonly yaml: string;
  /** Lines for standard error: what no exemption could be written for, and what one covers besides. */
  readonly notes: readonly string[];
}

/**
 * Writes an exemption for everything that fails and has none yet.
 *
 * @param findings of the whole run
 * @param isExempt tells what an exemption covers already
 * @param today when the run was
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
      notes.add(`no exemption of ${control} for ${JSON.stringify(subject)}: no pattern names it alone; mend it`);
    }
  }
  for (const note of covered(exemptions, findings)) notes.add(note);
  return { yaml: render(sorted(exemptions)), notes: [...notes] };
}

/** Patterns that differ in nothing but case are one to a configuration, which refuses the second. */
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

/** The pattern that means fewest others, and whether a configuration takes it and it means this name only. */
function patternOf(finding: Finding): { readonly subject: string; readonly isExact: boolean } {
  const { kind, namespace, name, node = '' } = finding.subject;
  const parts = kind === undefined ? [node] : [kind, ...(namespace === undefined ? [] : [namespace]), name];
  const subject = subjectNames(finding)[parts.length === 3 ? 1 : 0] ?? name;
  return { subject, isExact: subject.length <= MOST && parts.every((part) => NAME.test(part)) };
}

/** An exemption knows no files: what passes in one has the same name as what fails in another. */
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
    const others = count === 1 ? 'one that does' : `${count} that do`;
    return `the exemption of ${control} for ${subject} also covers ${others} not fail, by the same name`;
  });
}

/** By code units: the same on every machine. */
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
