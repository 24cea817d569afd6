// Problems of a run as lines for standard error: one for each kind, with the number and the first names.

import type { ReportedRunProblem } from '../guard-report.ts';
import { escapeLine } from '../printable.ts';
import { sourceName } from './names.ts';
import { compareNatural, FirstNames, MOST_NAMES } from './natural.ts';

/** Renders the problems of a run, in one order. Those that differ only in their source and its lines share a line. */
export function renderRunProblems(problems: readonly ReportedRunProblem[], all = false): string[] {
  const groups = new Map<string, Map<string, ReportedRunProblem>>();
  for (const problem of problems) {
    const { code, message, line, source } = problem;
    const place = sourceName(source, line);
    const words = message.replace(/\bline \d+/g, 'line *');
    const key = JSON.stringify([code, nounOf(source), words, all ? place : '']);
    const places = groups.get(key) ?? new Map<string, ReportedRunProblem>();
    groups.set(key, places);
    const known = places.get(place);
    if (known === undefined || message < known.message) places.set(place, problem);
  }
  return Array.from(groups.values(), render).sort(compareNatural);
}

/** The problem whose source comes first stands for all. */
function render(places: ReadonlyMap<string, ReportedRunProblem>): string {
  const names = new FirstNames(MOST_NAMES);
  for (const place of places.keys()) names.add(place);
  const [first = ''] = names.lines();
  const problem = places.get(first);
  if (problem === undefined) return '';
  const { code, message, source } = problem;
  const what = `${message} [${code}]`;
  const noun = `${names.count} ${nounOf(source)}`;
  return escapeLine(names.count === 1 ? `${first}: ${what}` : `${noun}: ${what}: ${names.toString()}`);
}

function nounOf(source: ReportedRunProblem['source']): string {
  if ('path' in source) return 'files';
  return 'node' in source ? 'nodes' : 'objects';
}
