// The output format `gitlab-code-quality`: what GitLab shows in a merge request.

import type { StreamedReport } from '../guard-report.ts';
import { escapeForTerminal, escapeLine } from '../printable.ts';
import { shownResultOf } from '../shown-result.ts';
import type { RenderContext, TextStyle } from '../render.ts';
import { describeFault, describeSubject, linesOf, reasonsOf } from './describe.ts';
import { identifier, findingPath, problemPath } from './location.ts';

/** An entry of the report, with the fields that GitLab reads. */
interface Entry {
  readonly description: string;
  readonly check_name: string;
  readonly fingerprint: string;
  readonly severity: 'minor' | 'major' | 'critical';
  readonly location: { readonly path: string; readonly lines: { readonly begin: number } };
}

/** Renders failed and unknown findings and problems of the run. GitLab has no place for what passed or is exempt. */
export function renderGitlabCodeQuality(
  { run, findings }: StreamedReport,
  _style: TextStyle,
  { controls, digest, nothing }: RenderContext,
): string {
  const supporting = new Set(controls.filter((control) => control.supporting).map(({ slug }) => slug));
  const identify = identifier(digest);
  const entries: Entry[] = [];
  for (const finding of findings) {
    const fingerprint = identify(finding);
    const verdict = shownResultOf(finding);
    if (verdict === 'pass' || verdict === 'exempt') continue;
    const severity = verdict === 'unknown' ? 'minor' : supporting.has(finding.control) ? 'major' : 'critical';
    entries.push({
      description: escapeLine(`${describeSubject(finding.subject)}: ${reasonsOf(finding).join('; ')}`),
      check_name: finding.control,
      fingerprint,
      severity,
      location: { path: escapeLine(findingPath(finding)), lines: { begin: linesOf(finding)[0] ?? 1 } },
    });
  }
  const lost = run.problems.map((problem) => ({
    text: `not checked: ${describeFault(problem)}`,
    path: problemPath(problem),
    line: problem.line,
  }));
  if (nothing !== undefined) lost.push({ text: nothing, path: '.', line: undefined });
  for (const { text, path, line = 1 } of lost) {
    entries.push({
      description: escapeLine(text),
      check_name: 'incomplete-run',
      fingerprint: digest(`incomplete-run\n${path}\n${text}`),
      severity: 'major',
      location: { path: escapeLine(path), lines: { begin: line } },
    });
  }
  return `${escapeForTerminal(JSON.stringify(entries, undefined, 2))}\n`;
}
