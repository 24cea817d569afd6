// What a sweep does if a part of it crashes: the crash is a problem of the run, and never ends the sweep.

import { crashProblem } from '../../policy/crash.ts';
import type { RawDocument } from '../../policy/document.ts';
import type { Finding, Inspection } from '../../policy/finding.ts';
import type { SourceProblem } from '../../policy/reading.ts';

/** The problem of a run in which something crashed. */
export function crashed(what: string, cause: unknown): SourceProblem {
  return { problem: crashProblem(cause, what), source: { object: what } };
}

/** The findings of a document; its problems are added to those of the run. */
export function noting(
  inspect: (document: RawDocument) => Inspection,
  problems: SourceProblem[],
): (document: RawDocument) => readonly Finding[] {
  return (document) => {
    const { findings, problems: found } = inspect(document);
    problems.push(...found);
    return findings;
  };
}
