// The options --control, --benchmark-id, --node and --result: what of a run counts, and what of it is listed.

import { Option, InvalidArgumentError } from 'commander';

import { didYouMean } from '../did-you-mean.ts';
import { nodeNameOf, type Selection } from '../outputs/selection.ts';
import { SHOWN_RESULTS, type ShownResult } from '../outputs/shown-result.ts';
import { controlsWithId } from '../policy/benchmarks/shown.ts';
import type { ControlMetadata } from '../policy/control.ts';
import type { SubjectName } from '../policy/subject.ts';
import { StartError } from '../runtime/start-error.ts';
import { ListOption } from './list-option.ts';

/** What was asked for, as it was written. */
export interface SelectionOptions {
  readonly control?: readonly string[];
  readonly benchmarkId?: readonly string[];
  readonly node?: readonly string[];
  readonly result?: readonly ShownResult[];
}

/** The options, in the order of the help. */
export function selectionFlags(): readonly Option[] {
  return [
    new Option('--control <slug>', 'only this control counts and is listed; repeatable').argParser(listed),
    new Option(
      '--benchmark-id <id>',
      'only the controls with this id of a benchmark, such as 4.2.3 or V-242420; repeatable',
    ).argParser(listed),
    new Option('--node <name>', 'only what is on this node; * matches any characters; repeatable').argParser(listed),
    resultFlag(),
  ];
}

function resultFlag(): Option {
  const option = new ListOption(
    '--result <list>',
    `list only these results: ${SHOWN_RESULTS.join(', ')}; the summary and the exit code count all`,
    SHOWN_RESULTS,
  );
  const { parseArg } = option;
  return option.argParser((text: string, before: readonly unknown[] | undefined) => [
    ...(before ?? []),
    ...(parseArg?.(text, []) as readonly unknown[]),
  ]);
}

function listed(text: string, before: readonly string[] = []): readonly string[] {
  const words = text.split(',').map((word) => word.trim());
  if (words.includes('')) throw new InvalidArgumentError('It is empty, or has an empty part.');
  return [...before, ...words];
}

/**
 * Finds what was asked for among the controls of a run.
 *
 * @returns undefined if everything counts
 * @throws StartError if a control or an id is not known
 */
export function selectionOf(
  { control = [], benchmarkId = [], node }: SelectionOptions,
  controls: readonly ControlMetadata[],
): Selection | undefined {
  const slugs = new Set([
    ...control.map((slug) => knownSlug(slug, controls)),
    ...benchmarkId.flatMap((id) => slugsWithId(id, controls)),
  ]);
  if (slugs.size === 0 && node === undefined) return undefined;
  const selected = controls.map(({ slug }) => slug).filter((slug) => slugs.has(slug));
  return { ...(slugs.size > 0 && { controls: selected }), ...(node && { nodes: node }) };
}

function knownSlug(slug: string, controls: readonly ControlMetadata[]): string {
  const slugs = controls.map((known) => known.slug);
  if (slugs.includes(slug)) return slug;
  const known = `the controls are ${slugs.join(', ')}`;
  throw new StartError('usage', `--control: there is no control ${JSON.stringify(slug)}; ${hint(slug, slugs)}${known}`);
}

function slugsWithId(id: string, controls: readonly ControlMetadata[]): readonly string[] {
  const found = controlsWithId(controls, id);
  if (found.length > 0) return found.map(({ slug }) => slug);
  const ids = [...new Set(controls.flatMap(({ benchmarks }) => benchmarks.map((entry) => entry.id)))];
  const known = `the ids are ${ids.join(', ')}`;
  throw new StartError(
    'usage',
    `--benchmark-id: no control has the id ${JSON.stringify(id)}; ${hint(id, ids)}${known}`,
  );
}

/** How many nodes are named if none matches. */
const MOST_NODES = 10;

/** Says that nothing matches a selection, and what there is. */
export function nothingSelected(
  { controls, nodes }: Selection,
  findings: Iterable<{ readonly subject: SubjectName }>,
): string {
  const known = new Set<string>();
  for (const { subject } of findings) {
    const name = nodeNameOf(subject);
    if (name !== undefined) known.add(name);
  }
  const asked = [
    ...(controls === undefined ? [] : [`of ${controls.join(', ')}`]),
    ...(nodes === undefined ? [] : [`on ${nodes.join(', ')}`]),
  ].join(' ');
  const isUnknown = nodes?.every((name) => !known.has(name)) === true;
  const names = [...known].sort();
  const more = names.length > MOST_NODES ? ` and ${names.length - MOST_NODES} more` : '';
  const there =
    names.length === 0
      ? 'nothing that was checked is on a node'
      : `the nodes are ${names.slice(0, MOST_NODES).join(', ')}${more}`;
  return `nothing to check: no finding ${asked}${isUnknown ? `; ${nodes.map((name) => hint(name, names)).join('')}${there}` : ''}`;
}

function hint(word: string, known: readonly string[]): string {
  const near = didYouMean(word, known);
  return near === '' ? '' : `${near} `;
}
