// What makes findings alike: the words that only say which subject it is, and whether anybody has to look at a finding.

import type { ReportedFinding } from './guard-report.ts';

/**
 * Replaces the words of a text that only belong to its subject: its name, its node, its file, addresses and numbers of lines
 * (as `line 5`).
 */
export function replaceOwnWords(
  text: string,
  { subject, source }: Pick<ReportedFinding, 'subject' | 'source'>,
  replace: (word: string) => string,
): string {
  const { name, node = name } = subject;
  const path = 'path' in source ? source.path : undefined;
  return text.replace(WORD, (found) => {
    if (found === path || LINE.test(found)) return replace(found);
    if (found.length > LONGEST_NAME) return found;
    let end = found.length;
    while (end > 0 && '.:-'.includes(found.charAt(end - 1))) end -= 1;
    const word = found.slice(0, end);
    const isOwn = word === name || word === node || word.endsWith(`-${node}`) || ADDRESS.test(word);
    return isOwn ? `${replace(word)}${found.slice(end)}` : found;
  });
}

const WORD = /\bline \d+|[^\s"'(),;=]+/g;
const LINE = /^line \d/;
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])(?::\d+)?$/;

/** A host name, with brackets and a port. */
const LONGEST_NAME = 263;

/** Whether the next start of the process brings a violation. */
export function failsAfterStart({ otherEvidence = [] }: Pick<ReportedFinding, 'otherEvidence'>): boolean {
  return otherEvidence.some(({ pending, result }) => pending && result === 'fail');
}

/** A pass that nothing contradicts and that nobody has to look at. */
export function isPlainPass({ result, warnings = [], drift, otherEvidence = [] }: ReportedFinding): boolean {
  return (
    result === 'pass' &&
    warnings.length === 0 &&
    drift === undefined &&
    otherEvidence.every(({ agrees, pending }) => agrees && !pending)
  );
}
