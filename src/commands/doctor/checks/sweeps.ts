// The check `sweeps`: does a replica of the sweeper lead?

import { asRecord, stringOrEmpty } from '../../../json.ts';
import type { Installation } from '../installation.ts';
import { FIRST, NO_RIGHT, type Check } from '../report.ts';
import { hasNoReadyPod } from './pods.ts';

/** A replica that leads renews its Lease every few seconds. */
const LATE = 60_000;

/** Whether a replica holds the Lease, and has renewed it lately. */
export function checkSweeps({ home, sweeper, lease }: Installation, now: Date): Check {
  const check = 'sweeps';
  const name = `Lease ${home}/${sweeper.name}`;
  if ('unknown' in lease) return { check, result: 'unknown', message: lease.unknown, remedy: NO_RIGHT };
  const { holderIdentity, renewTime } = asRecord(lease.known?.spec);
  const holder = stringOrEmpty(holderIdentity);
  const renewed = Date.parse(stringOrEmpty(renewTime));
  const isDown = hasNoReadyPod(sweeper);
  const because = isDown ? `, because no pod of ${sweeper.name} is ready` : '';
  const remedy = isDown ? FIRST : `see kubectl -n ${home} logs deployment/${sweeper.name}`;
  if (holder === '' || Number.isNaN(renewed)) {
    return { check, result: 'problem', message: `no replica sweeps: nobody holds the ${name}${because}`, remedy };
  }
  const at = new Date(renewed).toISOString();
  if (now.getTime() - renewed > LATE) {
    const message = `no replica sweeps: ${holder} renewed the ${name} last at ${at}${because}`;
    return { check, result: 'problem', message, remedy };
  }
  return { check, result: 'ok', message: `${holder} sweeps: it holds the ${name}, renewed at ${at}` };
}
