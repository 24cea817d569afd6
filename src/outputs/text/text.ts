// The output format `text`: the report for people.

import type { NodeCounts, ReportedFinding, StreamedReport } from '../guard-report.ts';
import { escapeLine } from '../printable.ts';
import type { TextStyle } from '../render.ts';
import { Blocks } from './blocks.ts';
import { renderChecked } from './checked.ts';
import { renderLink } from './link-text.ts';
import { compareNatural, FirstNames, MOST_NAMES } from './natural.ts';
import { isListed } from '../shown-result.ts';
import { Remedies } from './remedies.ts';
import { Summing } from './summary.ts';

/** The columns of a text that is not for a terminal. */
const WIDTH = 100;

/**
 * Renders a report for people: what was checked, the link of a cluster, what failed, what is unknown, what changed, how many
 * passed, how to fix what failed, and a summary. Findings that differ only in names share a block. The order of the findings
 * does not matter, and the memory does not grow with those that pass.
 *
 * @returns lines of text, or nothing if there is nothing to say
 */
export function renderText({ findings, ...head }: StreamedReport, style: TextStyle): string {
  const { color, quiet, all = false, width = WIDTH } = style;
  const blocks = new Blocks(all);
  const remedies = new Remedies();
  const summing = new Summing();
  const hosts = new FirstNames(MOST_NAMES);
  const names = new Set<string>();
  for (const finding of findings) {
    summing.add(finding);
    if (head.run.entrance === 'node') addHost(finding, names, hosts);
    if (!isListed(finding, style.results)) continue;
    blocks.add(finding);
    remedies.add(finding);
  }
  const { findings: lines, passes } = blocks.render(style);
  const link =
    head.link === undefined || (quiet && head.link.result === 'pass') ? [] : renderLink(head.link, { color, all });
  const parts = [link, renderSkipped(head.nodes), lines, quiet ? [] : passes, remedies.render(width)];
  const isSilent = parts.every((part) => part.length === 0) && head.run.complete;
  if (isSilent && (quiet || summing.isEmpty(head))) return '';
  return [renderChecked(head, hosts, style.results), ...parts, summing.render(head)]
    .filter((part) => part.length > 0)
    .map((part) => part.map((line) => `${line}\n`).join(''))
    .join('\n');
}

/** A host can have several names only if processes on it disagree. */
function addHost({ subject: { node } }: ReportedFinding, known: Set<string>, hosts: FirstNames): void {
  if (node === undefined || known.has(node)) return;
  known.add(node);
  hosts.add(node);
}

/** The quiet report lists them too, because a kubelet can set that label itself. */
function renderSkipped({ skipped, skippedNames = [] }: Partial<NodeCounts> = {}): string[] {
  if (skipped === undefined || skipped === 0) return [];
  const words = skipped === 1 ? '1 node was skipped: it has' : `${skipped} nodes were skipped: they have`;
  const names = skippedNames.toSorted(compareNatural).slice(0, MOST_NAMES);
  const more = skipped > names.length ? ` and ${skipped - names.length} more` : '';
  return [
    escapeLine(`${words} the label type=virtual-kubelet, and nothing answered there: ${names.join(', ')}${more}`),
    'If they have no kubelet, exempt them in the configuration; until then their findings are unknown.',
  ];
}
