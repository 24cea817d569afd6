// What the demo prints: the address of the page, the report, and two reviews with the answers of the running webhook.

import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { Writable } from 'node:stream';

import type { GuardReport } from '../../../outputs/guard-report.ts';
import { escapeForTerminal } from '../../../outputs/printable.ts';
import { renderText } from '../../../outputs/text/text.ts';
import type { Address } from '../../../runtime/listener.ts';
import type { Log } from '../../../runtime/log.ts';
import { StartError } from '../../../runtime/start-error.ts';

/** The demo while its ports listen. */
export interface RunningDemo {
  readonly webhook: Address;
  /** The URL of the local port. */
  readonly local: string;
  readonly log: Log;
  readonly stdout: Writable;
}

/** What is shown. */
export interface Shown {
  /** The folder of the sample cluster. */
  readonly folder: string;
  readonly report: GuardReport;
  readonly certificateFolder: string;
  readonly reviews: readonly { readonly file: string; readonly title: string }[];
}

/** Prints it. */
export async function present(
  { folder, report, certificateFolder, reviews }: Shown,
  { webhook, local, log, stdout }: RunningDemo,
): Promise<void> {
  // the first line, before what may scroll away
  stdout.write(`Page      ${local}/\n\n`);
  const url = `https://localhost:${webhook.port}/validate`;
  const caFile = join(certificateFolder, 'ca.crt');
  const lines = [
    `The sample cluster in ${folder}; change a file, and the page follows:`,
    '',
    renderText(report, { color: false, quiet: false }),
    `Webhook   ${url}`,
    ...['/livez', '/readyz', '/metrics', '/api/v1/report'].map((path) => `Local     ${local}${path}`),
  ];
  // the answers below show everything that the log would
  const { level } = log;
  log.level = 'silent';
  for (const { file, title } of reviews) {
    const answer = await post(url, readSample(file), readSample(caFile));
    const command = `curl -sS --cacert ${caFile} -H 'content-type: application/json' --data-binary @${file} ${url}`;
    lines.push('', `${title}:`, '', `  ${command}`, '', indent(JSON.stringify(JSON.parse(answer), null, 2)));
  }
  log.level = level;
  lines.push('', 'Press Ctrl-C to stop.', '');
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
