import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** How a sweep ended: it saw everything, or not everything, or it was cut off. */
export type SweepEnd = 'complete' | 'partial' | 'failed';

type Result = 'pass' | 'fail' | 'unknown';

/** What a sweep that was not cut off found. */
export interface SweepCounts {
  /** The findings by control. */
  readonly findings: ReadonlyMap<string, Readonly<Record<Result, number>>>;
  readonly nodes: Readonly<Record<Result | 'skipped', number>>;
}

/** What the sweeper reports of itself. */
export interface SweepMetrics {
  readonly ended: (end: SweepEnd, seconds: number, at: Date) => void;
  /** The counts of the last complete sweep; undefined where this process does not lead, and another one's count. */
  readonly counts: (counts: SweepCounts | undefined) => void;
  readonly evidenceFailed: (evidence: string, reason: string) => void;
  readonly reportWritten: (result: 'written' | 'unchanged' | 'removed' | 'failed') => void;
  readonly leads: (leads: boolean) => void;
}

/** Makes the metrics of the sweeper. Evidence and reasons are from closed sets of ours. */
export function sweepMetrics(registers: Registry[]): SweepMetrics {
  const duration = new Histogram({
    name: 'kubelet_guard_sweep_duration_seconds',
    help: 'Time of a sweep, by whether it saw everything.',
    labelNames: ['result'],
    buckets: [0.1, 0.5, 1, 5, 15, 60, 120, 300, 600, 1800],
    registers,
  });
  const lastRun = new Gauge({
    name: 'kubelet_guard_sweep_last_run_timestamp_seconds',
    help: 'When the last sweep of this process ended, however it ended.',
    registers,
  });
  const lastSuccess = new Gauge({
    name: 'kubelet_guard_sweep_last_success_timestamp_seconds',
    help: 'When the last sweep of this process ended that saw everything.',
    registers,
  });
  const findings = new Gauge({
    name: 'kubelet_guard_findings',
    help: 'Findings of the last complete sweep; only of the replica that leads.',
    labelNames: ['control', 'result'],
    registers,
  });
  const nodes = new Gauge({
    name: 'kubelet_guard_sweep_nodes',
    help: 'Nodes of the last complete sweep by their worst result; skipped ones say that they are virtual and did not answer.',
    labelNames: ['result'],
    registers,
  });
  const failures = new Counter({
    name: 'kubelet_guard_evidence_errors_total',
    help: 'Processes that were asked and did not tell, by how they were asked and why.',
    labelNames: ['evidence', 'reason'],
    registers,
  });
  const writes = new Counter({
    name: 'kubelet_guard_report_writes_total',
    help: 'Reports that were to be written.',
    labelNames: ['result'],
    registers,
  });
  const leader = new Gauge({
    name: 'kubelet_guard_leader',
    help: 'Whether this replica sweeps: 1, or 0.',
    registers,
  });
  // there from the start, so that an alert can ask for an increase
  for (const result of ['written', 'unchanged', 'removed', 'failed']) writes.inc({ result }, 0);
  leader.set(0);
  return {
    ended: (end, seconds, at) => {
      duration.observe({ result: end }, seconds);
      lastRun.set(at.getTime() / 1000);
      if (end === 'complete') lastSuccess.set(at.getTime() / 1000);
    },
    counts: (counts) => {
      findings.reset();
      nodes.reset();
      if (counts === undefined) return;
      for (const [control, results] of counts.findings) {
        for (const [result, count] of Object.entries(results)) findings.set({ control, result }, count);
      }
      for (const result of ['pass', 'fail', 'unknown', 'skipped'] as const) nodes.set({ result }, counts.nodes[result]);
    },
    evidenceFailed: (evidence, reason) => {
      failures.inc({ evidence, reason });
    },
    reportWritten: (result) => {
      writes.inc({ result });
    },
    leads: (leads) => {
      leader.set(leads ? 1 : 0);
    },
  };
}
