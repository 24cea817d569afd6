// The title of the page, for people with many tabs: the worst verdict first.

import type { PageInput } from '../section.ts';
import type { Verdict } from './verdicts.ts';

/** As in `FAIL - cluster production - kubelet-guard`. */
export function pageTitle(input: PageInput, verdicts: readonly Verdict[]): string {
  const words = verdicts.slice(0, 1).map(({ word }) => word);
  const cluster = input.head?.run.cluster;
  const about =
    cluster !== undefined
      ? [`cluster ${cluster.context ?? cluster.server}`]
      : input.head?.run.entrance === 'node'
        ? ['this host']
        : [];
  return [...words, ...about, 'kubelet-guard'].join(' - ');
}
