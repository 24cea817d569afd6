// Crashes of a part of a sweep: each becomes a problem of the run, and the sweep goes on.

import { crashProblem } from '../../policy/crash.ts';
import type { RawDocument } from '../../policy/document.ts';
import type { Finding } from '../../policy/finding.ts';
import type { SourceProblem } from '../../policy/reading.ts';
import type { SweepOptions } from './deps.ts';

/** Makes the problem of a run in which the check of something crashed. */
export function crashOf(what: string, cause: unknown): SourceProblem {
  return { problem: crashProblem(cause, what), source: { object: what } };
}

/** Does a part of a sweep. If it crashes, adds the problem and gives the other value. Never rejects. */
export async function orCrash<T>(
  what: string,
  work: () => Promise<T>,
  otherwise: T,
  problems: SourceProblem[],
): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    problems.push(crashOf(what, cause));
    return otherwise;
  }
}

/** Gives a function that makes the findings about a document and adds its problems to these. */
export function inspectInto(
  inspect: SweepOptions['inspect'],
  problems: SourceProblem[],
): (document: RawDocument) => readonly Finding[] {
  return (document) => {
    const { findings, problems: found } = inspect(document);
    problems.push(...found);
    return findings;
  };
}
