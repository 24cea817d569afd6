// The facts of the head: what was checked, when, and compared with what.

import type { NodeCounts, ReportedCluster, ReportedFinding, ReportHead, Summary } from '../../guard-report.ts';
import { standingOf } from '../../standing.ts';
import { sortNatural } from '../../text/natural.ts';
import { distanceText, timeElement } from '../ages.ts';
import { counted, factList, type Fact } from '../facts.ts';
import { code, html, isolated, type Html } from '../html.ts';
import type { PageInput } from '../section.ts';
import type { NextStarts } from './verdicts.ts';

/** How many files or hosts are named; of more only the number is given. */
const MOST_NAMED = 5;

/** Collects what only the findings show: files, hosts, and what passes only until its next start. */
export class FactsOfHead {
  readonly #input: PageInput;
  readonly #places = new Set<string>();
  /** Components that pass now, and after their next start fail, or may. */
  readonly #failing = new Set<string>();
  readonly #unknown = new Set<string>();

  constructor(input: PageInput) {
    this.#input = input;
  }

  add(finding: ReportedFinding): void {
    const { source, subject } = finding;
    const { run } = this.#input.head ?? {};
    if (run?.entrance !== 'node' && run?.cluster === undefined && 'path' in source) this.#places.add(source.path);
    if (run?.entrance === 'node' && subject.node !== undefined) this.#places.add(subject.node);
    const standing = standingOf(finding);
    if (finding.result !== 'pass' || standing === 'pass') return;
    const { component, namespace = '', name, container = '' } = subject;
    const key = JSON.stringify([component, namespace, name, container]);
    (standing === 'pending' ? this.#failing : this.#unknown).add(key);
  }

  nextStarts(): NextStarts {
    const unknown = [...this.#unknown].filter((component) => !this.#failing.has(component));
    return { fail: this.#failing.size, unknown: unknown.length };
  }

  render(): Html | undefined {
    const { head, live } = this.#input;
    return factList([
      ...(head === undefined ? [] : [...this.#checked(head), ...nodes(head.nodes), ...compared(head)]),
      ...(live === undefined ? [] : ([['Page made', timeElement(live.now)]] as const)),
    ]);
  }

  #checked({ run }: ReportHead): readonly Fact[] {
    const age = this.#input.live === undefined ? undefined : distanceText(run.finishedAt, this.#input.live.now);
    const time = timeElement(run.finishedAt);
    return [
      ...this.#place(run),
      ['Checked', html`${time}${age !== undefined && ` (${age})`}`],
      ...(run.benchmark === undefined ? [] : ([['Benchmark', isolated(run.benchmark)]] as const)),
    ];
  }

  #place(run: ReportHead['run']): readonly Fact[] {
    if (run.cluster !== undefined) return clusterFacts(run.cluster);
    const count = this.#places.size;
    const named = this.#namedPlaces();
    if (run.entrance === 'node') {
      const only = 'only this host was checked';
      return [['Host', count === 0 ? only : html`${named} (${only})`, 'wide']];
    }
    return count === 0 ? [] : [['Files', html`findings in ${counted(count, 'file', 'files')}: ${named}`, 'wide']];
  }

  #namedPlaces(): Html {
    const names = sortNatural([...this.#places])
      .slice(0, MOST_NAMED)
      .map((path) => (path === '-' ? 'standard input' : path));
    const more = this.#places.size - names.length;
    return html`${names.map((name, index) => html`${index > 0 && ', '}${code(name)}`)}${more > 0 && ` and ${more} more`}`;
  }
}

function clusterFacts({ server, context, version, uid }: ReportedCluster): readonly Fact[] {
  const at = context !== undefined && html`${isolated(context)} at `;
  return [
    ['Cluster', html`${at}${code(server)}`],
    ...(version === undefined ? [] : ([['Kubernetes', isolated(version)]] as const)),
    ...(uid === undefined ? [] : ([['Cluster UID', code(uid)]] as const)),
  ];
}

function nodes(counts: NodeCounts | undefined): readonly Fact[] {
  if (counts === undefined) return [];
  const { fail, unknown, exempted = 0, pass, skipped } = counts;
  const total = fail + unknown + exempted + pass + skipped;
  const rest = skipped === 0 ? '' : `, ${skipped} skipped`;
  return [['Nodes', `${total}: ${summaryText({ fail, unknown, exempted, pass })}${rest}`]];
}

function compared({ run: { baseline } }: ReportHead): readonly Fact[] {
  if (baseline === undefined) return [];
  const { id, finishedAt, notShown, mended: fixed, gone } = baseline;
  const rest = `not shown: ${summaryText(notShown)}; ${fixed} fixed, ${gone} gone`;
  return [
    ['Baseline', html`run ${code(id)} of ${timeElement(finishedAt)}. Only what is worse is shown; ${rest}`, 'wide'],
  ];
}

function summaryText({ fail, unknown, pass, exempted = 0 }: Summary): string {
  return `${fail} failed, ${unknown} unknown, ${exempted} exempt, ${pass} passed`;
}
