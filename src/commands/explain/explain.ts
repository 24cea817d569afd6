// The texts that list controls and explain them.

import { remedies } from '../../policy/benchmarks/remedy.ts';
import { referTo } from '../../policy/benchmarks/shown.ts';
import type { ControlMetadata } from '../../policy/control.ts';
import type { Meaning, Request } from './find.ts';

const NOT_IN_BENCHMARK = 'The chosen benchmark does not have this control.';

/** Explains a control: why it matters, how to fix it, what can be wrong, and which benchmarks it is from. */
export function explainControl(control: ControlMetadata): string {
  const section = (title: string, ...paragraphs: string[]) => ['', `${title}:`, ...paragraphs.flatMap(wrap)];
  return [
    `${control.slug}: ${control.title}`,
    ...section('Why', control.rationale),
    ...section('To fix', ...remediesOf(control)),
    ...section('What can be wrong', ...Object.entries(control.codes).map(([code, sentence]) => `${code}: ${sentence}`)),
    ...section('Benchmarks', ...benchmarksOf(control)),
    ...section("Where the check differs from the benchmark's text", control.differences),
    '',
  ].join('\n');
}

function remediesOf({ remediation }: ControlMetadata): string[] {
  const [, ...others] = remedies(remediation);
  return [remediation.general, ...others.map(({ where, text }) => `${where}: ${text}`)];
}

function benchmarksOf({ benchmarks }: ControlMetadata): string[] {
  if (benchmarks.length === 0) return [NOT_IN_BENCHMARK];
  return benchmarks.map(({ benchmark, id, versions }) => `${benchmark} ${id} (${versions})`);
}

/** Lists controls: what each wants, and its ids in the newest versions of the benchmarks, or in the chosen one. */
export function listControls(controls: readonly ControlMetadata[]): string {
  const width = Math.max(0, ...controls.map(({ slug }) => slug.length));
  return controls
    .flatMap(({ slug, title, benchmarks }) => {
      const current = benchmarks.filter(({ isCurrent }) => isCurrent);
      const ids = (current.length > 0 ? current : benchmarks).map(referTo).join('; ');
      return [`${slug.padEnd(width)}  ${title}`, ...wrap(ids === '' ? NOT_IN_BENCHMARK : ids), ''];
    })
    .join('\n');
}

/** Explains what the arguments of `explain` name, one after another; a control that several of them name once. */
export function explainRequests(requests: readonly Request[]): string {
  const explained = new Set<string>();
  const texts = requests.flatMap((request) => {
    if ('list' in request)
      return [
        request.list.length === 0 ? `${request.benchmark} has none of the controls\n` : listControls(request.list),
      ];
    const controls = request.explain.filter(({ slug }) => !explained.has(slug));
    for (const { slug } of controls) explained.add(slug);
    const { ambiguous } = request;
    return [...(ambiguous ? [meaningsText(ambiguous.id, ambiguous.meanings)] : []), ...controls.map(explainControl)];
  });
  return texts.join('\n');
}

function meaningsText(id: string, meanings: readonly Meaning[]): string {
  const lines = meanings.flatMap(({ control: { slug }, ids }) => [
    `  ${slug}`,
    ...ids.map(({ benchmark, versions }) => `    in ${benchmark} (${versions})`),
  ]);
  const other = meanings.at(-1)?.ids[0]?.framework ?? '';
  return [
    `${id} is the id of different controls:`,
    ...lines,
    `Choose by benchmark, as: kubelet-guard explain ${other} ${id}`,
    '',
  ].join('\n');
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
