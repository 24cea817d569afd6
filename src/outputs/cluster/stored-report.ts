// Reports that are read back: what earlier runs stored in them.

import { asArray, asRecord, stringOrEmpty } from '../../json.ts';
import type { StoredFinding, StoredFindings } from '../../policy/decision/drift.ts';
import type { FindingKey } from '../../policy/finding-key.ts';
import { timestampOf } from '../../policy/timestamp.ts';
import { LAST_COMPLETE_SWEEP, MANAGED_BY } from './objects.ts';
import { MAX_RESULTS, MORE } from './policy-report.ts';
import { isPass, recall } from './remembered.ts';

/** What a stored report keeps of earlier runs. Anybody with the right could have written it. */
export interface StoredReport {
  readonly name: string;
  readonly resourceVersion: string;
  /** The node of the report; undefined for the control plane, and if the owner is not a node. */
  readonly node: { readonly name: string; readonly uid: string } | undefined;
  /** Whether it has our label. */
  readonly isOurs: boolean;
  /** The start of the last complete sweep, where the report has it. */
  readonly sweptAt: string | undefined;
  readonly remembered: StoredFindings;
  /** How many of its results cannot be read back; nothing is remembered of them. */
  readonly unreadable: number;
}

/** Reads a report back. It never throws: a result in another form than ours is not remembered. */
export function readReport(object: unknown): StoredReport {
  const { metadata, results } = asRecord(object);
  const { name, resourceVersion, labels, annotations, ownerReferences } = asRecord(metadata);
  const sweptAt = asRecord(annotations)[LAST_COMPLETE_SWEEP];
  const remembered = new Map<FindingKey, StoredFinding>();
  let unreadable = 0;
  for (const row of asArray(results).slice(0, MAX_RESULTS + 1)) {
    const { policy, properties } = asRecord(row);
    const { remembered: text } = asRecord(properties);
    if (policy === MORE) continue;
    const memory = typeof text === 'string' ? recall(text) : undefined;
    if (memory === undefined) unreadable += 1;
    else if (!isPass(remembered.get(memory.key))) continue;
    else remembered.set(memory.key, memory.remembered);
  }
  return {
    name: stringOrEmpty(name),
    resourceVersion: stringOrEmpty(resourceVersion),
    node: nodeOf(asArray(ownerReferences)[0]),
    isOurs: asRecord(labels)[MANAGED_BY.label] === MANAGED_BY.value,
    sweptAt: typeof sweptAt === 'string' && timestampOf(sweptAt) !== undefined ? sweptAt : undefined,
    remembered,
    unreadable,
  };
}

/**
 * The content of a report as a text for comparison: without what the API server adds and without annotations, its keys in a
 * fixed order.
 */
export function contentOf(report: unknown): string {
  const { metadata, scope, summary, results } = asRecord(report);
  const { labels, ownerReferences } = asRecord(metadata);
  const label = asRecord(labels)[MANAGED_BY.label];
  return JSON.stringify(canonical({ label, ownerReferences, scope, summary, results }, 8));
}

/** Sorts keys, and goes no deeper than a report does. */
function canonical(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '...';
  if (Array.isArray(value)) return value.map((item) => canonical(item, depth - 1));
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, item]) => [key, canonical(item, depth - 1)]);
}

function nodeOf(owner: unknown): StoredReport['node'] {
  const { kind, name, uid } = asRecord(owner);
  return kind === 'Node' && typeof name === 'string' && typeof uid === 'string' ? { name, uid } : undefined;
}
