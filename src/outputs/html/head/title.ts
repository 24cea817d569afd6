// The title of the page, for people with many tabs: the worst verdict first.

import type { PageInput } from '../section.ts';
import { verdictsOf, worstOf } from './verdicts.ts';

/** As in `FAIL - cluster production - kubelet-guard`. */
export function titleOf(input: PageInput): string {
  const { word } = worstOf(verdictsOf(input));
  const cluster = input.head?.run.cluster;
  const about =
    cluster !== undefined
      ? [`cluster ${cluster.context ?? cluster.server}`]
      : input.head?.run.entrance === 'node'
        ? ['this host']
        : [];
  return [word, ...about, 'kubelet-guard'].join(' - ');
}
