// Stores some of the oracle's answers, so that `npm test` can check them without the oracle: RECORD_ORACLE=1.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Answer, Query } from '../../support/oracle.ts';

const FOLDER = join(import.meta.dirname, '../../fixtures/oracle');
const MAX_BYTES = 200_000;
const MAX_LINE = 1_500;
/** Answers without an error are divided into this many groups, by their query. */
const BUCKETS = 400;

/** Some queries and answers: a few for each cause. */
export class Recorder {
  readonly #kept = new Map<string, string[]>();
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  add(query: Query, answer: Answer): void {
    const line = JSON.stringify({ query, answer: essential(answer) });
    if (line.length > MAX_LINE) return;
    const cause = answer.parses ? String(hash(JSON.stringify(query)) % BUCKETS) : causeOf(answer);
    const kept = this.#kept.get(cause) ?? [];
    this.#kept.set(cause, kept);
    if (kept.length < 12) kept.push(line);
  }

  /** Writes the first of every cause, then the second of every cause, as long as there is room. */
  write(): void {
    const lines: string[] = [];
    let room = MAX_BYTES;
    for (let round = 0; round < 12; round += 1) {
      for (const kept of this.#kept.values()) {
        const line = kept[round];
        if (line === undefined || room < line.length) continue;
        lines.push(line);
        room -= Buffer.byteLength(line) + 1;
      }
    }
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(join(FOLDER, `${this.#name}.jsonl`), lines.map((line) => `${line}\n`).join(''));
  }
}

function essential({ parses, error, containers, ...values }: Answer): Answer {
  const { kubeletClientCertificate, kubeletClientKey, kubeletCertificateAuthority, died } = values;
  const { clientCAFile, anonymousEnabled, authorizationMode } = values;
  return {
    parses,
    ...(error !== undefined && { error: error.slice(0, 120) }),
    ...(containers && { containers }),
    ...(kubeletClientCertificate && { kubeletClientCertificate }),
    ...(kubeletClientKey && { kubeletClientKey }),
    ...(kubeletCertificateAuthority && { kubeletCertificateAuthority }),
    ...(clientCAFile && { clientCAFile }),
    ...(anonymousEnabled && { anonymousEnabled }),
    ...(authorizationMode && { authorizationMode }),
    ...(died && { died }),
  };
}

function causeOf({ error = 'died' }: Answer): string {
  return error.slice(0, 200).replace(/"(?:[^"\\]|\\.)*"|'[^]*'|line \d+|\/\S*/g, '');
}

function hash(text: string): number {
  let value = 0;
  for (let index = 0; index < text.length; index += 1) value = (Math.imul(value, 31) + text.charCodeAt(index)) >>> 0;
  return value;
}
