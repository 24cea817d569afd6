import { readFileSync } from 'node:fs';
import { request, type Agent } from 'node:https';
import { Writable } from 'node:stream';

import { controls } from '../../src/controls/index.ts';
import { createApp } from '../../src/webhook/http/app.ts';
import { ADMISSION_AT_ONCE } from '../../src/commands/allowances.ts';
import { BODY_MEMORY_BYTES } from '../../src/webhook/http/body.ts';
import { createReviewer } from '../../src/webhook/reviewer.ts';
import { createDecideUnchecked, createValidator, type Validate } from '../../src/webhook/validator.ts';
import { RESOURCE_NAMES } from '../../src/webhook/resources.ts';
import { createObjectCache } from '../../src/webhook/object-cache.ts';
import { BodyMemory } from '../../src/webhook/http/body-memory.ts';
import { createDecisions } from '../../src/webhook/http/decisions.ts';
import { admissionControls, readConfiguration } from '../../src/runtime/configuration/configuration.ts';
import { createLog } from '../../src/runtime/log.ts';
import { createMetrics } from '../../src/runtime/metrics/metrics.ts';

const fixture = '../../test/fixtures/admission-reviews/001-CREATE-pods-kube-apiserver-node-1-system_node_node-1.json';

/** The address of a webhook. */
export interface Client {
  readonly port: number;
  readonly agent: Agent;
}

/** The review of a mirror pod, as a real API server sent it. */
export function readReview(): string {
  return JSON.stringify(JSON.parse(readFileSync(new URL(fixture, import.meta.url), 'utf8')));
}

/**
 * The webhook with the default configuration, without a cluster, and without the worker thread for long reviews: the review
 * is short.
 *
 * @param own replaces the validator
 */
export function guard(own?: Validate): ReturnType<typeof createApp> {
  const configuration = readConfiguration(undefined, controls);
  const rules = { ...configuration, controls: admissionControls(controls, configuration) };
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const validate =
    own ??
    createValidator({
      configuration: () => rules,
      allowance: ADMISSION_AT_ONCE,
      cache: createObjectCache(() => new Date(0)),
      stored: () => [],
      now: () => new Date(),
    });
  const decideUnchecked = createDecideUnchecked(
    () => rules,
    () => new Date(),
  );
  const log = createLog('info', nowhere);
  return createApp({
    reviewer: createReviewer({ validate, decideUnchecked }),
    bodyMemory: new BodyMemory(BODY_MEMORY_BYTES),
    metrics: createMetrics('0.0.0', RESOURCE_NAMES).admission,
    log,
    decisions: createDecisions({ log, now: () => new Date(), changed: () => undefined }),
    clock: () => performance.now(),
  });
}

/** Sends a review and waits for the whole answer. */
export function post({ port, agent }: Client, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const options = { host: '127.0.0.1', port, path: '/validate?timeout=2s', method: 'POST', agent, headers };
    const outgoing = request(options, (response) => {
      if (response.statusCode !== 200) reject(new Error(`status ${String(response.statusCode)}`));
      response.resume().on('end', resolve);
    });
    outgoing.on('error', reject).end(body);
  });
}
