// The log: one JSON object a line.

import type { Writable } from 'node:stream';

import { pino, type Logger } from 'pino';

/** The levels that can be chosen. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export type LogLevel = (typeof logLevels)[number];

/** The log. Messages are constant sentences, and values are fields. Never log the body of an object. */
export type Log = Logger;

/** Makes the log. `serve` writes it to stdout, as Kubernetes expects of a container. */
export function createLog(level: LogLevel, destination: Writable): Log {
  const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  return pino({ ...options, formatters: { level: (label) => ({ level: label }) } }, destination);
}
