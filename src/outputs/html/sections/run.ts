// The run: its problems, which run it was, by which program and configuration, and what the sweeper of a running `serve` does.

import type { NodeCounts, ReportHead } from '../../guard-report.ts';
import { millisecondsOf } from '../../../policy/timestamp.ts';
import { durationText, timeElement } from '../ages.ts';
import { counted, factList, type Fact } from '../facts.ts';
import { code, html, isolated, type Html } from '../html.ts';
import { mark } from '../marks.ts';
import { nameList } from '../names.ts';
import { problemBlocks } from '../run/problems.ts';
import { sweeperPart } from '../run/sweeper.ts';
import type { PageInput, Section } from '../section.ts';

/** Makes the section. */
export function runSection(input: PageInput): Section {
  return { render: () => render(input) };
}

function render({ head, live, context: { nothing } }: PageInput): Html | undefined {
  if (head === undefined && live === undefined) return undefined;
  return html`<section id="run">
    <h2>Run</h2>
    ${nothing !== undefined && html`<p><b class="unknown">${mark('unknown')} NOTHING CHECKED</b> ${isolated(nothing)}</p>`}
    ${head !== undefined && ofReport(head, nothing !== undefined)}
    ${live !== undefined && sweeperPart(live)}
    </section>`;
}

function ofReport(head: ReportHead, isNothing: boolean): Html {
  const { problems, complete } = head.run;
  return html`${
    complete
      ? !isNothing && html`<p>Complete: everything that the run should read was read.</p>`
      : html`<h3>Incomplete: ${counted(problems.length, 'problem', 'problems')}</h3>
    <p>What is listed here was not checked, so something can be wrong that no finding shows.</p>`
  }
    ${problemBlocks(problems)}
    ${skipped(head.nodes)}
    ${factList(factsOf(head))}`;
}

function factsOf({ run, apiVersion }: ReportHead): readonly Fact[] {
  const { id, tool, startedAt, finishedAt, configuration, benchmark } = run;
  return [
    ['Run', code(id)],
    ['Program', html`${tool === undefined ? 'kubelet-guard' : isolated(`${tool.name} ${tool.version}`)}`],
    ['Command', code(`kubelet-guard ${run.entrance}`)],
    ['Started', timeElement(startedAt)],
    ['Finished', html`${timeElement(finishedAt)}${tookText(startedAt, finishedAt)}`],
    ['Configuration', configuration === undefined ? 'none was given' : html`SHA-256 ${code(configuration.digest)}`],
    ...(benchmark === undefined ? [] : ([['Benchmark', isolated(benchmark)]] as const)),
    ['Report format', code(apiVersion)],
  ];
}

function tookText(startedAt: string, finishedAt: string): string {
  const [from, to] = [millisecondsOf(startedAt), millisecondsOf(finishedAt)];
  return from === undefined || to === undefined || to < from ? '' : ` (after ${durationText(to - from)})`;
}

/** A kubelet can set the label itself, so these nodes are always listed. */
function skipped(nodes: NodeCounts | undefined): Html | undefined {
  if (nodes === undefined || nodes.skipped === 0) return undefined;
  const { skipped: count, skippedNames = [] } = nodes;
  const more = count - skippedNames.length;
  return html`<h3>${counted(count, 'node was', 'nodes were')} skipped</h3>
    <p>${count === 1 ? 'It has' : 'They have'} the label <code>type=virtual-kubelet</code>, and nothing answered there. If
    there is no kubelet, exempt the node in the configuration. Until then its findings are unknown.</p>
    ${nameList(skippedNames)}
    ${more > 0 && html`<p>and ${more} more</p>`}`;
}
