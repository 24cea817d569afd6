// The output format `name`: `kind/name` of what does not pass, one a line, as `kubectl -o name` prints it.

import type { ReportedFinding, StreamedReport } from '../guard-report.ts';
import { escapeLine } from '../printable.ts';
import { shownResultOf } from '../shown-result.ts';
import { compareNatural } from '../text/natural.ts';

/** Renders the names of subjects with a finding that fails or is unknown, each once, in natural order. */
export function renderNames({ findings }: StreamedReport): string {
  const names = new Set<string>();
  for (const finding of findings) if (isFault(finding)) names.add(escapeLine(nameOf(finding)));
  return [...names]
    .sort(compareNatural)
    .map((name) => `${name}\n`)
    .join('');
}

function isFault(finding: ReportedFinding): boolean {
  const result = shownResultOf(finding);
  return result === 'fail' || result === 'unknown';
}

/** What has no name of its own is named by its file. */
function nameOf({ subject: { component, kind = component, name }, source }: ReportedFinding): string {
  return kind === name && 'path' in source ? source.path : `${kind.toLowerCase()}/${name}`;
}
