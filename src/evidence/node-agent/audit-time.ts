// When a node agent audited its host, and whether the agent has stopped. The API server's clock counts. Times of the agent's
// clock are only compared with each other, and only within bounds.

import { millisecondsOf, timeText } from '../../policy/timestamp.ts';
import type { Problem } from '../../policy/reading.ts';

/** What is stored beside the audit of a node agent. */
export interface AuditMetadata {
  /** The API server's time of the last write, RFC 3339 in UTC; undefined if the object does not show it. */
  readonly storedAt: string | undefined;
  /** The same time by the agent's clock. */
  readonly agentTime: string | undefined;
  /** Seconds between two audits, as the agent wrote them. */
  readonly interval: string | undefined;
  /** The uid of the agent's node, from the agent's token. */
  readonly nodeUid: string | undefined;
}

/** The audited node, as the API shows it. */
export interface KnownNode {
  readonly name: string;
  readonly uid: string;
  /** RFC 3339, in UTC; undefined if the API does not show it. */
  readonly createdAt: string | undefined;
}

/** An agent counts as stopped when it has missed this many audits. */
export const MISSED_TURNS = 4;

/** Seconds: the bounds of sweep.interval in the configuration, and its default. */
const INTERVAL = { least: 60, most: 86_400, usual: 600 };
/** Milliseconds by which two clocks of a cluster may differ. */
const SKEW = 300_000;

/**
 * The time of a stored audit.
 *
 * @param began when the audit began, by the agent's clock
 * @param now the sweeper's time, RFC 3339 in UTC
 * @returns when the audit was made by the API server's clock, RFC 3339 in UTC; or why the audit is not used
 */
export function auditTime(metadata: AuditMetadata, began: unknown, node: KnownNode, now: string): string | Problem {
  const { storedAt, agentTime, interval, nodeUid } = metadata;
  const nowAt = millisecondsOf(now) ?? 0;
  const stored = millisecondsOf(storedAt);
  if (stored === undefined || stored > nowAt + SKEW) {
    const message = `the node agent's audit was stored at an impossible time (${shown(storedAt)}): check who may write to its namespace, and the clock of this host`;
    return { code: 'malformed', message };
  }
  const isOfAnother = nodeUid !== undefined && nodeUid !== node.uid;
  if (isOfAnother || stored < (millisecondsOf(node.createdAt) ?? 0)) {
    const message = `the stored audit is from an earlier node with the name ${node.name}: check the node agent's pod on the node`;
    return { code: 'outdated', message };
  }
  const seconds = Math.min(Math.max(numberOf(interval) ?? INTERVAL.usual, INTERVAL.least), INTERVAL.most);
  if (nowAt > stored + MISSED_TURNS * seconds * 1000) {
    const message = `the node agent has stored no audit since ${shown(storedAt)}: check its pod on ${node.name}`;
    return { code: 'timeout', message };
  }
  const age = (millisecondsOf(agentTime) ?? 0) - (millisecondsOf(began) ?? 0);
  // an audit that could not be stored at once is older than its write
  const bounded = agentTime === undefined ? 0 : Math.min(Math.max(age, 0), stored);
  return timeText(stored - bounded);
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function shown(time: string | undefined): string {
  return time === undefined ? 'unknown' : time.slice(0, 40);
}
