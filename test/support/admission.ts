import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { Writable } from 'node:stream';

import { createApp } from '../../src/webhook/http/app.ts';
import { BODY_MEMORY_BYTES } from '../../src/webhook/http/body.ts';
import { createReviewer } from '../../src/webhook/reviewer.ts';
import { createDecideUnchecked, type Validate } from '../../src/webhook/validator.ts';
import { BodyMemory } from '../../src/webhook/http/body-memory.ts';
import { createDecisions, type Decisions } from '../../src/webhook/http/decisions.ts';
import type { DecisionPolicy } from '../../src/policy/finding.ts';
import { ofTheLink } from './controls.ts';
import { RESOURCE_NAMES } from '../../src/webhook/resources.ts';
import { decodeReview, type AdmissionRequest } from '../../src/webhook/admission-review.ts';
import { createLog, type Log } from '../../src/runtime/log.ts';
import { createMetrics, type Metrics } from '../../src/runtime/metrics/metrics.ts';

/** A stream that keeps what is written to it. */
export class Lines extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  get entries(): Record<string, unknown>[] {
    return this.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

interface Webhook {
  readonly app: RequestListener;
  readonly metrics: Metrics;
  readonly lines: Lines;
  readonly log: Log;
  readonly decisions: Decisions;
}

/** The webhook with the test's own validator. */
export function webhookWith(
  validate: Validate,
  onUnknown: DecisionPolicy['onUnknown'] = 'deny',
  bodyMemory = new BodyMemory(BODY_MEMORY_BYTES),
): Webhook {
  const lines = new Lines();
  const log = createLog('debug', lines);
  const metrics = createMetrics('1.2.3', RESOURCE_NAMES);
  const policy = { action: () => 'enforce' as const, onUnknown, exemptions: [] };
  const decideUnchecked = createDecideUnchecked(
    () => ({ controls: ofTheLink, policy, namespaces: new Set() }),
    () => new Date(0),
  );
  const decisions = createDecisions({ log, now: () => new Date(0), changed: () => undefined });
  const app = createApp({
    reviewer: createReviewer({ validate, decideUnchecked }),
    bodyMemory,
    metrics: metrics.admission,
    log,
    decisions,
    clock: () => 0,
  });
  return { app, metrics, lines, log, decisions };
}

/** A ConfigMap with nothing to check. */
export const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kubelet-config' } };

/** A review as an API server sends it, with parts of its request replaced. */
export function review(request: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'uid-1',
      kind: { group: '', version: 'v1', kind: 'ConfigMap' },
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      namespace: 'kube-system',
      name: 'kubelet-config',
      operation: 'CREATE',
      object: CONFIG_MAP,
      oldObject: null,
      dryRun: false,
      ...request,
    },
  };
}

/** The request of a review, decoded. */
export function requestOf(body: unknown): AdmissionRequest {
  const decoded = decodeReview(typeof body === 'string' ? body : JSON.stringify(body));
  if ('reason' in decoded) throw new Error(decoded.reason);
  return decoded.request;
}

/** The folder of the reviews that a real API server sent. */
export const recordedReviews = join(import.meta.dirname, '../fixtures/admission-reviews');

/** A recorded review, by its number. */
export function recorded(file: string): string {
  return readFileSync(join(recordedReviews, file), 'utf8');
}
