import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { request, type Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { Authority } from './pki.ts';
import { productCommand } from './product.ts';

const ENFORCE = join(import.meta.dirname, '../../../manifests/components/enforce/guard.yaml');
/** Linux counts processor time in these units on every architecture. */
const TICKS_PER_SECOND = 100;

/** An answer and its duration. */
export interface Answer {
  readonly status: number | undefined;
  readonly text: string;
  readonly milliseconds: number;
}

/** The built webhook in its own process, with the configuration of the enforce overlay. */
export class WebhookProcess {
  readonly authority = new Authority('webhook-ca');
  readonly authorityFile: string;
  readonly #child: ChildProcess;
  #port = 0;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'hostile-'));
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    this.authorityFile = write('ca.crt', this.authority.certificate);
    const pair = this.authority.issue({ name: 'guard', addresses: ['127.0.0.1'] });
    const options = [
      ...['--only', 'webhook', '--listen', '127.0.0.1:0', '--local-listen', '127.0.0.1:0', '--config', ENFORCE],
      ...['--tls-cert-file', write('tls.crt', pair.certificate), '--tls-private-key-file', write('tls.key', pair.key)],
    ];
    const [program = '', ...words] = productCommand('serve', ...options);
    this.#child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  /** Resolves when the webhook listens. */
  async ready(): Promise<void> {
    if (this.#child.stdout === null) throw new Error('no output');
    const lines = createInterface({ input: this.#child.stdout });
    this.#port = await new Promise<number>((resolve, reject) => {
      this.#child.once('exit', () => {
        reject(new Error('the webhook ended'));
      });
      lines.on('line', (line) => {
        const { webhook } = JSON.parse(line) as { webhook?: string };
        if (webhook !== undefined) resolve(Number(new URL(webhook).port));
      });
    });
  }

  get port(): number {
    return this.#port;
  }

  async end(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** Its peak memory in bytes. */
  mostMemory(): number {
    const status = readFileSync(`/proc/${String(this.#child.pid)}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }

  /** The processor time of all its threads, in milliseconds. */
  processorTime(): number {
    const stat = readFileSync(`/proc/${String(this.#child.pid)}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
  }

  /** Sends a review, over a new connection if there is no agent. */
  post(body: string | Buffer, agent: Agent | false = false): Promise<Answer> {
    const began = performance.now();
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const options = { host: '127.0.0.1', port: this.#port, path: '/validate?timeout=2s', method: 'POST', headers };
      const outgoing = request({ ...options, ca: this.authority.certificate, agent }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.once('end', () => {
          resolve({ status: response.statusCode, text, milliseconds: performance.now() - began });
        });
      });
      outgoing.once('error', reject).end(body);
    });
  }
}
