// Templates of Helm charts: they are not read, and are problems where what they make could matter.

import type { TextDocument } from '../../../policy/document.ts';
import type { SourceProblem } from '../../../policy/reading.ts';
import { signIn } from './texts.ts';

/** Counts the templates of charts, for one problem a chart. */
export class ChartTemplates {
  readonly #charts = new Map<string, { ours: string[]; named: boolean }>();

  /** Takes a document if it is a template of a chart. Values are only taken if they matter. */
  take({ path, text, found }: TextDocument): boolean {
    if (found?.chart === undefined) return false;
    const isTemplate = !/(?:^|[/\\])values[^/\\]*$/.test(path);
    const isOurs = signIn(text, path) !== undefined;
    if (!isTemplate && !isOurs) return false;
    const chart = this.#charts.get(found.chart) ?? { ours: [], named: false };
    this.#charts.set(found.chart, chart);
    if (isOurs) chart.ours.push(path);
    if (found.named === path) chart.named = true;
    return true;
  }

  /** A problem for each chart with files that matter, or that were named. */
  *problems(): Generator<SourceProblem> {
    for (const [chart, { ours, named }] of this.#charts) {
      if (ours.length === 0 && !named) continue;
      const message = `is a Helm chart, and ${whichOf(ours)} not read; render it first: helm template ${chart} | kubelet-guard check -`;
      yield { problem: { code: 'not-read', message }, source: { path: chart } };
    }
  }
}

function whichOf([first, ...more]: readonly string[]): string {
  if (first === undefined) return 'templates are';
  const count = `${String(1 + more.length)} of its templates can set up a component`;
  return `${count} (${first}${more.length > 0 ? ', …' : ''}), but templates are`;
}
