// Reads how the background sweeper works: `sweep` of the configuration.

import { defaultsOf, evidenceNames, SWEEP_EVIDENCE, type SweepEvidence } from '../../evidence/index.ts';
import type { Entry, Located, YamlReader } from './yaml-reader.ts';

/** How the background sweeper is to work, as the file has it. */
export interface SweepSettings {
  readonly interval?: Located<string>;
  readonly jitter?: Located<string>;
  readonly concurrency?: Located<number>;
  readonly timeout?: Located<string>;
  readonly evidence?: readonly Located<SweepEvidence>[];
  readonly reports?: Located<SweepReports>;
}

/** How the background sweeper works. */
export interface SweepPlan {
  /** Milliseconds. */
  readonly interval: number;
  /** The part of the interval by which it varies, 0 to 1. */
  readonly jitter: number;
  readonly concurrency: number;
  /** Milliseconds for one kubelet. */
  readonly timeout: number;
  readonly evidence: readonly SweepEvidence[];
  readonly reports: SweepReports;
}

/** Which reports are written to the cluster. */
export type SweepReports = (typeof REPORTS)[number];

/** The defaults. */
export const SWEEP_DEFAULTS = {
  interval: '10m',
  jitter: '10%',
  concurrency: 32,
  timeout: '5s',
  evidence: defaultsOf(SWEEP_EVIDENCE),
  reports: 'auto',
} as const;

const EVIDENCE = evidenceNames(SWEEP_EVIDENCE);
const REPORTS = ['auto', 'openreports', 'wgpolicyk8s', 'none'] as const;

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const INTERVAL = { least: 60_000, most: 86_400_000, words: 'interval must be a time from 1m to 24h, such as 10m' };
const TIMEOUT = { least: 100, most: 60_000, words: 'timeout must be a time from 100ms to 1m, such as 5s' };

/** Fills in what the file does not say. */
export function resolveSweep(settings: SweepSettings | undefined): SweepPlan {
  const { interval, jitter, concurrency, timeout, evidence, reports } = settings ?? {};
  return {
    interval: checked(millisecondsOf(interval?.value ?? SWEEP_DEFAULTS.interval)),
    jitter: checked(percentageOf(jitter?.value ?? SWEEP_DEFAULTS.jitter)) / 100,
    concurrency: concurrency?.value ?? SWEEP_DEFAULTS.concurrency,
    timeout: checked(millisecondsOf(timeout?.value ?? SWEEP_DEFAULTS.timeout)),
    evidence: evidence?.map(({ value }) => value) ?? SWEEP_DEFAULTS.evidence,
    reports: reports?.value ?? SWEEP_DEFAULTS.reports,
  };
}

/** Reads how the background sweeper is to work. */
export function readSweep(reader: YamlReader, sweep: Entry): SweepSettings {
  const settings: { -readonly [Key in keyof SweepSettings]: SweepSettings[Key] } = {};
  const time =
    (key: 'interval' | 'timeout', { least, most, words }: typeof INTERVAL) =>
    (entry: Entry) => {
      const read = reader.text(entry, (value) => isBetween(millisecondsOf(value), least, most), words);
      if (read !== undefined) settings[key] = read;
    };
  reader.fields(sweep, 'sweep', {
    interval: time('interval', INTERVAL),
    jitter: (entry) => {
      const read = reader.text(entry, isPercentage, 'jitter must be a percentage from 0% to 100%, such as 10%');
      if (read !== undefined) settings.jitter = read;
    },
    concurrency: (entry) => {
      const read = reader.integer(entry, 'concurrency', 1, 1024);
      if (read !== undefined) settings.concurrency = read;
    },
    timeout: time('timeout', TIMEOUT),
    evidence: (entry) => {
      settings.evidence = readEvidence(reader, entry);
    },
    reports: (entry) => {
      const read = reader.choice(entry, 'reports', REPORTS);
      if (read !== undefined) settings.reports = read;
    },
  });
  return settings;
}

function readEvidence(reader: YamlReader, entry: Entry): readonly Located<SweepEvidence>[] {
  const wanted = `evidence must be a list of at least one of ${EVIDENCE.join(', ')}`;
  const seen = new Map<string, Located<SweepEvidence>>();
  for (const item of reader.items(entry, wanted, 1) ?? []) {
    const read = reader.choice(item, 'evidence', EVIDENCE);
    if (read === undefined) continue;
    if (seen.has(read.value)) reader.fault(item, `the evidence ${read.value} is listed twice`);
    seen.set(read.value, read);
  }
  return [...seen.values()];
}

function millisecondsOf(time: string): number | undefined {
  const [, count, unit = ''] = /^([1-9]\d{0,8})(ms|s|m|h)$/.exec(time) ?? [];
  const milliseconds = MILLISECONDS[unit];
  return count === undefined || milliseconds === undefined ? undefined : Number(count) * milliseconds;
}

function isPercentage(value: string): boolean {
  return isBetween(percentageOf(value), 0, 100);
}

function percentageOf(value: string): number | undefined {
  const [, percent] = /^(0|[1-9]\d{0,2})%$/.exec(value) ?? [];
  return percent === undefined ? undefined : Number(percent);
}

/** Settings were checked when they were read. */
function checked(value: number | undefined): number {
  if (value === undefined) throw new Error('a setting of sweep was not checked');
  return value;
}

function isBetween(value: number | undefined, least: number, most: number): boolean {
  return value !== undefined && value >= least && value <= most;
}
