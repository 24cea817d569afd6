import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import { sweepMetrics, type SweepMetrics } from './sweep.ts';

/** How a call to the webhook ended: the verdicts, a body that is no review, a bug of ours. */
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

/** What the webhook reports of its calls. */
export interface AdmissionMetrics {
  readonly began: () => void;
  readonly ended: () => void;
  readonly answered: (call: AdmissionCall) => void;
}

/** What is reported of the configuration. */
export interface ConfigurationMetrics {
  readonly reloaded: (result: 'success' | 'failure') => void;
  /** Hands over what counts the exemptions, at each scrape, because days pass. */
  readonly countExemptions: (count: () => ExemptionCount) => void;
}

/** How many exemptions apply, and how many no longer do. */
export interface ExemptionCount {
  readonly active: number;
  readonly expired: number;
}

/** What is reported of the serving certificate. */
export interface CertificateMetrics {
  readonly expires: (at: Date) => void;
  readonly reloaded: (result: 'success' | 'failure') => void;
}

/** All metrics of the process, in a registry of their own. */
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
 * Makes the metrics of DESIGN.md, section 9, as far as this process has them.
 *
 * @param version of the program
 * @param resources that get a label value of their own; every other one is `other`, so that clients cannot make series
 */
export function createMetrics(version: string, resources: readonly string[]): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  const build = new Gauge({
    name: 'kubelet_guard_build_info',
    help: 'The version that runs; always 1.',
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
    help: 'When the serving certificate expires.',
    registers,
  });
  const reloads = new Counter({
    name: 'kubelet_guard_certificate_reloads_total',
    help: 'Changes of certificates, by result. A failure: the files are not valid, or the Secret or the ValidatingWebhookConfiguration cannot be kept up to date.',
    labelNames: ['result'],
    registers,
  });
  // there from the start, so that an alert can ask for an increase
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
    help: 'Changes of the configuration file that were taken, or refused.',
    labelNames: ['result'],
    registers,
  });
  // there from the start, so that an alert can ask for an increase
  for (const result of ['success', 'failure']) reloads.inc({ result }, 0);
  return {
    reloaded: (result) => {
      reloads.inc({ result });
    },
    countExemptions: (count) => {
      countExemptions(registers, count);
    },
  };
}

function countExemptions(registers: Registry[], count: () => ExemptionCount): void {
  new Gauge({
    name: 'kubelet_guard_exemptions',
    help: 'Exemptions of the configuration in force, by whether they still apply.',
    labelNames: ['state'],
    registers,
    collect() {
      const { active, expired } = count();
      this.set({ state: 'active' }, active);
      this.set({ state: 'expired' }, expired);
    },
  });
}

/** So many calls are counted at once. To count one by one costs several times as much, for it runs cold each time. */
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
    help: 'Calls to the webhook that are not answered yet.',
    registers,
    collect() {
      this.set(inFlight);
    },
  });
  const requests = new Counter({
    name: 'kubelet_guard_admission_requests_total',
    help: 'Calls to the webhook.',
    labelNames: ['resource', 'operation', 'decision', 'dry_run'],
    registers,
    collect: count,
  });
  const duration = new Histogram({
    name: 'kubelet_guard_admission_duration_seconds',
    help: 'Time from the head of a call to its answer, the reading of the body included.',
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
