// Groups findings into blocks: those that differ only in names share one, with their number and the first names.

import { failsAfterStart, isPlainPass, replaceOwnWords } from '../alike.ts';
import type { ReportedFinding } from '../guard-report.ts';
import { escapeLine } from '../printable.ts';
import type { TextStyle } from '../render.ts';
import { detailsOf } from './details.ts';
import { INDENT, paint } from './lines.ts';
import { listedNameOf, nounOf, ownSourceName, findingTitle } from './names.ts';
import { compareNatural, compareTexts, FirstNames, MOST_NAMES } from './natural.ts';
import { SHOWN_RESULTS, shownResultOf, type ShownResult } from '../shown-result.ts';
import { compareControls } from './order.ts';

/** Findings that differ only in names. */
interface Block {
  readonly control: string;
  readonly verdict: ShownResult;
  readonly isPlain: boolean;
  readonly key: string;
  readonly names: FirstNames;
  /** The one whose name comes first stands for all. */
  first: ReportedFinding;
  firstName: string;
}

/** Groups findings. The memory grows with the blocks, not with the findings. */
export class Blocks {
  readonly #blocks = new Map<string, Block>();
  readonly #all: boolean;

  /** @param all gives each finding a block of its own */
  constructor(all: boolean) {
    this.#all = all;
  }

  add(finding: ReportedFinding): void {
    const verdict = shownResultOf(finding);
    const isPlain = isPlainPass(finding);
    const name = listedNameOf(finding);
    const own = this.#all ? `${name} ${this.#blocks.size}` : '';
    const key = isPlain ? '' : reasonOf(finding);
    const group = JSON.stringify([verdict, isPlain, finding.control, nounOf(finding.subject, 1), key, own]);
    const block = this.#blocks.get(group);
    if (block === undefined) {
      const names = new FirstNames(MOST_NAMES);
      names.add(name);
      this.#blocks.set(group, {
        control: finding.control,
        verdict,
        isPlain,
        key,
        names,
        first: finding,
        firstName: name,
      });
      return;
    }
    block.names.add(name);
    const order = compareNatural(name, block.firstName);
    if (order > 0 || (order === 0 && compareTexts(sortKey(finding), sortKey(block.first)) >= 0)) return;
    block.first = finding;
    block.firstName = name;
  }

  /** The lines of each block: what needs work first, plain passes last. */
  render(style: Pick<TextStyle, 'color'>): { readonly findings: string[]; readonly passes: string[] } {
    const sorted = [...this.#blocks.values()].sort(compareBlocks);
    const render = (block: Block) => renderBlock(block, style.color, this.#all);
    const lines = (isPlain: boolean) => {
      const blocks = sorted.filter((block) => block.isPlain === isPlain);
      return (this.#all ? blocks : joined(blocks)).flatMap(render);
    };
    return { findings: lines(false), passes: lines(true) };
  }
}

/** Joins blocks of several controls that are unknown for one reason. What the block shows of its subjects holds for each control. */
function joined(blocks: readonly Block[]): readonly Block[] {
  const shared = new Map<string, Block>();
  for (const block of blocks) {
    const { key, control, names, first, verdict } = block;
    const subjects = [nounOf(first.subject, 1), names.count, names.toString()];
    const id = JSON.stringify(verdict === 'unknown' ? [key, ...subjects] : [shared.size]);
    const known = shared.get(id);
    shared.set(id, known === undefined ? block : { ...known, control: `${known.control}, ${control}` });
  }
  return [...shared.values()];
}

function compareBlocks(a: Block, b: Block): number {
  return (
    Number(a.isPlain) - Number(b.isPlain) ||
    urgencyOf(a) - urgencyOf(b) ||
    compareControls(a.control, b.control) ||
    compareTexts(a.key, b.key) ||
    compareNatural(a.firstName, b.firstName) ||
    compareTexts(sortKey(a.first), sortKey(b.first))
  );
}

/** What fails after its next start counts as a violation: it follows what fails now. */
function urgencyOf({ verdict, first }: Block): number {
  return verdict === 'pass' && failsAfterStart(first) ? 0.5 : SHOWN_RESULTS.indexOf(verdict);
}

function renderBlock({ control, verdict, isPlain, names, first }: Block, color: boolean, all: boolean): string[] {
  const isOne = names.count === 1;
  const head = `${paint(verdict, color)}${escapeLine(control)}  `;
  const noun = `${names.count} ${nounOf(first.subject, names.count)}`;
  if (isPlain && !isOne) return [`${head}${escapeLine(`${noun}: ${names.toString()}`)}`];
  const details = isPlain && !all ? [] : detailsOf(first);
  if (isOne) return [`${head}${escapeLine(findingTitle(first))}`, ...indented(details)];
  const via = 'node' in first.source ? ` ${ownSourceName(first)}` : '';
  const shared = details.map((detail) => (withoutNames(detail, first) === detail ? detail : `e.g. ${detail}`));
  const listed = 'path' in first.source ? names.lines() : [names.toString()];
  return [`${head}${escapeLine(`${noun}${via}`)}`, ...indented([...listed, ...shared])];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `${INDENT}${escapeLine(line)}`);
}

function sortKey(finding: ReportedFinding): string {
  return JSON.stringify([finding.subject, finding.source, detailsOf(finding)]);
}

/** What a finding says, without the names of its subject and node, without lines and without addresses. */
function reasonOf(finding: ReportedFinding): string {
  const { source, violations, problems } = finding;
  const codes = [...violations, ...problems].map(({ code }) => code);
  const details = detailsOf(finding).map((detail) => withoutNames(detail, finding));
  return JSON.stringify([codes, 'via' in source ? source.via : '', details]);
}

function withoutNames(text: string, finding: ReportedFinding): string {
  return replaceOwnWords(text, finding, (word) => (word.startsWith('line ') ? 'line *' : '*'));
}
