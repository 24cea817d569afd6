// The Prometheus metrics of the sweeper.

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** The result of a sweep: it read everything, it could not read everything, or it failed. */
export type SweepEnd = 'complete' | 'partial' | 'failed';

/** The results that findings and nodes are counted by. A finding that is exempt and does not pass counts as nothing else. */
type Result = 'pass' | 'fail' | 'unknown' | 'exempt';

/** The number of findings of each result. */
export type FindingCounts = Readonly<Record<Result, number>>;

/** The counts of a complete sweep. */
export interface SweepCounts {
  /** The findings, by the slug of the control and by vantage: whether a process or only a document shows them. */
  readonly findings: ReadonlyMap<string, ReadonlyMap<string, FindingCounts>>;
  readonly nodes: Readonly<Record<Result | 'skipped', number>>;
}

/** The metrics of the sweeper. */
export interface SweepMetrics {
  readonly ended: (end: SweepEnd, seconds: number, at: Date) => void;
  /** Sets the counts of the last complete sweep. Undefined removes them: another replica is the leader and has them. */
  readonly counts: (counts: SweepCounts | undefined) => void;
  readonly evidenceFailed: (evidence: string, reason: string) => void;
  readonly reportWritten: (result: 'written' | 'unchanged' | 'removed' | 'failed') => void;
  readonly leads: (leads: boolean) => void;
}

/** Makes the metrics of the sweeper. The values of all labels are constants of the program. */
export function sweepMetrics(registers: Registry[]): SweepMetrics {
  const { duration, lastRun, lastSuccess } = runMetrics(registers);
  const { findings, nodes } = countMetrics(registers);
  const failures = new Counter({
    name: 'kubelet_guard_evidence_errors_total',
    help: 'Kubelets and API servers that did not answer, by evidence and reason.',
    labelNames: ['evidence', 'reason'],
    registers,
  });
  const writes = new Counter({
    name: 'kubelet_guard_report_writes_total',
    help: 'Writes of reports, by result.',
    labelNames: ['result'],
    registers,
  });
  const leader = new Gauge({
    name: 'kubelet_guard_leader',
    help: '1 if this replica is the leader, which sweeps; otherwise 0.',
    registers,
  });
  // present from the start, so that an alert can use increase()
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
      for (const [control, vantages] of counts.findings) {
        for (const [vantage, results] of vantages) {
          for (const [result, count] of Object.entries(results)) findings.set({ control, result, vantage }, count);
        }
      }
      for (const result of ['pass', 'fail', 'unknown', 'exempt', 'skipped'] as const)
        nodes.set({ result }, counts.nodes[result]);
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

/** How long sweeps take, and when the last ones ended. */
function runMetrics(registers: Registry[]) {
  const duration = new Histogram({
    name: 'kubelet_guard_sweep_duration_seconds',
    help: 'Duration of sweeps, by result: complete, partial or failed.',
    labelNames: ['result'],
    buckets: [0.1, 0.5, 1, 5, 15, 60, 120, 300, 600, 1800],
    registers,
  });
  const lastRun = new Gauge({
    name: 'kubelet_guard_sweep_last_run_timestamp_seconds',
    help: 'Time at which the last sweep of this process ended, with any result.',
    registers,
  });
  const lastSuccess = new Gauge({
    name: 'kubelet_guard_sweep_last_success_timestamp_seconds',
    help: 'Time at which the last complete sweep of this process ended.',
    registers,
  });
  return { duration, lastRun, lastSuccess };
}

/** The counts of the last complete sweep. */
function countMetrics(registers: Registry[]) {
  const findings = new Gauge({
    name: 'kubelet_guard_findings',
    help: 'Findings of the last complete sweep, by control and result: pass, fail, unknown or exempt. Only the leader has them.',
    labelNames: ['control', 'result', 'vantage'],
    registers,
  });
  const nodes = new Gauge({
    name: 'kubelet_guard_sweep_nodes',
    help: 'Nodes of the last complete sweep, by their worst result: pass, fail, unknown, exempt, or skipped for a virtual node that did not answer.',
    labelNames: ['result'],
    registers,
  });
  return { findings, nodes };
}
