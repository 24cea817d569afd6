// What the controls say about a text, in a short form for tests.

import { controls } from '../../../src/controls/index.ts';
import { inspect } from '../../../src/inspect.ts';
import { AMPLE } from '../../support/budget.ts';

/** The results of the two main controls by subject: `pass`, `unknown`, or each violation with its line. */
export function resultsOf(text: string, path = 'kubeadm.yaml'): Record<string, string> {
  const { findings } = inspect(controls, [{ form: 'text', path, text }], AMPLE);
  const link = findings.filter(({ control }) => control.slug.includes('client-c'));
  return Object.fromEntries(
    link.map(({ subject, outcome }) => [
      `${subject.component} of ${subject.kind ?? ''}`,
      outcome.result === 'fail'
        ? outcome.violations.map(({ code, origin }) => `${code} in line ${String(origin?.line)}`).join(', ')
        : outcome.result,
    ]),
  );
}

/** The problems of the run about a text. */
export function problemsOf(text: string, path = 'kubeadm.yaml'): string[] {
  return inspect(controls, [{ form: 'text', path, text }], AMPLE).problems.map(({ problem }) => problem.message);
}
