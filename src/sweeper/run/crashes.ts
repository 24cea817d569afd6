// What a sweep does where a part of it crashes: that is a problem of the run and, of a process, unknown. It never ends the sweep.

import { crashOf } from '../../policy/crash.ts';
import type { RawDocument, UnansweredDocument } from '../../policy/document.ts';
import type { Finding, Inspection } from '../../policy/finding.ts';
import type { SourceProblem } from '../../policy/reading.ts';

/** The problem of a run in which something crashed. */
export function crashed(what: string, cause: unknown): SourceProblem {
  return { problem: crashOf(cause, what), source: { object: what } };
}

/** The findings of a document; what cannot be judged goes to the problems. Never throws. */
export function noting(
  inspect: (document: RawDocument) => Inspection,
  problems: SourceProblem[],
): (document: RawDocument) => readonly Finding[] {
  const judge = (document: RawDocument): readonly Finding[] => {
    try {
      const { findings, problems: found } = inspect(document);
      problems.push(...found);
      return findings;
    } catch (cause) {
      const fault = crashed(nameOf(document), cause);
      problems.push(fault);
      const instead = document.form === 'unanswered' ? undefined : unansweredFor(document, fault);
      return instead === undefined ? [] : judge(instead);
    }
  };
  return judge;
}

function nameOf(document: RawDocument): string {
  if (document.form === 'text') return document.path;
  const { source } = document;
  if ('node' in source) return `what ${source.node} says by ${source.via}`;
  return 'object' in source ? source.object : source.path;
}

/** Nothing is known of a process whose answer could not be judged. */
function unansweredFor(document: RawDocument, { problem }: SourceProblem): UnansweredDocument | undefined {
  if (document.form === 'text' || !('node' in document.source)) return undefined;
  const { source } = document;
  return { form: 'unanswered', component: source.via === 'flagz' ? 'kube-apiserver' : 'kubelet', source, problem };
}
