// The first lines of a text report: what was checked, and what of it was selected.

import type { ReportHead } from '../guard-report.ts';
import { escapeLine } from '../printable.ts';
import type { ShownResult } from '../shown-result.ts';
import type { FirstNames } from './natural.ts';

/** Names the cluster or the host, and the selection. */
export function renderChecked({ run }: ReportHead, hosts: FirstNames, results?: readonly ShownResult[]): string[] {
  return [...clusterLine(run), ...hostLine(run, hosts), ...selectionLine(run, results)].map(escapeLine);
}

function selectionLine({ selection }: ReportHead['run'], results: readonly ShownResult[] | undefined): string[] {
  const parts = [
    ...listOf('control', selection?.controls),
    ...listOf('node', selection?.nodes),
    ...listOf('result', results),
  ];
  return parts.length === 0 ? [] : [`Only ${parts.join('; ')}`];
}

function listOf(noun: string, names: readonly string[] | undefined): string[] {
  if (names === undefined) return [];
  return [`${noun}${names.length === 1 ? '' : 's'} ${names.join(', ')}`];
}

function clusterLine({ cluster }: ReportHead['run']): string[] {
  if (cluster === undefined) return [];
  const { context, server, version } = cluster;
  const name = context === undefined ? server : `${context} at ${server}`;
  return [`Cluster ${name}${version === undefined ? '' : `, Kubernetes ${version}`}`];
}

function hostLine(run: ReportHead['run'], hosts: FirstNames): string[] {
  return run.entrance === 'node' && hosts.count > 0 ? [`Host ${hosts.toString()}`] : [];
}
