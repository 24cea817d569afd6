import type { Writable } from 'node:stream';

import { pino, type Logger } from 'pino';

/** The levels that can be asked for. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export type LogLevel = (typeof logLevels)[number];

/** A log of constant sentences with fields, one JSON object a line. Never give it an object's body. */
export type Log = Logger;

/** Makes the log; in `serve` it goes to stdout, where containers are expected to log. */
export function createLog(level: LogLevel, destination: Writable): Log {
  const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  return pino({ ...options, formatters: { level: (label) => ({ level: label }) } }, destination);
}
