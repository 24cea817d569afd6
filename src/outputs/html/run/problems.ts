// Problems of a run: what was not checked, why, and what to do. Those that are alike share a block.

import type { ReportedRunProblem } from '../../guard-report.ts';
import { sourceName } from '../../text/names.ts';
import { compareNatural, compareTexts } from '../../text/natural.ts';
import { counted } from '../facts.ts';
import { code, html, isolated, type Html } from '../html.ts';
import { resultWord } from '../marks.ts';
import { nameList } from '../names.ts';

/** The problem, and the places that have it. */
interface ProblemGroup {
  readonly problem: ReportedRunProblem;
  readonly places: Set<string>;
}

/** Renders problems, the most frequent first, each with its places. */
export function problemBlocks(problems: readonly ReportedRunProblem[]): readonly Html[] {
  const groups = new Map<string, ProblemGroup>();
  for (const problem of problems) {
    const key = JSON.stringify([problem.code, problem.message]);
    const group = groups.get(key) ?? { problem, places: new Set() };
    groups.set(key, group);
    group.places.add(placeOf(problem));
  }
  return [...groups.values()]
    .sort(
      (a, b) =>
        b.places.size - a.places.size ||
        compareNatural(a.problem.message, b.problem.message) ||
        compareTexts(a.problem.code, b.problem.code),
    )
    .map(block);
}

function block({ problem, places }: ProblemGroup): Html {
  return html`<div class="item problem" data-result="unknown" data-control="">
    <p>${resultWord('unknown')} ${isolated(problem.message)} [${code(problem.code)}]${places.size > 1 && `, ${counted(places.size, 'place', 'places')}`}</p>
    ${nameList(places)}</div>
    `;
}

function placeOf({ source, line, file, pointer }: ReportedRunProblem): string {
  const inFile = file === undefined ? '' : `, in ${file}`;
  const at = pointer === undefined || line !== undefined ? '' : ` at ${pointer}`;
  return `${sourceName(source, line)}${inFile}${at}`;
}
