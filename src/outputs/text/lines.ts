// The look of texts for people: verdicts, indents, and wrapped lines.

import type { ShownResult } from '../shown-result.ts';

/** The columns before a detail: the width of a verdict. */
export const INDENT = ' '.repeat(9);

const LABELS = { pass: 'PASS', fail: 'FAIL', unknown: 'UNKNOWN', exempt: 'EXEMPT' } as const;
const COLORS = { pass: '\u001b[32m', fail: '\u001b[31m', unknown: '\u001b[33m', exempt: '\u001b[36m' } as const;
const PLAIN = '\u001b[0m';

/** Renders a verdict, padded to a fixed width. */
export function paint(verdict: ShownResult, color: boolean): string {
  const label = LABELS[verdict].padEnd(INDENT.length);
  return color ? `${COLORS[verdict]}${label}${PLAIN}` : label;
}

/** Breaks a text at blanks into indented lines of at most so many columns. A longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && INDENT.length + line.length + 1 + word.length > width) {
      lines.push(`${INDENT}${line}`);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, `${INDENT}${line}`];
}
