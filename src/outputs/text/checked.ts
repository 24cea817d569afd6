// The first lines of a text report: what was checked, and what of it was selected.

import type { ReportHead } from '../guard-report.ts';
import { escapeLine } from '../printable.ts';
import type { FirstNames } from './natural.ts';

/** Names the cluster or the host, and the selection. */
export function renderChecked({ run }: ReportHead, hosts: FirstNames): string[] {
  return [...clusterLine(run), ...hostLine(run, hosts)].map(escapeLine);
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
