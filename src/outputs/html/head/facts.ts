// The facts of the head: what was checked, when, and compared with what.

import type { NodeCounts, ReportedFinding, ReportHead, Summary } from '../../guard-report.ts';
import { shownResultOf } from '../../shown-result.ts';
import { sortNatural } from '../../text/natural.ts';
import { distanceText, timeElement } from '../ages.ts';
import { code, html, isolated, type Html } from '../html.ts';
import type { PageInput } from '../section.ts';
import type { Verdict } from './verdicts.ts';

/** How many files or hosts are named; of more only the number is given. */
const MOST_NAMED = 5;

/** Collects what only the findings show: files, hosts, and what passes only until its next start. */
export class FactsOfHead {
  readonly #input: PageInput;
  readonly #places = new Set<string>();
  readonly #pending = new Set<string>();

  constructor(input: PageInput) {
    this.#input = input;
  }

  add(finding: ReportedFinding): void {
    const { source, subject, otherEvidence = [] } = finding;
    const entrance = this.#input.head?.run.entrance;
    if (entrance === 'check' && 'path' in source) this.#places.add(source.path);
    if (entrance === 'node' && subject.node !== undefined) this.#places.add(subject.node);
    if (shownResultOf(finding) !== 'pass') return;
    if (!otherEvidence.some(({ pending, result }) => pending === true && result === 'fail')) return;
    const { component, namespace = '', name, container = '' } = subject;
    this.#pending.add(JSON.stringify([component, namespace, name, container]));
  }

  /** What passes now and fails after its next start. */
  verdicts(): readonly Verdict[] {
    const count = this.#pending.size;
    if (count === 0) return [];
    const about =
      count === 1
        ? '1 component passes only until its next start'
        : `${count} components pass only until their next start`;
    return [{ result: 'pending', word: 'NEXT START', about, section: 'next-start' }];
  }

  render(): Html | undefined {
    const { head, live } = this.#input;
    const facts = [
      ...(head === undefined ? [] : [...this.#checked(head), ...nodes(head.nodes), ...compared(head)]),
      ...(live === undefined ? [] : [fact('Page made', timeElement(live.now))]),
    ];
    return facts.length === 0 ? undefined : html`<dl class="facts">${facts}</dl>`;
  }

  #checked({ run }: ReportHead): readonly Html[] {
    const age = this.#input.live === undefined ? undefined : distanceText(run.finishedAt, this.#input.live.now);
    return [
      ...this.#place(run),
      fact(
        'Checked',
        html`${timeElement(run.finishedAt)}${age !== undefined && html` <span class="age">(${age})</span>`}`,
      ),
      ...(run.benchmark === undefined ? [] : [fact('Benchmark', isolated(run.benchmark))]),
    ];
  }

  #place({ cluster, entrance }: ReportHead['run']): readonly Html[] {
    if (cluster !== undefined) {
      const { server, context, version, uid } = cluster;
      return [
        fact('Cluster', html`${context !== undefined && html`${isolated(context)} at `}${code(server)}`),
        ...(version === undefined ? [] : [fact('Kubernetes', isolated(version))]),
        ...(uid === undefined ? [] : [fact('Cluster UID', code(uid))]),
      ];
    }
    const count = this.#places.size;
    const names = sortNatural([...this.#places])
      .slice(0, MOST_NAMED)
      .map((path) => (path === '-' ? 'standard input' : path));
    const named = html`${names.map((name, index) => html`${index > 0 && ', '}${code(name)}`)}${count > names.length && html` and ${count - names.length} more`}`;
    if (entrance === 'node')
      return [
        fact(
          'Host',
          html`${named} ${count > 0 && html`(only this host was checked)`}${count === 0 && 'only this host was checked'}`,
        ),
      ];
    if (count === 0) return [];
    return [fact('Files', html`findings in ${count} ${count === 1 ? 'file' : 'files'}: ${named}`)];
  }
}

function fact(name: string, value: Html): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>
    `;
}

function nodes(counts: NodeCounts | undefined): readonly Html[] {
  if (counts === undefined) return [];
  const { fail, unknown, exempted = 0, pass, skipped } = counts;
  const total = fail + unknown + exempted + pass + skipped;
  const parts = [
    [fail, 'failed'],
    [unknown, 'unknown'],
    [exempted, 'exempt'],
    [pass, 'passed'],
    [skipped, 'skipped'],
  ] as const;
  const named = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return [fact('Nodes', html`${total}${named.length > 0 && `: ${named.join(', ')}`}`)];
}

function compared({ run: { baseline } }: ReportHead): readonly Html[] {
  if (baseline === undefined) return [];
  const { id, finishedAt, notShown, mended, gone } = baseline;
  return [
    fact(
      'Baseline',
      html`run ${code(id)} of ${timeElement(finishedAt)}. Only what is worse is shown. Not shown: ${summaryText(notShown)}. ${mended} fixed, ${gone} gone`,
    ),
  ];
}

function summaryText({ fail, unknown, pass, exempted = 0 }: Summary): string {
  return `${fail} failed, ${unknown} unknown, ${exempted} exempt, ${pass} passed`;
}
