// The text report of a sweep.

import type { Link } from '../../policy/link/link.ts';
import type { NodeCounts, ReportedFinding, StreamedReport } from '../guard-report.ts';
import type { TextStyle } from '../render.ts';
import { paint, renderFinding, renderRemedies, summariseRun } from './lines.ts';
import { escapeLine } from '../printable.ts';

/** How many of the nodes that pass, or that have the same findings, are named. */
const MOST_NAMES = 5;

/**
 * Renders the report of a sweep for people: the link as a whole, what failed or is unknown, a count of what passed for each
 * control, how to fix each control that failed, and a summary. It does not grow with the nodes that pass, and findings that
 * differ only in names share a block.
 */
export function renderSweepText({ findings, ...head }: StreamedReport, style: TextStyle): string {
  const { color, quiet, all = false } = style;
  const blocks = new Map<string, Block>();
  const failed = new Map<string, ReportedFinding>();
  const passed = new Map<string, Named>();
  for (const finding of findings) {
    const { control, result, subject, exempted, warnings = [], otherEvidence = [], drift } = finding;
    if (result === 'fail' && exempted === undefined && !failed.has(control)) failed.set(control, finding);
    const isPlain = warnings.length === 0 && drift === undefined && otherEvidence.every(({ agrees }) => agrees);
    if (result === 'pass' && isPlain) {
      const known = passed.get(control) ?? { count: 0, names: [] };
      passed.set(control, addName(known, subject.name));
      continue;
    }
    const key = all ? String(blocks.size) : withoutNames(finding);
    const block = blocks.get(key);
    if (block === undefined) blocks.set(key, { lines: renderFinding(finding, color), count: 0, names: [] });
    else addName(block, subject.name);
  }
  const lines = Array.from(blocks.values(), renderBlock).flat();
  const link = head.link === undefined || (quiet && head.link.result === 'pass') ? [] : renderLink(head.link, color);
  const passes = quiet
    ? []
    : Array.from(passed, ([control, { count, names }]) => renderPass(control, count, names, color));
  const remedies = renderRemedies([...failed.values()]);
  const parts = [link, renderSkipped(head.nodes), lines, passes, remedies].filter((part) => part.length > 0);
  const isSilent = quiet && parts.length === 0 && head.run.complete;
  return isSilent
    ? ''
    : [...parts, [summariseRun(head)]].map((part) => part.map((line) => `${line}\n`).join('')).join('\n');
}

/** How many, and the names of the first. */
interface Named {
  count: number;
  readonly names: string[];
}

/** A finding, and the others that differ from it only in names. */
interface Block extends Named {
  readonly lines: readonly string[];
}

function addName<T extends Named>(named: T, name: string): T {
  named.count += 1;
  if (named.names.length < MOST_NAMES) named.names.push(name);
  return named;
}

function renderBlock({ lines, count, names }: Block): readonly string[] {
  if (count === 0) return lines;
  const hint = count > names.length ? '; list them with --all' : '';
  return [...lines, `${' '.repeat(9)}${escapeLine(`the same for ${count} more: ${listed(count, names)}${hint}`)}`];
}

/** What a finding says, without the names of its subject and node, and without addresses. */
function withoutNames(finding: ReportedFinding): string {
  const { name, node = name } = finding.subject;
  const text = renderFinding(finding, false).join('\n');
  return text.replace(/[\w.:[\]-]+/g, (found) => {
    if (found.length > LONGEST_NAME) return found;
    let end = found.length;
    while (end > 0 && '.:-'.includes(found.charAt(end - 1))) end -= 1;
    const word = found.slice(0, end);
    const isName = word === name || word === node || word.endsWith(`-${node}`) || ADDRESS.test(word);
    return isName ? `*${found.slice(end)}` : found;
  });
}

/** A host name, with brackets and a port. */
const LONGEST_NAME = 263;
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])(?::\d+)?$/;

/** The quiet report lists them too, because a kubelet can set that label itself. */
function renderSkipped({ skipped, skippedNames: names = [] }: Partial<NodeCounts> = {}): string[] {
  if (skipped === undefined || skipped === 0) return [];
  const words = skipped === 1 ? '1 node was skipped: it has' : `${skipped} nodes were skipped: they have`;
  return [
    escapeLine(`${words} the label type=virtual-kubelet, and nothing answered there: ${listed(skipped, names)}`),
    'If they have no kubelet, exempt them in the configuration; until then their findings are unknown.',
  ];
}

function renderPass(control: string, count: number, names: readonly string[], color: boolean): string {
  return `${paint('pass', color)}${escapeLine(`${control}  ${count}: ${listed(count, names)}`)}`;
}

function listed(count: number, names: readonly string[]): string {
  const more = count - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function renderLink(link: Link, color: boolean): string[] {
  const { result, apiServers, apiServersNotApplicable, kubelets, acceptedAuthorities, calls } = link;
  const presenting = apiServers.filter((end) => end.result === 'pass').length;
  const exemptServers = apiServers.filter(({ exempted }) => exempted).length;
  const { pass, fail, unknown, exempted = 0 } = kubelets;
  const details = [
    apiServersNotApplicable === undefined
      ? `${presenting} of ${apiServers.length} kube-apiservers present a client certificate to kubelets${exemptOf(exemptServers)}`
      : `kube-apiserver is not checked: ${apiServersNotApplicable}`,
    `${pass} of ${pass + fail + unknown + exempted} kubelets ask for one, ${fail} do not, ${unknown} are unknown${exemptOf(exempted)}`,
    ...acceptedAuthorities.map(({ name, kubelets: count }) => `accepted by ${count}: certificates of ${name}`),
    ...(calls.answered + calls.refused === 0
      ? []
      : [`calls through kube-apiserver: ${calls.answered} answered, ${calls.refused} refused`]),
  ];
  return [
    `${paint(result, color)}the link between kube-apiserver and kubelets`,
    ...details.map((detail) => `${' '.repeat(9)}${escapeLine(detail)}`),
  ];
}

function exemptOf(count: number): string {
  return count === 0 ? '' : `, ${count} ${count === 1 ? 'is' : 'are'} exempt`;
}
