import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join, relative } from 'node:path';
import type { Writable } from 'node:stream';

import { inspect } from '../../inspect.ts';
import type { Control } from '../../policy/control.ts';
import type { Finding } from '../../policy/finding.ts';
import type { SourceProblem } from '../../policy/reading.ts';
import { renderJson, reportRun } from '../../outputs/guard-report.ts';
import { escapeForTerminal } from '../../outputs/printable.ts';
import { renderText } from '../../outputs/text.ts';
import type { Address } from '../../runtime/listener.ts';
import type { Log } from '../../runtime/log.ts';
import { StartError } from '../../runtime/start-error.ts';
import { readPaths } from '../../evidence/files.ts';
import { CHECK } from '../allowances.ts';

/** What the sample cluster looks like to the controls. */
export interface Sample {
  readonly json: string;
  readonly text: string;
}

/** What the demo shows, and where. */
interface Stage {
  readonly samples: Samples;
  readonly sample: Sample;
  readonly webhook: Address;
  readonly local: string;
  readonly log: Log;
  readonly stdout: Writable;
}

/** Where the demo keeps its certificates: in the current folder. */
export const certificateFolder = 'certs';

/** The samples, and where they are. */
export interface Samples {
  readonly cluster: string;
  /** A configuration with which both controls refuse. */
  readonly configuration: string;
  readonly reviews: readonly { readonly file: string; readonly what: string }[];
}

/** The samples of a package, whose folder is given. */
export function samplesOf(root: string): Samples {
  // relative, because that is shorter to read and to copy
  const folder = relative('', join(root, 'samples'));
  return {
    cluster: join(folder, 'cluster'),
    configuration: join(folder, 'guard-configuration.yaml'),
    reviews: [
      { file: join(folder, 'reviews/good.json'), what: 'A kube-apiserver that has both flags' },
      { file: join(folder, 'reviews/bad.json'), what: 'A kubelet-config without a client CA file' },
    ],
  };
}

/**
 * Refuses flags that the demo cannot keep its promises with: the certificates that it makes are for this machine.
 *
 * @param ownCertificate whether the user passed one
 */
export function assertDemonstrable(listenOn: Address, ownCertificate: boolean): void {
  if (ownCertificate)
    throw new StartError('usage', '--demo makes its own certificate: leave out --tls-cert-file and --tls-secret');
  if (['localhost', '127.0.0.1', '::1', '0.0.0.0', '::', ''].includes(listenOn.host)) return;
  throw new StartError('usage', `--demo is for this machine: use --listen 127.0.0.1:${listenOn.port}`);
}

/** Judges the sample cluster, as `check` would. */
export async function judgeSamples(samples: Samples, controls: readonly Control[], now: () => Date): Promise<Sample> {
  const startedAt = now().toISOString();
  const findings: Finding[] = [];
  const problems: SourceProblem[] = [];
  for await (const document of readPaths([samples.cluster], noInput)) {
    if ('problem' in document) {
      problems.push(document);
      continue;
    }
    const inspection = inspect(controls, [document], CHECK);
    findings.push(...inspection.findings);
    problems.push(...inspection.problems);
  }
  const run = { id: randomUUID(), entrance: 'serve', startedAt, finishedAt: now().toISOString() } as const;
  const report = reportRun(run, { findings, problems });
  return { json: renderJson(report), text: renderText(report, { color: false, quiet: false }) };
}

async function* noInput(): AsyncGenerator<Uint8Array> {
  // the samples are files
}

/** Prints what there is to see: the report, the addresses, and two reviews with the answers that they really get. */
export async function present({ samples, sample, webhook, local, log, stdout }: Stage): Promise<void> {
  const url = `https://localhost:${webhook.port}/validate`;
  const caFile = join(certificateFolder, 'ca.crt');
  const lines = [
    `The sample cluster in ${samples.cluster}:`,
    '',
    sample.text,
    `Webhook   ${url}`,
    ...['/livez', '/readyz', '/metrics', '/api/v1/report'].map((path) => `Local     ${local}${path}`),
  ];
  // the answers below say all that the log would
  const { level } = log;
  log.level = 'silent';
  for (const { file, what } of samples.reviews) {
    const answer = await post(url, readSample(file), readSample(caFile));
    const command = `curl -sS --cacert ${caFile} -H 'content-type: application/json' --data-binary @${file} ${url}`;
    lines.push('', `${what}:`, '', `  ${command}`, '', indent(JSON.stringify(JSON.parse(answer), null, 2)));
  }
  log.level = level;
  lines.push('', 'Ctrl-C ends it.', '');
  stdout.write(escapeForTerminal(lines.join('\n')));
}

function readSample(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const fault = `cannot read ${file}, which the demo needs: reinstall kubelet-guard`;
    throw new StartError('samples', fault, { cause });
  }
}

function post(url: string, body: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(url, { method: 'POST', ca, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve(Buffer.concat(chunks).toString());
      });
      response.on('error', reject);
    });
    outgoing.on('error', reject).end(body);
  });
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
