// Loads the audits that node agents stored, for a sweep.

import type { ControlMetadata } from '../../policy/control.ts';
import type { LoadAudit } from '../evidence.ts';
import type { AuditStore } from './config-maps.ts';
import { readAudit } from './stored-audit.ts';

interface LoadOptions {
  readonly controls: readonly ControlMetadata[];
  readonly now: () => Date;
}

/** Loads the audit of one node after another. Where no node has an agent, it asks once and no more. */
export function loadAuditsFrom({ isUsed, load }: AuditStore, { controls, now }: LoadOptions): LoadAudit {
  let used: Promise<boolean> | undefined;
  return async (node, signal) => {
    used ??= isUsed(signal);
    const stored = (await used) ? await load(node.name, signal) : undefined;
    if (stored === undefined || 'code' in stored) return stored;
    return readAudit(stored.report, stored, { node, controls, now: now().toISOString() });
  };
}
