// The text that explains a control.

import type { ControlMetadata } from '../../policy/control.ts';

/** Explains a control: why it matters, how to fix it, what can be wrong, and which benchmarks it is from. */
export function explainControl(control: ControlMetadata): string {
  const section = (title: string, ...paragraphs: string[]) => ['', `${title}:`, ...paragraphs.flatMap(wrap)];
  return [
    `${control.slug}: ${control.title}`,
    ...section('Why', control.rationale),
    ...section('To fix', control.remediation.general),
    ...section('What can be wrong', ...Object.entries(control.codes).map(([code, sentence]) => `${code}: ${sentence}`)),
    ...section('Benchmarks', ...benchmarksOf(control)),
    ...section("Where the check differs from the benchmark's text", control.differences),
    '',
  ].join('\n');
}

function benchmarksOf({ benchmarks }: ControlMetadata): string[] {
  if (benchmarks.length === 0) return ['The chosen benchmark does not have this control.'];
  return benchmarks.map(({ benchmark, id, versions }) => `${benchmark} ${id} (${versions})`);
}

/** Breaks a paragraph into indented lines of at most 100 characters, between words. */
function wrap(paragraph: string): string[] {
  const lines: string[] = [];
  let line = '  ';
  for (const word of paragraph.split(' ')) {
    if (line.length + 1 + word.length > 100) {
      lines.push(line);
      line = '    ';
    }
    line += line.trim() === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
