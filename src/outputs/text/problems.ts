// Problems of a run as lines for standard error: one for each kind, with the number and the first names.

import type { ReportedRunProblem } from '../guard-report.ts';
import { escapeLine } from '../printable.ts';
import { sourceName } from './names.ts';
import { compareNatural, FirstNames, MOST_NAMES } from './natural.ts';

/** Renders the problems of a run, in one order. Those that differ only in their source share a line. */
export function renderRunProblems(problems: readonly ReportedRunProblem[], all = false): string[] {
  const groups = new Map<string, { readonly first: ReportedRunProblem; readonly places: Set<string> }>();
  for (const problem of problems) {
    const { code, message, line, source } = problem;
    const place = sourceName(source, line);
    const key = JSON.stringify([code, nounOf(source), message, all ? place : '']);
    const group = groups.get(key) ?? { first: problem, places: new Set() };
    groups.set(key, group);
    group.places.add(place);
  }
  return Array.from(groups.values(), ({ first, places }) => render(first, places)).sort(compareNatural);
}

function render({ code, message, source }: ReportedRunProblem, places: ReadonlySet<string>): string {
  const names = new FirstNames(MOST_NAMES);
  for (const place of places) names.add(place);
  const what = `${message} [${code}]`;
  return escapeLine(
    names.count === 1
      ? `${names.toString()}: ${what}`
      : `${names.count} ${nounOf(source)}: ${what}: ${names.toString()}`,
  );
}

function nounOf(source: ReportedRunProblem['source']): string {
  if ('path' in source) return 'files';
  return 'node' in source ? 'nodes' : 'objects';
}
