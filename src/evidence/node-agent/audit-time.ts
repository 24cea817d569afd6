// When a node agent looked at its host, and whether it has become silent. The API server's own clock counts: what the agent
// says of times is used for differences alone, and only within bounds.

import { millisecondsOf, timeText } from '../../policy/timestamp.ts';
import type { Problem } from '../../policy/reading.ts';

/** What is written beside the audit of a node agent. */
export interface HandOverMarks {
  /** The API server's time of the write, RFC 3339 in UTC; undefined where it is not shown. */
  readonly written: string | undefined;
  /** The same by the clock of the agent. */
  readonly told: string | undefined;
  /** Seconds between two audits, as the agent says. */
  readonly interval: string | undefined;
  /** The uid of the agent's node, as its token says. */
  readonly nodeUid: string | undefined;
}

/** The node that it is for, as the API knows it. */
export interface KnownNode {
  readonly name: string;
  readonly uid: string;
  /** RFC 3339, in UTC; undefined where that is not shown. */
  readonly createdAt: string | undefined;
}

/** An agent is taken for silent when it missed so many turns. */
export const MISSED_TURNS = 4;

/** Seconds: what the configuration allows for sweep.interval, and its default. */
const INTERVAL = { least: 60, most: 86_400, usual: 600 };
/** Milliseconds by which two clocks of one cluster may differ. */
const SKEW = 300_000;

/**
 * Tells when an audit was made.
 *
 * @param began when the audit began, by the clock of the agent
 * @param now of the reader, RFC 3339 in UTC
 * @returns the time by the clock of the API server, RFC 3339 in UTC; or why the audit tells nothing any more
 */
export function auditTime(marks: HandOverMarks, began: unknown, node: KnownNode, now: string): string | Problem {
  const { written, told, interval, nodeUid } = marks;
  const nowAt = millisecondsOf(now) ?? 0;
  const writtenAt = millisecondsOf(written);
  if (writtenAt === undefined || writtenAt > nowAt + SKEW) {
    const message = `the API server's time of what the node agent handed over is ${shown(written)}: look at who may write to its namespace, and at the clock of this process`;
    return { code: 'malformed', message };
  }
  const isOfAnother = nodeUid !== undefined && nodeUid !== node.uid;
  if (isOfAnother || writtenAt < (millisecondsOf(node.createdAt) ?? 0)) {
    const message = `what a node agent handed over for ${node.name} is from an earlier node of this name: look at the agent's pod on it`;
    return { code: 'outdated', message };
  }
  const seconds = Math.min(Math.max(numberOf(interval) ?? INTERVAL.usual, INTERVAL.least), INTERVAL.most);
  if (nowAt > writtenAt + MISSED_TURNS * seconds * 1000) {
    const message = `the node agent has handed over nothing since ${shown(written)}: look at its pod on ${node.name}`;
    return { code: 'timeout', message };
  }
  const age = (millisecondsOf(told) ?? 0) - (millisecondsOf(began) ?? 0);
  // one that took long to be handed over is older than it was written
  const bounded = told === undefined ? 0 : Math.min(Math.max(age, 0), writtenAt);
  return timeText(writtenAt - bounded);
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

function shown(time: string | undefined): string {
  return time === undefined ? 'not shown' : time.slice(0, 40);
}
