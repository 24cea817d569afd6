// The Prometheus metrics of the process.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import { processMetrics } from './process.ts';
import { sweepMetrics, type SweepMetrics } from './sweep.ts';

/** The result of a call to the webhook: a verdict, a body that is no review, or a bug. */
export const decisionLabels = ['allow', 'warn', 'deny', 'skip', 'malformed', 'error'] as const;

export type DecisionLabel = (typeof decisionLabels)[number];

/** One call to the webhook. */
export interface AdmissionCall {
  readonly resource: string;
  readonly operation: string;
  readonly dryRun: boolean;
  readonly decision: DecisionLabel;
  readonly seconds: number;
}

/** The metrics of the webhook. */
export interface AdmissionMetrics {
  readonly began: () => void;
  readonly ended: () => void;
  readonly answered: (call: AdmissionCall) => void;
}

/** The metrics of the configuration. */
export interface ConfigurationMetrics {
  readonly reloaded: (result: 'success' | 'failure') => void;
  /** Sets the function that counts the exemptions at each scrape, because exemptions expire. */
  readonly countExemptions: (count: () => ExemptionCount) => void;
}

/** The number of exemptions that apply, and of those that have expired. */
export interface ExemptionCount {
  readonly active: number;
  readonly expired: number;
}

/** The metrics of the serving certificate. */
export interface CertificateMetrics {
  readonly expires: (at: Date) => void;
  readonly reloaded: (result: 'success' | 'failure') => void;
}

/** All metrics of the process. */
export interface Metrics {
  readonly admission: AdmissionMetrics;
  readonly certificates: CertificateMetrics;
  readonly configuration: ConfigurationMetrics;
  readonly sweep: SweepMetrics;
  readonly contentType: string;
  readonly text: () => Promise<string>;
}

const OPERATIONS: ReadonlySet<string> = new Set(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']);

/**
 * Makes the metrics.
 *
 * @param version the version of the program
 * @param resources the values of the label `resource`; any other resource is `other`, so that clients cannot create series
 */
export function createMetrics(version: string, resources: readonly string[]): Metrics {
  const registry = new Registry();
  const registers = [registry];
  processMetrics(registers);

  const build = new Gauge({
    name: 'kubelet_guard_build_info',
    help: 'The version of the program; always 1.',
    labelNames: ['version'],
    registers,
  });
  build.set({ version }, 1);

  return {
    admission: admissionMetrics(registers, new Set(resources)),
    certificates: certificateMetrics(registers),
    configuration: configurationMetrics(registers),
    sweep: sweepMetrics(registers),
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}

function certificateMetrics(registers: Registry[]): CertificateMetrics {
  const expiry = new Gauge({
    name: 'kubelet_guard_certificate_expiry_timestamp_seconds',
    help: 'Time at which the serving certificate expires.',
    registers,
  });
  const reloads = new Counter({
    name: 'kubelet_guard_certificate_reloads_total',
    help: 'Certificate reloads, by result. A failure is an invalid file, or a Secret or ValidatingWebhookConfiguration that could not be updated.',
    labelNames: ['result'],
    registers,
  });
  // present from the start, so that an alert can use increase()
  for (const result of ['success', 'failure']) reloads.inc({ result }, 0);
  return {
    expires: (at) => {
      expiry.set(at.getTime() / 1000);
    },
    reloaded: (result) => {
      reloads.inc({ result });
    },
  };
}

function configurationMetrics(registers: Registry[]): ConfigurationMetrics {
  const reloads = new Counter({
    name: 'kubelet_guard_config_reloads_total',
    help: 'Reloads of the configuration file, by result. After a failure the previous configuration stays in use.',
    labelNames: ['result'],
    registers,
  });
  const last = new Gauge({
    name: 'kubelet_guard_config_last_reload_successful',
    help: '1 if the configuration file is in use; 0 if its last version was rejected.',
    registers,
  });
  // present from the start, so that an alert can use increase()
  for (const result of ['success', 'failure']) reloads.inc({ result }, 0);
  last.set(1);
  return {
    reloaded: (result) => {
      reloads.inc({ result });
      last.set(result === 'success' ? 1 : 0);
    },
    countExemptions: (count) => {
      countExemptions(registers, count);
    },
  };
}

function countExemptions(registers: Registry[], count: () => ExemptionCount): void {
  new Gauge({
    name: 'kubelet_guard_exemptions',
    help: 'Exemptions in the current configuration, by state: active or expired.',
    labelNames: ['state'],
    registers,
    collect() {
      const { active, expired } = count();
      this.set({ state: 'active' }, active);
      this.set({ state: 'expired' }, expired);
    },
  });
}

/** The number of calls that are counted together. To count them one by one takes several times as long, in cold code. */
const AT_ONCE = 64;

function admissionMetrics(registers: Registry[], resources: ReadonlySet<string>): AdmissionMetrics {
  let inFlight = 0;
  const calls: AdmissionCall[] = [];
  const count = (): void => {
    for (const { resource, operation, dryRun, decision, seconds } of calls.splice(0)) {
      requests.inc({
        resource: resources.has(resource) ? resource : 'other',
        operation: OPERATIONS.has(operation) ? operation : 'other',
        decision,
        dry_run: dryRun ? 'true' : 'false',
      });
      duration.observe({ decision }, seconds);
    }
  };
  new Gauge({
    name: 'kubelet_guard_admission_requests_in_flight',
    help: 'Calls to the webhook that are being answered.',
    registers,
    collect() {
      this.set(inFlight);
    },
  });
  const requests = new Counter({
    name: 'kubelet_guard_admission_requests_total',
    help: 'Calls to the webhook, by resource, operation, decision and dry run.',
    labelNames: ['resource', 'operation', 'decision', 'dry_run'],
    registers,
    collect: count,
  });
  const duration = new Histogram({
    name: 'kubelet_guard_admission_duration_seconds',
    help: 'Time to answer a call, from its HTTP header on. It includes reading the body.',
    labelNames: ['decision'],
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 2],
    registers,
    collect: count,
  });
  return {
    began: () => {
      inFlight += 1;
    },
    ended: () => {
      inFlight -= 1;
    },
    answered: (call) => {
      calls.push(call);
      if (calls.length >= AT_ONCE) count();
    },
  };
}
