// The rules of SARIF: what services show beside an alert.

import type { ControlMetadata } from '../../../policy/control.ts';
import { referTo } from '../../../policy/benchmarks/shown.ts';
import type { ReportingDescriptor } from 'sarif';
import { messageText } from './message.ts';

/** GitHub refuses rules with more tags. */
const MOST_TAGS = 10;

/** Where the benchmarks are published. */
const HELP_URI = 'https://www.cisecurity.org/benchmark/kubernetes';

/** GitHub shows 7.0 to 8.9 as high, 4.0 to 6.9 as medium. */
const SEVERITY = { main: '8.0', supporting: '5.0' } as const;

/** Makes a rule of each control. */
export function rulesOf(controls: readonly ControlMetadata[]): ReportingDescriptor[] {
  return controls.map((control) => {
    const { slug, component, title, rationale, remediation, benchmarks, codes, supporting = false } = control;
    const references = benchmarks.map(referTo);
    const current = benchmarks.filter(({ isCurrent }) => isCurrent).map(referTo);
    const help = [rationale, `To fix it: ${remediation.general}`, `Benchmarks: ${references.join('; ')}`];
    const rows = Object.entries(codes).map(([code, meaning]) => `- \`${code}\`: ${meaning}`);
    return {
      id: slug,
      name: slug.replace(/(?:^|-)([a-z\d])/g, (_, letter: string) => letter.toUpperCase()),
      shortDescription: { text: messageText(`${title}.`) },
      fullDescription: { text: messageText(rationale) },
      help: {
        text: messageText(help.join(' ')),
        markdown: [
          `**${title}.**`,
          rationale,
          `**To fix it:** ${remediation.general}`,
          ['**What is reported:**', '', ...rows].join('\n'),
          ['**Benchmarks:**', '', ...references.map((reference) => `- ${reference}`)].join('\n'),
        ].join('\n\n'),
      },
      helpUri: HELP_URI,
      defaultConfiguration: { level: 'error' },
      properties: {
        tags: ['security', 'kubernetes', component, ...new Set(current)].slice(0, MOST_TAGS),
        precision: 'very-high',
        'security-severity': supporting ? SEVERITY.supporting : SEVERITY.main,
      },
    };
  });
}
