// The results of a text by the two controls of the link, short enough to compare in a table.

import { controls } from '../../src/controls/index.ts';
import { inspect } from '../../src/inspect.ts';
import type { Finding } from '../../src/policy/finding.ts';
import { AMPLE } from './budget.ts';

const SHORT: Readonly<Record<string, string>> = {
  'apiserver-kubelet-client-cert': 'pair',
  'kubelet-client-ca': 'ca',
  'kubelet-anonymous-auth': 'anonymous',
  'kubelet-authorization-mode': 'mode',
};

/**
 * What the controls find in a text.
 *
 * @param wanted the short names of the controls
 * @returns one line for each finding: the control, the subject's name if it is wanted, and `pass`, `unknown CODE` or
 *   `CODE SETTING :LINE` for each violation
 */
export function linkResults(text: string, path: string, wanted: readonly string[] = ['pair', 'ca']): string[] {
  const { findings, problems } = inspect(controls, [{ form: 'text', path, text }], AMPLE);
  return [
    ...findings.flatMap((finding) => {
      const short = SHORT[finding.control.slug] ?? '';
      return wanted.includes(short) ? [`${short} ${resultOf(finding)}`] : [];
    }),
    ...problems.map(({ problem }) => `problem ${problem.code}`),
  ];
}

function resultOf({ outcome }: Finding): string {
  switch (outcome.result) {
    case 'pass':
      return 'pass';
    case 'unknown':
      return `unknown ${outcome.problems.map(({ code }) => code).join(' ')}`;
    case 'fail':
      return outcome.violations
        .map(({ code, setting, origin }) => `${code} ${setting} :${String(origin?.line ?? '?')}`)
        .join(', ');
  }
}
